"""Counts of convolution on a graph: for each edge a small filter at all positions.

Operations with zeros between the places do not count. Bytes of planes do, with their zeros.
"""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = ["dw", "dx", "forward", "from_planes", "spread", "to_planes"]


def to_planes(xq: Any, x: Any, place: Any) -> Count:
    """A copy: bytes, and no operation."""
    return Count("other", 0, 2 * x.nbytes + place.nbytes)


def from_planes(x: Any, xq: Any, place: Any) -> Count:
    return Count("other", 0, 2 * x.nbytes + place.nbytes)


def forward(
    yq: Any, xq: Any, w: Any, b: Any, tap: Any, start: Any, source: Any, group: Any, member: Any, place: Any,
    total: int,
) -> Count:  # fmt: skip
    tables = size_in_bytes(w, b, tap, start, source, group, member, place)
    return Count("forward", total * w.size, size_in_bytes(yq, xq) + tables)


def dw(
    dw: Any, dyq: Any, xq: Any, tap: Any, start: Any, source: Any, rows: Any, row: Any, group: Any, member: Any,
    place: Any, total: int,
) -> Count:  # fmt: skip
    tables = size_in_bytes(dw, tap, rows, group, member, place) + len(dw) * INDEX + 3 * rows.nbytes
    return Count("dw", total * dw.size, size_in_bytes(dyq, xq) + tables)


def dx(
    dxq: Any, dyq: Any, w: Any, tap: Any, back: Any, target: Any, edge: Any, row: Any, group: Any, member: Any,
    place: Any, total: int,
) -> Count:  # fmt: skip
    """Of the edges whose output has a row."""
    edges = int((row[target] >= 0).sum())
    tables = (
        size_in_bytes(tap, back, target, edge, row, group, member, place) + edges * w.shape[1] * w.itemsize
    )
    return Count("dx", total * edges * w.shape[1], size_in_bytes(dxq, dyq) + tables)


def spread(dy: Any, count: Any, begin: Any, entry: Any, picked: Any) -> Count:
    """One operation for each entry of the lists, as picking counts them."""
    entries = int(begin[-1])
    return Count("dw", entries, size_in_bytes(dy, count, begin) + entries * (INDEX + picked.itemsize))
