"""Counts of convolution on a graph: for each edge a small filter at all positions.

Operations with zeros between the places do not count. Bytes of planes do, with their zeros.
"""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = ["dw", "dx", "forward", "spread", "to_planes"]


def to_planes(xq: Any, x: Any, place: Any) -> Count:
    """A copy: bytes, and no operation."""
    return Count("other", 0, 2 * x.nbytes + place.nbytes)


def forward(
    y: Any, xq: Any, x: Any, w: Any, b: Any, tap: Any, start: Any, source: Any, group: Any, member: Any, pixel: Any,
    position: Any,
) -> Count:  # fmt: skip
    """The product. The copy of x into planes is read and written once."""
    tables = size_in_bytes(w, b, tap, start, source, group, member, pixel, position)
    return Count("forward", y.shape[0] * y.shape[1] * w.size, size_in_bytes(y, xq, x, x) + tables)


def dw(
    dw: Any, dyq: Any, xq: Any, tap: Any, start: Any, source: Any, rows: Any, row: Any, group: Any, member: Any,
    position: Any, total: int,
) -> Count:  # fmt: skip
    tables = size_in_bytes(dw, tap, rows, group, member, position) + len(dw) * INDEX + 3 * rows.nbytes
    return Count("dw", total * dw.size, size_in_bytes(dyq, xq) + tables)


def dx(
    dx: Any, dyq: Any, w: Any, tap: Any, back: Any, target: Any, edge: Any, row: Any, group: Any, member: Any,
    pixel: Any, total: int,
) -> Count:  # fmt: skip
    """Of the edges whose output has a row."""
    edges = int((row[target] >= 0).sum())
    tables = (
        size_in_bytes(tap, back, target, edge, row, group, member, pixel) + edges * w.shape[1] * w.itemsize
    )
    return Count("dx", total * edges * w.shape[1], size_in_bytes(dx, dyq) + tables)


def spread(dy: Any, count: Any, begin: Any, entry: Any, picked: Any) -> Count:
    """One operation for each entry of the lists, as picking counts them."""
    entries = int(begin[-1])
    return Count("dw", entries, size_in_bytes(dy, count, begin) + entries * (INDEX + picked.itemsize))
