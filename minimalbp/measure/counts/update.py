"""Counts of the optimisers: weights and moments are read and written, gradients and their rows are read."""

from __future__ import annotations

from typing import Any

from . import Count, size_in_bytes

__all__ = ["adagrad", "adam", "sgd", "sum_of_squares"]


def sgd(w: Any, velocity: Any, rows: Any, g: Any, rule: Any, everywhere: bool) -> Count:
    if velocity.size:
        return _update(2, 1, w, rows, g, everywhere)
    return _update(1, 0, w, rows, g, everywhere)


def adagrad(w: Any, h: Any, rows: Any, g: Any, rule: Any, everywhere: bool) -> Count:
    return _update(4, 1, w, rows, g, everywhere)


def adam(w: Any, m: Any, v: Any, rows: Any, g: Any, rule: Any, everywhere: bool) -> Count:
    return _update(8, 2, w, rows, g, everywhere)


def sum_of_squares(out: Any, g: Any) -> Count:
    return Count("update", g.size, size_in_bytes(g))


def _update(per_entry: int, moments: int, w: Any, rows: Any, g: Any, everywhere: bool) -> Count:
    """Of an optimiser that keeps so many arrays of moments, and does so many operations on each entry."""
    entries = w.size if everywhere else g.size
    moved = 2 * (1 + moments) * entries * w.itemsize + size_in_bytes(g, rows)
    return Count("update", per_entry * entries, moved)
