"""Counts of convolution: the products of a linear layer whose examples are the windows.

Overlapping windows share their pixels, so that x and dx count once, and not once for each window. With a choice of
entries, a row of W and a window are read for each of them.
"""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, Counts, size_in_bytes

__all__ = [
    "backward_chosen", "center", "dw_all", "dw_rows", "dx_all", "dx_rows", "follow", "forward",
]  # fmt: skip


def forward(y: Any, xp: Any, x: Any, w: Any, b: Any, corner: Any) -> Count:
    """The product. The copy of x into xp is read and written once."""
    return Count("forward", len(x) * len(corner) * w.size, size_in_bytes(y, xp, x, x, w, b, corner))


def dw_all(dw: Any, dy: Any, xp: Any, corner: Any, top: int) -> Count:
    return Count("dw", len(xp) * len(corner) * dw.size, size_in_bytes(dw, dy, xp, corner))


def dw_rows(dw: Any, picked: Any, xp: Any, corner: Any, rows: Any) -> Count:
    """A whole window for each position, since few of them overlap."""
    read = len(rows) * dw[0].size * xp.itemsize
    return Count("dw", len(rows) * dw.size, size_in_bytes(dw, picked, corner, rows) + read)


def dx_all(dx: Any, dy: Any, w: Any, corner: Any, top: int, left: int) -> Count:
    return Count("dx", len(dy) * len(corner) * w.size, size_in_bytes(dx, dy, w, corner))


def dx_rows(dx: Any, picked: Any, w: Any, corner: Any, rows: Any, top: int, left: int) -> Count:
    return Count("dx", len(rows) * w.size, size_in_bytes(dx, picked, w, corner, rows))


def backward_chosen(
    dw: Any,
    count: Any,
    sums: Any,
    dx: Any,
    begin: Any,
    entry: Any,
    picked: Any,
    xp: Any,
    w: Any,
    corner: Any,
    top: int,
    left: int,
) -> Counts:
    return count_entries(dw, count, sums, dx, picked, w, begin, corner)


def count_entries(
    dw: Any, count: Any, sums: Any, dx: Any, picked: Any, w: Any, begin: Any, *indices: Any
) -> Counts:
    """For each entry that is not zero a window, or its kept columns, is read for dW, and a filter for dx."""
    pairs, taps = int(count.sum()), w[0].size
    lists = int(begin[-1]) * (INDEX + picked.itemsize) + size_in_bytes(begin, *indices)
    read = pairs * taps * w.itemsize
    of_dw = Count("dw", pairs * taps, size_in_bytes(dw, count, sums) + lists + read)
    of_dx = Count("dx", pairs * taps, dx.nbytes + lists + read)
    return (of_dw, of_dx) if len(dx) else (of_dw,)


def follow(mean: Any, x: Any, rate: float) -> Count:
    return Count("dw", x.size, size_in_bytes(x) + 2 * mean.nbytes)


def center(dw: Any, mean: Any, sums: Any) -> Count:
    return Count("dw", dw.size, 2 * dw.nbytes + size_in_bytes(mean, sums))
