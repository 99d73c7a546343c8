"""Counts of the linear layer: the forward product, and the backward products for each kind of choice."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = [
    "center", "chain", "db_all", "db_chosen", "dw_all", "dw_chosen", "dx_all", "dx_chosen", "dx_rows", "forward",
    "pick_chosen", "pick_rows",
]  # fmt: skip


def forward(y: Any, x: Any, w: Any, b: Any) -> Count:
    return Count("forward", len(x) * w.size, size_in_bytes(y, x, w, b))


def center(xc: Any, mean: Any, x: Any, rate: float) -> Count:
    """Two operations for each entry: the difference, and its part in the mean."""
    return Count("dw", 2 * x.size, size_in_bytes(xc, x) + 2 * mean.nbytes)


def chain(y: Any, x: Any, weights: Any, layers: Any, work: Any) -> Count:
    """Each layer as its own kernels would count, except for what stays in scratch memory."""
    ops = sum(n_out * (n_in + (f > 0)) for n_in, n_out, f in layers.tolist())
    return Count("forward", len(x) * ops, size_in_bytes(y, x, weights))


def pick_rows(picked: Any, dy: Any, rows: Any) -> Count:
    return Count("dw", picked.size, 2 * picked.nbytes + size_in_bytes(rows))


def pick_chosen(picked: Any, dy: Any, chosen: Any) -> Count:
    return pick_rows(picked, dy, chosen)


def dw_all(dw: Any, dy: Any, x: Any) -> Count:
    return Count("dw", len(dy) * dw.size, size_in_bytes(dw, dy, x))


def dw_chosen(dw: Any, value: Any, x: Any, start: Any, example: Any) -> Count:
    return _lists("dw", dw, value, x, start, example)


def dx_all(dx: Any, dy: Any, w: Any) -> Count:
    return Count("dx", len(dy) * w.size, size_in_bytes(dx, dy, w))


def dx_rows(dx: Any, picked: Any, w: Any, rows: Any) -> Count:
    read = len(rows) * w.shape[1]
    return Count("dx", len(dx) * read, size_in_bytes(dx, picked, rows) + read * w.itemsize)


def dx_chosen(dx: Any, value: Any, w: Any, start: Any, unit: Any) -> Count:
    return _lists("dx", dx, value, w, start, unit)


def db_all(db: Any, dy: Any) -> Count:
    return Count("other", dy.size, size_in_bytes(db, dy))


def db_chosen(db: Any, value: Any, start: Any) -> Count:
    pairs = int(start[-1])
    return Count("other", pairs, size_in_bytes(db, start) + pairs * value.itemsize)


def _lists(phase: str, out: Any, value: Any, a: Any, start: Any, index: Any) -> Count:
    """A row of a for each entry of the lists, even where several lists have the same."""
    pairs, width = int(start[-1]), a.shape[1]
    read = pairs * (value.itemsize + INDEX + width * a.itemsize)
    return Count(phase, pairs * width, size_in_bytes(out, start) + read)
