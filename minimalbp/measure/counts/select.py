"""Counts of selection: the choice itself, its inverse for dW, and the hits that tell how active units are."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = [
    "bottom_k", "count_chosen", "count_rows", "invert", "pack", "positions", "random_k", "score", "signs",
    "systematic", "threshold", "top_k", "top_k_batch",
]  # fmt: skip


def top_k(chosen: Any, dy: Any) -> Count:
    return Count("select", dy.size, size_in_bytes(chosen, dy))


def top_k_batch(start: Any, unit: Any, value: Any, dy: Any, k: int, index: Any, near: Any) -> Count:
    """Scratch memory is not counted, here as elsewhere."""
    return systematic(start, unit, value, dy, None, k)


def bottom_k(start: Any, unit: Any, value: Any, dy: Any, k: int) -> Count:
    return systematic(start, unit, value, dy, None, k)


def random_k(chosen: Any, u: Any, n: int) -> Count:
    return Count("select", chosen.size, size_in_bytes(chosen, u))


def positions(index: Any, energy: Any, g: Any) -> Count:
    """The energy of all entries, then the choice among the positions."""
    return Count("select", g.size + energy.size, size_in_bytes(index, energy, g))


def score(out: Any, dy: Any, kind: int) -> Count:
    return Count("select", dy.size, size_in_bytes(out, dy))


def systematic(start: Any, unit: Any, value: Any, dy: Any, u: Any, k: int) -> Count:
    kept = int(start[-1])
    return Count("select", dy.size, size_in_bytes(start, dy, u) + kept * (INDEX + dy.itemsize))


def threshold(start: Any, unit: Any, value: Any, dy: Any, u: Any, k: int) -> Count:
    return systematic(start, unit, value, dy, u, k)


def signs(start: Any, unit: Any, value: Any, dy: Any, k: int) -> Count:
    return systematic(start, unit, value, dy, None, k)


def pack(start: Any, unit: Any, value: Any, length: Any, chosen: Any, picked: Any) -> Count:
    """It belongs to dW, as `invert` does: each entry is read and written."""
    pairs = int(start[-1])
    return Count("dw", pairs, 2 * pairs * (INDEX + value.itemsize) + size_in_bytes(start, length))


def invert(
    rows: Any, begin: Any, example: Any, value: Any, count: Any, start: Any, unit: Any, picked: Any
) -> Count:
    """It belongs to dW, the only product that needs it."""
    r, pairs = int(count[0]), int(start[-1])
    moved = 2 * pairs * (INDEX + value.itemsize) + (2 * r + 1) * INDEX + start.nbytes
    return Count("dw", 2 * pairs, moved)


def count_rows(hits: Any, rows: Any, picked: Any) -> Count:
    return Count("other", picked.size, size_in_bytes(rows, picked) + 2 * picked.size * hits.itemsize)


def count_chosen(hits: Any, chosen: Any, picked: Any) -> Count:
    return count_rows(hits, chosen, picked)
