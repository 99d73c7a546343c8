"""One direction of an LSTM: its parameters, and minimal-effort back propagation through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...backend import Array, Backend, Buffers
from ...param import Param, RowGrad
from ...select import Lists, RandomK, Selector, Signs, Systematic, TopK, UnifiedTopK, even
from ...select.lists import room
from ..sparse import by_unit
from .packing import Packing


@dataclass
class Choice:
    """How units are chosen: by `select` in each of `groups` groups of gates (4: each gate by itself, 1: all)."""

    select: Selector
    groups: int
    bias_rows: str


class Direction:
    """An LSTM that reads rows in the order of their time steps (kernels/reference/lstm.py).

    w (4 hidden, n_in), u (4 hidden, hidden), b (4 hidden,): the rows of the gates i, f, g, o one after another.
    last_choice: int32 (rows, groups k), the units that the last backward pass chose for each word, in the order of
    time steps, or Lists of them; unit j is unit j % hidden of gate j // hidden. None: all units. last_picked: their
    gradients.
    """

    last_x: Array  # the input of the last forward, as dW takes it
    last_choice: Array | Lists | None = None
    last_picked: Array

    def __init__(self, parameters: list[Param], be: Backend, dtype: str):
        self.w, self.u, self.b = parameters
        self.buf = Buffers(be, dtype)

    @property
    def hidden(self) -> int:
        """The units of each gate."""
        size: int = self.u.value.shape[1]
        return size

    def forward(self, be: Backend, x: Array, packing: Packing) -> Array:
        """h (rows, hidden) for x (rows, n_in)."""
        rows, batch, size = len(x), int(packing.active[0]), self.hidden
        gates, tanh_c = self.buf.get("gates", (rows, 4 * size)), self.buf.get("tanh_c", (rows, size))
        h, c = self.buf.get("h", (batch + rows, size)), self.buf.get("c", (batch + rows, size))
        be.linear.forward(gates, x, self.w.value, self.b.value)
        be.lstm.forward(h, c, tanh_c, gates, self.u.value, packing.active)
        self.last_x, self._h, self._packing, self._kept = x, h, packing, (gates, c, tanh_c, self.u.value)
        return h[batch:]

    def backward(
        self, be: Backend, dy: Array, choice: Choice, rng: np.random.Generator | None, need_dx: bool
    ) -> Array | None:
        """Set the gradients of w, u and b; returns that of x, in the order of time steps."""
        active, select, groups = self._packing.active, choice.select, choice.groups
        dgates = self.buf.get("dgates", (len(dy), 4 * self.hidden))
        dx = self.buf.get("dx", self.last_x.shape if need_dx else (0, 1))
        work = self.buf.get("work", (2, int(active[0]), self.hidden))
        width = dgates.shape[1] // groups
        k = select.units(width)
        if k == width:
            be.lstm.backward_all(dgates, dy, *self._kept, active, work)
            self.last_choice, self.last_picked = None, dgates
            self._all(be, dgates, dx)
            return dx if need_dx else None
        together = isinstance(select, Systematic) and select.over == "batch"
        shape = (len(dy), 4 * self.hidden if together else groups * k)
        chosen, picked = self.buf.get("chosen", shape, "int32"), self.buf.get("picked", shape)
        kept = (*self._kept, self.w.value, active)
        self.last_choice, self.last_picked = chosen, picked
        lists = Lists(even(*shape), chosen.reshape(-1), picked.reshape(-1))
        if isinstance(select, TopK):
            be.lstm.backward_top_k(dgates, chosen, picked, dx, dy, *kept, groups, work)
        elif isinstance(select, UnifiedTopK):
            kind = be.select.SCORES.index(select.score)
            be.lstm.backward_unified(dgates, chosen, picked, dx, dy, *kept, groups, kind, work)
        elif isinstance(select, RandomK):
            assert rng is not None
            self._draw(be, chosen, groups, width, rng)
            be.lstm.backward_chosen(dgates, picked, dx, chosen, dy, *kept, select.scale(width), work)
        else:
            assert isinstance(select, (Systematic, Signs))
            length, kind = self.buf.get("length", (len(dy),), "int32"), be.lstm.LISTS.index(select.name)
            points = self.buf.get("points", (len(active) if together else len(dy), groups), "float64")
            if select.random:
                assert rng is not None
                rng.random(out=points)
            lists = room(self.buf, len(dy), groups * k)
            tables = (length, chosen, picked)
            be.lstm.backward_lists(dgates, *tables, dx, dy, *kept, groups, k, kind, points, work)
            be.select.pack(*lists, *tables)
            self.last_choice, self.last_picked = lists, lists.value
        self._chosen(be, choice.bias_rows, dgates, lists)
        return dx if need_dx else None

    def _draw(self, be: Backend, chosen: Array, groups: int, width: int, rng: np.random.Generator) -> None:
        """Fill `chosen` with units drawn at random in each group, as RandomK draws them."""
        u = self.buf.get("u", (len(chosen) * groups, chosen.shape[1] // groups), "float64")
        rng.random(out=u)
        be.select.random_k(chosen.reshape(u.shape), u, width)
        first = np.arange(0, groups * width, width, dtype=np.int32)  # unit of each group
        chosen.reshape(len(chosen), groups, -1)[:] += first[:, None]

    def _before(self, be: Backend) -> Array:
        """The state h before each row."""
        if self._packing.before is None:
            return self._h[: len(self.last_x)]
        h = self.buf.get("h_before", (len(self.last_x), self.hidden))
        be.lstm.take(h, self._h, self._packing.before, 0)
        return h

    def _all(self, be: Backend, dgates: Array, dx: Array) -> None:
        """dW = dgatesᵀ x, dU = dgatesᵀ h', dx = dgates W."""
        dw, du = self.buf.get("dw", self.w.value.shape), self.buf.get("du", self.u.value.shape)
        be.linear.dw_all(dw, dgates, self.last_x)
        be.linear.dw_all(du, dgates, self._before(be))
        self.w.grad, self.u.grad = RowGrad(None, dw), RowGrad(None, du)
        self._dense_bias(be, dgates)
        if len(dx):
            be.linear.dx_all(dx, dgates, self.w.value)

    def _chosen(self, be: Backend, bias_rows: str, dgates: Array, lists: Lists) -> None:
        """The same from the chosen entries only. W and U have one list of rows; dx was made in the loop."""
        lin, buf, n = be.linear, self.buf, dgates.shape[1]
        rows, begin, example, value = by_unit(be, buf, n, lists)
        r = len(rows)
        dw, du = buf.get("dw", self.w.value.shape)[:r], buf.get("du", self.u.value.shape)[:r]
        lin.dw_chosen(dw, value, self.last_x, begin, example)
        lin.dw_chosen(du, value, self._before(be), begin, example)
        self.w.grad, self.u.grad = RowGrad(rows, dw), RowGrad(rows, du)
        if bias_rows == "all":
            self._dense_bias(be, dgates)
        else:
            db = buf.get("db", (n,))[:r]
            lin.db_chosen(db, value, begin)
            self.b.grad = RowGrad(rows, db)

    def _dense_bias(self, be: Backend, dgates: Array) -> None:
        db = self.buf.get("db", (dgates.shape[1],))
        be.linear.db_all(db, dgates)
        self.b.grad = RowGrad(None, db)
