"""Counts of a convolution with some columns: those of conv.py, with n columns in the place of kh kw channels."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, Counts, size_in_bytes

__all__ = ["backward_chosen", "dw_all", "dx_all", "forward", "spread"]


def forward(y: Any, xp: Any, x: Any, w: Any, b: Any, corner: Any, inside: Any, low: float) -> Count:
    """The product. The copy of x into xp is read and written once."""
    return Count("forward", len(x) * len(corner) * w.size, size_in_bytes(y, xp, x, x, w, b, corner, inside))


def dw_all(dw: Any, dy: Any, xp: Any, corner: Any, inside: Any, top: int) -> Count:
    return Count("dw", len(xp) * len(corner) * dw.size, size_in_bytes(dw, dy, xp, corner, inside))


def dx_all(dx: Any, dy: Any, w: Any, corner: Any, inside: Any, top: int, left: int) -> Count:
    return Count("dx", len(dy) * len(corner) * w.size, size_in_bytes(dx, dy, w, corner, inside))


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
    inside: Any,
    top: int,
    left: int,
) -> Counts:
    """For each entry that is not zero the columns of a window are read for dW, and a filter for dx."""
    pairs, columns = int(count.sum()), w.shape[1]
    lists = int(begin[-1]) * (INDEX + picked.itemsize) + size_in_bytes(begin, corner, inside)
    read = pairs * columns * w.itemsize
    of_dw = Count("dw", pairs * columns, size_in_bytes(dw, count, sums) + lists + read)
    of_dx = Count("dx", pairs * columns, dx.nbytes + lists + read)
    return (of_dw, of_dx) if len(dx) else (of_dw,)


def spread(dx: Any, picked: Any, columns: Any) -> Count:
    """One operation for each entry that has a place, as picking counts them."""
    return Count("dx", picked.size, size_in_bytes(dx, picked, columns))
