"""Counts of a convolution with some columns: those of conv.py, with n columns in the place of kh kw channels."""

from __future__ import annotations

from typing import Any

from . import Count, Counts, size_in_bytes
from .conv import count_entries

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
    return count_entries(dw, count, sums, dx, picked, w, begin, corner, inside)


def spread(dx: Any, picked: Any, columns: Any) -> Count:
    """One operation for each entry that has a place, as picking counts them."""
    return Count("dx", picked.size, size_in_bytes(dx, picked, columns))
