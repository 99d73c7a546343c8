"""Long short-term memory over sentences, with minimal-effort back propagation through time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...backend import Array, Backend
from ...errors import BadInput, check_float, check_int, unknown
from ...param import Param
from ...seeds import Streams
from ...select import Dense, RandomK, Selector, TopK, UnifiedTopK
from ..base import clipped, later
from ..initialisers import get_initialiser
from ..units import Cut, Units
from .direction import Choice, Direction
from .packing import Packing, packing

GROUPS = {"each": 4, "all": 1}


class LSTM(Units):
    """h of every word: x (words, n_in) to (words, hidden), or (words, 2 hidden) with `bidirectional`.

        i, f, o = σ(W x + U h' + b),  g = tanh(W x + U h' + b),  c = f c' + i g,  h = o tanh c

    h', c' of the word before, zero before the first; lengths say where sentences begin. The backward direction has
    parameters of its own and reads each sentence from its end; its h stands behind that of the forward direction.

    select: which units of the four gates get a gradient, chosen anew for each word where the gradient leaves the
    products W x and U h' (meProp's rule: from the output of a multiplication to its inputs); the cell stays dense.
    TopK(k): gates="each", k of each gate's `hidden` units; "all": k of all 4 `hidden` together. UnifiedTopK: one
    choice at each time step for all sentences that reach it. bias_rows: as in Linear.
    init: a name from `minimalbp.init`, drawn for each gate by itself. forget_bias: where the bias of f starts, 1 so
    that memory lasts (Jozefowicz et al. 2015); the others start at 0.
    Names and gates are those of PyTorch's LSTM, whose second bias is not needed.
    """

    takes_lengths = True
    directions: list[Direction] = later()
    _packing: Packing = later()  # of the last forward, and the shape of its input
    _shape: tuple[int, ...]

    def __init__(
        self,
        n_in: int,
        hidden: int,
        *,
        select: Selector | None = None,
        gates: str = "each",
        bidirectional: bool = False,
        init: str = "glorot_uniform",
        forget_bias: float = 1.0,
        bias_rows: str = "all",
    ):
        self.n_in, self.hidden = check_int("n_in", n_in, least=1), check_int("hidden", hidden, least=1)
        self.select = Dense() if select is None else select
        if not isinstance(self.select, (Dense, TopK, UnifiedTopK, RandomK)):
            raise BadInput(f"select must be Dense(), TopK, UnifiedTopK or RandomK, not {select!r}")
        if gates not in tuple(GROUPS):  # a list is no key
            raise unknown("gates", gates, GROUPS)
        if bias_rows not in ("all", "chosen"):
            raise unknown("bias_rows", bias_rows, ("all", "chosen"))
        self.gates, self.bidirectional, self.bias_rows = gates, bool(bidirectional), bias_rows
        self._init, self._forget = (
            get_initialiser(init),
            check_float("forget_bias", forget_bias, -math.inf, math.inf),
        )

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        rng, size = streams.generator("init", *path), self.hidden
        prefix = ".".join(map(str, path))
        self.directions = []
        for suffix in ["", "_reverse"][: 1 + self.bidirectional]:
            w, u = (np.concatenate([self._init(rng, size, n) for _ in range(4)]) for n in (self.n_in, size))
            b = np.zeros(4 * size)
            b[size : 2 * size] = self._forget
            values = (("weight_ih", w), ("weight_hh", u), ("bias_ih", b))
            mine = [Param(f"{prefix}.{name}_l0{suffix}", be.put(v, dtype), be) for name, v in values]
            self.directions.append(Direction(mine, be, dtype))
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        """lengths: those of the sentences in x, one after another; None: x is one sentence."""
        directions = self.directions
        if x.ndim != 2 or x.shape[1] != self.n_in or not len(x):  # kernels check nothing
            raise BadInput(f"{self.label} takes (words, {self.n_in}) but gets {x.shape}")
        self._packing, self._shape = packing(lengths, len(x)), x.shape
        found = [
            d.forward(self.be, self._take(f"x{i}", x, i, self.n_in), self._packing)
            for i, d in enumerate(directions)
        ]
        if len(found) == 1 and self._packing.straight:
            return found[0]
        y = self.buf.get("y", (len(x), self.hidden * len(found)))
        for i, h in enumerate(found):
            self.be.lstm.put(y, h, self._order(i), i * self.hidden, False)
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        choice = Choice(self.select, GROUPS[self.gates], self.bias_rows)
        parts = []
        for i, d in enumerate(self.directions):
            mine = self._take(f"dy{i}", dy, i, self.hidden, i * self.hidden)
            parts.append(d.backward(self.be, mine, choice, self.rng, need_dx))
        if not need_dx or (len(parts) == 1 and self._packing.straight):
            return parts[0]
        dx = self.buf.get("dx", self._shape)
        for i, part in enumerate(parts):
            self.be.lstm.put(dx, part, self._order(i), 0, i > 0)
        return dx

    def _order(self, i: int) -> Array:
        return self._packing.reverse if i else self._packing.order

    def _take(self, name: str, a: Array, i: int, width: int, column: int = 0) -> Array:
        """Columns of the batch's rows, in the order of the time steps of direction i."""
        if i == 0 and self._packing.straight and a.shape[1] == width:
            return a
        out = self.buf.get(name, (len(a), width))
        self.be.lstm.take(out, a, self._order(i), column)
        return out

    @property
    def groups(self) -> int:  # type: ignore[override]
        return 2 if self.bidirectional else 1

    @property
    def units(self) -> int:
        return self.hidden

    def count(self, hits: Array) -> int:
        words = 0
        for d, mine in zip(self.directions, hits):
            found = np.zeros(4 * self.hidden, np.int64)
            if d.last_choice is None:
                every = np.arange(len(found), dtype=np.int32)
                self.be.select.count_rows(found, every, d.last_picked)
            else:
                self.be.select.count_chosen(found, d.last_choice, d.last_picked)
            mine += found.reshape(4, -1).sum(axis=0)
            words = len(d.last_picked)
        return 4 * words

    def norms(self) -> Array:
        weights = [np.hstack([self.be.get(p.value) for p in (d.w, d.u)]) for d in self.directions]
        return np.array([np.linalg.norm(w.reshape(4, self.hidden, -1), axis=(0, 2)) for w in weights])

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        """A unit leaves all four gates, and the recurrent inputs."""
        for d, units in zip(self.directions, kept):
            rows = (units + self.hidden * np.arange(4)[:, None]).ravel()
            yield from (Cut(p, 0, rows) for p in (d.w, d.u, d.b))
            yield Cut(d.u, 1, units)

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        for d in self.directions:
            yield Cut(d.w, 1, kept)

    def resize(self) -> None:
        self.hidden, self.n_in = self.directions[0].hidden, self.directions[0].w.value.shape[1]
        for d in self.directions:
            d.buf.clear()

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.n_in:
            raise BadInput(f"{self.label} takes {self.n_in} inputs but gets {n}; make the two widths equal")
        return self.hidden * (2 if self.bidirectional else 1)

    def parameters(self) -> list[Param]:
        return [p for d in self.directions for p in (d.w, d.u, d.b)]

    def settings(self) -> dict[str, Any]:
        both = {"bidirectional": True} if self.bidirectional else {}
        return {"n_in": self.n_in, "hidden": self.hidden, **both}

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows, "gates": self.gates}

    def note(self) -> str | None:
        return clipped(self.select, 4 * self.hidden // GROUPS[self.gates], self.label)
