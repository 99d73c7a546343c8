"""Rows of tables for whole numbers: words, tags, features."""

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
    """The rows of tables that ids int32 (batch, columns) name, side by side: (batch, sum of sizes).

    tables: (entries, size), or (entries, size, columns) for a table that several neighbouring columns share, in the
    order of the columns. A tagger with a word and seven features for each position:

        Embedding([(n_words, 50)] + [(n, 20) for n in n_features])

    and a parser with 18 words, 18 tags and 12 labels: Embedding([(w, 50, 18), (t, 50, 18), (l, 50, 12)]).
    scale: entries start as U(-scale, scale), 0.01 as in Chen and Manning's parser (2014). The gradient of a table
    is that of the rows that occurred (RowGrad). Raises BadInput for anything else, and for ids outside a table.
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
        self._places = self._find_places()
        self.where = np.array(
            [(i, offset + j * self.shapes[i][1]) for i, (_, columns, offset) in enumerate(self._places)
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
        embedding, values = self.be.embedding, self.values()
        self.check(x)
        y = self.buf.get("y", (len(x), self.n_out))
        self.check_ids(x, embedding.forward(y, x, values, self.where))
        self.last_x = x
        return y

    def values(self) -> tuple[Array, ...]:
        """The tables."""
        return tuple(table.value for table in self.tables)

    def check_ids(self, x: Array, place: int) -> None:
        """Raise BadInput where a kernel found an id outside its table, in this place of x."""
        if place >= 0:
            row, column = divmod(place, self.columns)
            raise BadInput(
                f"id {x[row, column]} in row {row}, column {column} is outside "
                f"0..{self.shapes[self.where[column, 0]][0] - 1}, the entries of its table; "
                "number what is unknown as an entry of its own"
            )

    def backward(self, dy: Array, *, need_dx: bool = True) -> None:
        """There is no gradient of an id: dx is None."""
        x, count = self.last_x, self.buf.get("count", (1,), "int32")
        for i, (table, (column, columns, offset)) in enumerate(zip(self.tables, self._places)):
            entries, size = table.value.shape
            room = min(entries, len(x) * columns)
            values, rows = (
                self.buf.get(f"values{i}", (room, size)),
                self.buf.get(f"rows{i}", (room,), "int32"),
            )
            self.be.embedding.backward(values, rows, count, self._marks[i], dy, x, column, columns, offset)
            r = int(count[0])
            table.grad = RowGrad(rows[:r], values[:r])

    def _find_places(self) -> list[tuple[int, int, int]]:
        """Of each table: its first column, how many, and where its part of y begins."""
        places, column, offset = [], 0, 0
        for _, size, columns in self.shapes:
            places.append((column, columns, offset))
            column, offset = column + columns, offset + columns * size
        return places

    def check(self, x: Array) -> None:
        """Raise BadInput unless x is ids for all columns, whatever their values."""
        if x.ndim != 2 or x.shape[1] != self.columns or x.dtype != np.int32:
            raise BadInput(
                f"{self.label} takes ids int32 (batch, {self.columns}) but gets {x.dtype} {x.shape}"
            )

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
