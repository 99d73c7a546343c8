"""Counts of convolution: the products of a linear layer whose examples are the windows.

Overlapping windows share their pixels, so that x and dx count once, and not once for each window. A product with a
choice per position reads a row of W, or a window, for each entry of the lists.
"""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = [
    "center", "dw_all", "dw_chosen", "dw_rows", "dx_all", "dx_chosen", "dx_rows", "follow", "forward",
    "list_positions",
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


def dw_chosen(dw: Any, value: Any, xp: Any, corner: Any, start: Any, position: Any) -> Count:
    pairs, width = int(start[-1]), dw.shape[1] * dw.shape[2] * dw.shape[3]
    read = pairs * (value.itemsize + INDEX + width * xp.itemsize)
    return Count("dw", pairs * width, size_in_bytes(dw, start, corner) + read)


def dx_all(dx: Any, dy: Any, w: Any, corner: Any, top: int, left: int) -> Count:
    return Count("dx", len(dy) * len(corner) * w.size, size_in_bytes(dx, dy, w, corner))


def dx_rows(dx: Any, picked: Any, w: Any, corner: Any, rows: Any, top: int, left: int) -> Count:
    return Count("dx", len(rows) * w.size, size_in_bytes(dx, picked, w, corner, rows))


def dx_chosen(dx: Any, value: Any, w: Any, corner: Any, start: Any, unit: Any, top: int, left: int) -> Count:
    pairs, width = int(start[-1]), w[0].size
    read = pairs * (value.itemsize + INDEX + width * w.itemsize)
    return Count("dx", pairs * width, size_in_bytes(dx, start, corner) + read)


def list_positions(
    start: Any, unit: Any, value: Any, begin: Any, entry: Any, picked: Any, filters: int
) -> Count:
    """One operation for each entry of the choice; what is kept of them is written."""
    entries, kept = int(begin[-1]), int(start[-1])
    moved = (entries + kept) * (value.itemsize + INDEX)
    return Count("select", entries, size_in_bytes(start, begin) + moved)


def follow(mean: Any, x: Any, rate: float) -> Count:
    return Count("dw", x.size, size_in_bytes(x) + 2 * mean.nbytes)


def center(dw: Any, mean: Any, sums: Any) -> Count:
    return Count("dw", dw.size, 2 * dw.nbytes + size_in_bytes(mean, sums))
