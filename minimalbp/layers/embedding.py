"""Rows of tables, looked up by ids: words, tags, features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_float, check_int, short
from ..param import Param, RowGrad
from ..seeds import Streams
from .base import Layer, later


class Embedding(Layer):
    """Look up rows of tables by ids, and put them side by side.

    The input is ids int32 (batch, columns), the output (batch, sum of the sizes of all columns). Only the rows that
    occur get a gradient. There is no gradient of ids, so the layer must come first.

    Parameters
    ----------
    tables : list of (entries, size) or (entries, size, columns)
        One table for each column of ids; with `columns`, one for so many neighbouring columns.
    scale : float, default 0.01
        Entries start as U(-scale, scale). The default is that of Chen and Manning.

    Attributes
    ----------
    tables : list of Param, each of shape (entries, size)

    Raises
    ------
    BadInput
        When `tables` is anything else; in `forward`, when an id is outside its table.

    References
    ----------
    Chen and Manning (2014), "A Fast and Accurate Dependency Parser using Neural Networks".

    Examples
    --------
    Two columns of words that share a table, and a column of tags:

    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Embedding([(100, 8, 2), (10, 3)]), backend="reference")
    >>> net([[7, 99, 0]]).shape
    (1, 19)
    >>> net([[7, 100, 0]])
    Traceback (most recent call last):
    ...
    minimalbp.errors.BadInput: id 100 in row 0, column 1 is outside 0..99, the entries of its table; ...
    """

    takes_ids = True
    tables: list[Param] = later()
    last_x: Array = later()  # the ids of the last forward
    _marks: list[Array]  # of each table a zero for every entry, as the kernel wants it

    def __init__(self, tables: Sequence[Sequence[int]], *, scale: float = 0.01):
        if not isinstance(tables, Sequence) or not tables or not all(map(_is_table, tables)):
            raise BadInput(f"tables must be a list such as [(entries, size)], not {short(tables)}")
        shapes = [
            tuple(check_int("a table's entries, size and columns", n, least=1) for n in t) for t in tables
        ]
        self.shapes = [shape if len(shape) == 3 else (*shape, 1) for shape in shapes]
        self.scale = check_float("scale", scale, 0)
        self.columns = sum(columns for _, _, columns in self.shapes)
        self.n_out = sum(size * columns for _, size, columns in self.shapes)
        self._parts = self._find_parts()
        self._where = np.array(  # of each column, for the kernel: its table, and where its part of y begins
            [(i, offset + j * self.shapes[i][1]) for i, (_, columns, offset) in enumerate(self._parts)
             for j in range(columns)], np.int32,
        )  # fmt: skip

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        rng = streams.generator("init", *path)
        prefix = ".".join(map(str, path))
        self.tables, self._marks = [], []
        for i, (entries, size, _) in enumerate(self.shapes):
            start = rng.uniform(-self.scale, self.scale, (entries, size))
            self.tables.append(Param(f"{prefix}.{i}.weight", be.put(start, dtype), be))
            self._marks.append(be.empty((entries,), "int32"))

    def forward(self, x: Array, *, train: bool = True) -> Array:
        values = tuple(table.value for table in self.tables)
        if x.ndim != 2 or x.shape[1] != self.columns or x.dtype != np.int32:
            raise BadInput(
                f"{self.label} takes ids int32 (batch, {self.columns}) but gets {x.dtype} {x.shape}"
            )
        y = self.buf.get("y", (len(x), self.n_out))
        outside = self.be.embedding.forward(y, x, values, self._where)
        if outside >= 0:
            row, column = divmod(outside, self.columns)
            raise BadInput(
                f"id {x[row, column]} in row {row}, column {column} is outside "
                f"0..{self.shapes[self._where[column, 0]][0] - 1}, the entries of its table; "
                "give what is unknown an entry of its own"
            )
        self.last_x = x
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> None:
        """Set the gradients of the tables. There is no gradient of ids: dx is None."""
        x, count = self.last_x, self.buf.get("count", (1,), "int32")
        for i, (table, (column, columns, offset)) in enumerate(zip(self.tables, self._parts)):
            entries, size = table.value.shape
            room = min(entries, len(x) * columns)
            values = self.buf.get(f"values{i}", (room, size))
            rows = self.buf.get(f"rows{i}", (room,), "int32")
            self.be.embedding.backward(values, rows, count, self._marks[i], dy, x, column, columns, offset)
            r = int(count[0])
            table.grad = RowGrad(rows[:r], values[:r])

    def _find_parts(self) -> list[tuple[int, int, int]]:
        """Of each table: its first column of ids, the number of its columns, and where its part of y begins."""
        parts, column, offset = [], 0, 0
        for _, size, columns in self.shapes:
            parts.append((column, columns, offset))
            column, offset = column + columns, offset + columns * size
        return parts

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.columns:
            raise BadInput(f"{self.label} takes {self.columns} columns of ids but gets {n}")
        return self.n_out

    def parameters(self) -> list[Param]:
        return self.tables

    def settings(self) -> dict[str, Any]:
        return {"tables": [list(shape[:2] if shape[2] == 1 else shape) for shape in self.shapes]}


def _is_table(table: Any) -> bool:
    return isinstance(table, Sequence) and not isinstance(table, str) and len(table) in (2, 3)
