"""Counts of the embedding: every row that is looked up is read once and written once."""

from __future__ import annotations

from typing import Any

from . import INDEX, Count

__all__ = ["backward", "forward"]


def forward(y: Any, ids: Any, tables: Any, where: Any) -> Count:
    moved = len(ids) * sum(tables[i].shape[1] for i in where[:, 0])
    return Count("forward", moved, 2 * moved * y.itemsize + ids.size * INDEX)


def backward(
    values: Any, rows: Any, count: Any, mark: Any, dy: Any, ids: Any, column: int, columns: int, offset: int
) -> Count:
    r, size, found = int(count[0]), values.shape[1], len(ids) * columns
    return Count("dw", found * size, (found + r) * (size * dy.itemsize + INDEX))
