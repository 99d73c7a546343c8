"""Columns: what a layer has whose weight has only some of its columns, because the others were pruned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_int, short
from ..param import Param
from .base import later
from .units import Cut, Units


def check_columns(columns: Any, total: int) -> Array:
    """The numbers of columns, int32, ascending: those given, or the first of them where it is said how many.

    Raises BadInput for other values than whole numbers, for repeats, and beyond `total`.
    """
    if not np.ndim(columns):
        n = check_int("columns", columns, least=0)
        if n > total:
            raise BadInput(f"columns must be at most {total}, the number that the dense layer has, not {n}")
        return np.arange(n, dtype=np.int32)
    found = np.asarray(columns)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise BadInput(f"columns must be a number, or a list of whole numbers, not {short(columns)}")
    found = np.sort(found)
    if found.size and not (found[0] >= 0 and found[-1] < total and np.all(np.diff(found))):
        raise BadInput(f"columns must be different numbers of 0..{total - 1}, not {short(columns)}")
    return found.astype(np.int32)


class SomeColumns(Units):
    """A layer of units with a weight (units, n): only n columns of the dense weight are there.

    Their numbers are a parameter without a gradient, so that files and checkpoints hold them. Each input of the
    layer has `taps` columns: input s those from s taps.
    """

    taps: int = 1
    weight: Param = later()
    columns: Param = later()
    _cut: tuple[Array, Array] | None = None  # the columns before the last cut, and the inputs that it keeps
    _first_columns: Array

    def _bind_columns(self, be: Backend) -> None:
        prefix, self._cut = ".".join(map(str, self.path)), None
        self.columns = Param(f"{prefix}.columns", be.put(self._first_columns, "int32"), be)

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        """The columns of the inputs `kept`. `resize` gives them their new numbers."""
        columns = self.columns.value
        self._cut, mine = (columns, kept), np.flatnonzero(np.isin(columns // self.taps, kept))
        yield Cut(self.weight, 1, mine)
        yield Cut(self.columns, 0, mine)

    def _renumber(self) -> int | None:
        """Count inputs anew, if some of them left since the last time; returns how many there are then."""
        cut, self._cut = self._cut, None
        if cut is None or self.columns.value is cut[0]:
            return None
        number, place = np.divmod(self.columns.value, self.taps)
        self.columns.value[...] = np.searchsorted(cut[1], number) * self.taps + place
        self._first_columns = self.columns.value.copy()
        return len(cut[1])

    def _spread_weight(self, total: int) -> Array:
        """The dense weight (units, total), with zeros where there is no column."""
        w = self.be.empty((self.weight.value.shape[0], total), self.weight.value.dtype.name)
        w[:, self.columns.value] = self.weight.value
        return w
