"""A direction of an LSTM whose gates have lost entries, each its own."""

from __future__ import annotations

import numpy as np

from ..backend import Array, Backend
from ..param import Param
from ..select import RandomK, TopK, UnifiedTopK
from .direction import Choice, Direction


class RaggedDirection(Direction):
    """A Direction of which only the entries at `place` of the 4 hidden are left (kernels/reference/ragged.py).

    place: int32 (r,), ascending. w (r, n_in), u (r, hidden) and b (r,) hold those alone, and the choice is among
    them, k of each gate or all that it has. The gate g has all entries: a unit without g would be zero for ever.
    """

    def __init__(self, parameters: list[Param], be: Backend, dtype: str, place: Array):
        super().__init__(parameters, be, dtype)
        self._place = be.put(place, "int32")

    @property
    def place(self) -> Array:
        return self._place

    @property
    def entries(self) -> int:
        return len(self._place)

    def _states(
        self, be: Backend, x: Array, h: Array, c: Array, tanh_c: Array, gates: Array, active: Array
    ) -> None:
        sums = self.buf.get("sums", (len(x), len(self._place)))
        be.linear.forward(sums, x, self.w.value, self.b.value)
        be.ragged.forward(h, c, tanh_c, gates, sums, self.u.value, active, self._place)

    def _columns(self, choice: Choice) -> int:
        return int(self._groups(choice)[1][-1])

    def _all_through_time(self, be: Backend, dgates: Array, dy: Array, work: Array) -> None:
        be.ragged.backward_all(dgates, dy, *self._kept, self._place, work)

    def _through_time(
        self,
        be: Backend,
        choice: Choice,
        rng: np.random.Generator | None,
        dgates: Array,
        chosen: Array,
        picked: Array,
        dx: Array,
        dy: Array,
        work: Array,
    ) -> None:
        ends, picks = self._groups(choice)
        gates, c, tanh_c, u, active = self._kept
        kept = (gates, c, tanh_c, u, self.w.value, active, self._place)
        select = choice.select
        if isinstance(select, TopK):
            be.ragged.backward_top_k(dgates, chosen, picked, dx, dy, *kept, ends, picks, work)
        elif isinstance(select, UnifiedTopK):
            kind = be.select.SCORES.index(select.score)
            be.ragged.backward_unified(dgates, chosen, picked, dx, dy, *kept, ends, picks, kind, work)
        else:
            assert isinstance(select, RandomK) and rng is not None
            scale = self._draw(be, select, rng, chosen, ends, picks)
            be.ragged.backward_chosen(dgates, picked, dx, chosen, dy, *kept, scale, work)

    def _groups(self, choice: Choice) -> tuple[Array, Array]:
        """Where the groups begin among the entries, and their picks in the choice; see the kernels."""
        width = 4 * self.hidden // choice.groups
        ends = np.searchsorted(self.place, width * np.arange(choice.groups + 1))
        k = [choice.select.units(int(n)) if n else 0 for n in np.diff(ends)]
        return ends.astype(np.int32), np.cumsum([0, *k]).astype(np.int32)

    def _draw(
        self, be: Backend, select: RandomK, rng: np.random.Generator, chosen: Array, ends: Array, picks: Array
    ) -> Array:
        """Choose at random in each group; returns the factor of each column of chosen."""
        rows, scale = len(chosen), np.empty(chosen.shape[1])
        for g, (n, k) in enumerate(zip(np.diff(ends), np.diff(picks))):
            if not n:
                continue
            keys, units = (
                self.buf.get(f"keys{g}", (rows, n), "float64"),
                self.buf.get(f"units{g}", (rows, k), "int32"),
            )
            rng.random(out=keys)
            be.select.top_k(units, keys)
            columns = slice(picks[g], picks[g + 1])
            chosen[:, columns] = units + ends[g]
            scale[columns] = select.scale(int(n))
        return be.put(scale, self.buf.dtype)


def direction(of: Direction, be: Backend, dtype: str, place: Array) -> Direction:
    """A direction with the parameters of another, of which the entries at `place` are left."""
    parameters, whole = [of.w, of.u, of.b], len(place) == 4 * of.hidden
    for p in parameters:
        p.place, p.first = (None if whole else place), 4 * of.hidden
    return Direction(parameters, be, dtype) if whole else RaggedDirection(parameters, be, dtype, place)
