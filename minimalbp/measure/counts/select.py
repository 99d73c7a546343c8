"""Counts of selection: the choice itself, its inverse for dW, and the hits that tell how active units are."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count, size_in_bytes

__all__ = ["count_chosen", "count_rows", "invert", "score", "top_k"]


def top_k(chosen: Any, dy: Any) -> Count:
    return Count("select", dy.size, size_in_bytes(chosen, dy))


def score(out: Any, dy: Any, kind: int) -> Count:
    return Count("select", dy.size, size_in_bytes(out, dy))


def invert(rows: Any, start: Any, example: Any, value: Any, count: Any, chosen: Any, picked: Any) -> Count:
    """It belongs to dW, the only product that needs it."""
    r = int(count[0])
    return Count("dw", 2 * chosen.size, size_in_bytes(chosen, picked, example, value) + (2 * r + 1) * INDEX)


def count_rows(hits: Any, rows: Any, picked: Any) -> Count:
    return Count("other", picked.size, size_in_bytes(rows, picked) + 2 * picked.size * hits.itemsize)


def count_chosen(hits: Any, chosen: Any, picked: Any) -> Count:
    return count_rows(hits, chosen, picked)
