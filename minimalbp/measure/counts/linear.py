"""Counts of the linear layer: the forward product, and the backward products for each kind of choice."""

from __future__ import annotations

from typing import Any

from . import Count, size_in_bytes

__all__ = [
    "chain", "db_all", "db_chosen", "dw_all", "dw_chosen", "dx_all", "dx_chosen", "dx_rows", "forward",
    "pick_chosen", "pick_rows",
]  # fmt: skip


def forward(y: Any, x: Any, w: Any, b: Any) -> Count:
    return Count("forward", len(x) * w.size, size_in_bytes(y, x, w, b))


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
    pairs, n_in = example.size, x.shape[1]
    return Count("dw", pairs * n_in, size_in_bytes(dw, value, start, example) + pairs * n_in * x.itemsize)


def dx_all(dx: Any, dy: Any, w: Any) -> Count:
    return Count("dx", len(dy) * w.size, size_in_bytes(dx, dy, w))


def dx_rows(dx: Any, picked: Any, w: Any, rows: Any) -> Count:
    read = len(rows) * w.shape[1]
    return Count("dx", len(dx) * read, size_in_bytes(dx, picked, rows) + read * w.itemsize)


def dx_chosen(dx: Any, picked: Any, w: Any, chosen: Any) -> Count:
    pairs, n_in = chosen.size, w.shape[1]
    return Count("dx", pairs * n_in, size_in_bytes(dx, picked, chosen) + pairs * n_in * w.itemsize)


def db_all(db: Any, dy: Any) -> Count:
    return Count("other", dy.size, size_in_bytes(db, dy))


def db_chosen(db: Any, value: Any, start: Any) -> Count:
    return Count("other", value.size, size_in_bytes(db, value, start))
