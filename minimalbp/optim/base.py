"""What optimisers share: which rows they touch, clipping, and their state."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_float, short, unknown
from ..param import Param

ROWS = ("all", "chosen")


class Optimizer(ABC):
    """The base of SGD, AdaGrad and Adam.

    lr: learning rate, > 0. rows: "all" updates every row at every step, those without a gradient with the
    gradient zero (the papers' dense optimiser); "chosen" reads and writes only rows that have a gradient, so the
    work falls with k. With momentum or decay these are different algorithms. weight_decay: L2 factor, added to
    the gradient (of the touched rows). clip: limit of each entry of that gradient (the authors' code uses 5).
    clip_norm: limit of the norm of all gradients together, before the decay. Raises BadInput out of range.
    """

    slots: ClassVar[tuple[str, ...]] = ()  # names of the arrays kept for each parameter

    def __init__(
        self,
        params: Iterable[Param],
        *,
        lr: float,
        rows: str = "all",
        weight_decay: float = 0.0,
        clip: float = math.inf,
        clip_norm: float = math.inf,
    ):
        if not isinstance(params, Iterable):
            raise BadInput(f"params must be parameters, such as net.parameters(), not {short(params)}")
        self.params = list(params)
        for p in self.params:
            if not isinstance(p, Param):
                raise BadInput(f"params must be parameters, such as net.parameters(), not {short(p)}")
        if not self.params:
            raise BadInput("there is nothing to learn: the network has no parameters")
        names = [p.name for p in self.params]
        if len(set(names)) < len(names):
            raise BadInput("two parameters have one name; give each network an optimiser of its own")
        if rows not in ROWS:
            raise unknown("rows", rows, ROWS)
        self.lr = check_float("lr", lr, 0, open_low=True)
        self.rows, self.weight_decay = rows, check_float("weight_decay", weight_decay, 0)
        self.clip = check_float("clip", clip, 0, open_low=True, finite=False)
        self.clip_norm = check_float("clip_norm", clip_norm, 0, open_low=True, finite=False)
        self.be = self.params[0].backend
        self.t = 0  # steps done
        self.state = {p.name: {s: np.zeros_like(p.value) for s in self.slots} for p in self.params}
        self._views: dict[tuple[str, bool], tuple[Array, list[Array], Array]] = {}
        self._norm = np.zeros(1)

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        self.t += 1
        lr, scale = self._rate(), self._norm_scale()
        for p in self.params:
            if p.grad is None:
                continue
            sparse = p.grad.rows is not None
            w, state, every = self._view(p, sparse)
            rows = every if p.grad.rows is None else p.grad.rows
            g = p.grad.values.reshape(len(rows), -1)
            everywhere = self.rows == "all" and sparse and self._moves_without_gradient()
            self._update(w, state, rows, g, lr, scale, everywhere)

    def take(self, p: Param, axis: int, kept: Array) -> None:
        """Keep, of the state of p, the entries `kept` along an axis: where p itself was cut so.

        Nothing to do for a parameter that this optimiser does not move.
        """
        if p.name not in self.state:
            return
        state = self.state[p.name]
        self.state[p.name] = {s: np.ascontiguousarray(np.take(a, kept, axis)) for s, a in state.items()}
        self._views = {key: view for key, view in self._views.items() if key[0] != p.name}

    def reset(self) -> None:
        """Set the state to zero, as it was before the first step; the number of steps stays."""
        for state in self.state.values():
            for a in state.values():
                a.fill(0)

    def _rate(self) -> float:
        return self.lr

    def _moves_without_gradient(self) -> bool:
        """Whether a zero gradient changes anything; where it does not, untouched rows need no visit."""
        return self.weight_decay > 0

    @abstractmethod
    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, lr: float, scale: float, everywhere: bool
    ) -> None:
        """Move the `rows` of w and of its state by their gradients g; everywhere: the others by zero gradients."""

    def _view(self, p: Param, sparse: bool) -> tuple[Array, list[Array], Array]:
        """The parameter and its state as matrices of rows, and the numbers of all rows.

        A vector is one row, unless single entries of it are chosen.
        """
        key = (p.name, sparse)
        if key not in self._views:
            n = len(p.value) if sparse or p.value.ndim > 1 else 1
            state = [self.state[p.name][s].reshape(n, -1) for s in self.slots]
            self._views[key] = (p.value.reshape(n, -1), state, np.arange(n, dtype=np.int32))
        return self._views[key]

    def _norm_scale(self) -> float:
        if math.isinf(self.clip_norm):
            return 1.0
        self._norm[0] = 0
        for p in self.params:
            if p.grad is not None:
                self.be.update.sum_of_squares(self._norm, p.grad.values)
        norm = math.sqrt(self._norm[0])
        return min(1.0, self.clip_norm / norm) if norm > 0 else 1.0

    def describe(self) -> dict[str, Any]:
        """Class and settings, as JSON."""
        kept = ("lr", "rows", "weight_decay", "clip", "clip_norm", *self.settings())
        values = {key: getattr(self, key) for key in kept}
        return {"optimizer": type(self).__name__} | {k: v for k, v in values.items() if v != math.inf}

    def settings(self) -> tuple[str, ...]:
        """Names of the settings beyond the common ones."""
        return ()
