"""What optimisers share: which rows they update, clipping, and their state."""

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
    """The base of SGD, AdaGrad and Adam, and their common options.

    The gradient of a weight is taken in this order: scaled by `clip_norm`, `weight_decay` times the weight added,
    clipped by `clip`.

    Parameters
    ----------
    params : iterable of Param
        What is learnt, such as `net.parameters()`.
    lr : float
        Learning rate, above 0.
    rows : {"all", "chosen"}, default "all"
        "all" updates every row at every step, a row without a gradient as if its gradient were 0: the papers' dense
        optimiser. "chosen" reads and writes only the rows that have a gradient, so that the work falls with k. With
        momentum, moments or decay this is another algorithm.
    weight_decay : float, default 0.0
        Factor of L2 regularisation, at least 0.
    clip : float, default inf
        Limit of the magnitude of each entry of the gradient. The authors' C# code uses 5.
    clip_norm : float, default inf
        Limit of the norm of all gradients together.

    Attributes
    ----------
    t : int
        Steps done.
    factor : float
        What the next steps multiply `lr` by: 1, unless a Schedule of `fit` sets it.

    Raises
    ------
    BadInput
        When an option is out of range, or `params` are not the parameters of a network.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([3, 5, 2], select=mbp.TopK(1), backend="reference")
    >>> optimizer = mbp.SGD(net.parameters(), rows="chosen", clip=5)
    >>> isinstance(optimizer, mbp.Optimizer)
    True
    >>> optimizer.describe()
    {'optimizer': 'SGD', 'lr': 0.1, 'rows': 'chosen', 'weight_decay': 0.0, 'clip': 5.0, 'momentum': 0.0}
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
        self.t, self.factor = 0, 1.0
        self.state = {p.name: {s: np.zeros_like(p.value) for s in self.slots} for p in self.params}
        n = len(self._rule(0.0, 1.0))
        self._rules = {
            p.value.dtype: np.zeros(n, p.value.dtype) for p in self.params
        }  # one, or two in a mixture
        self._views: dict[tuple[str, bool, int], tuple[Array, list[Array], Array, Array]] = {}
        self._norm = np.zeros(1)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_views": {}}  # views of arrays, which a copy would hold as arrays of their own

    def step(self) -> None:
        """Update every parameter that has a gradient."""
        self.t += 1
        numbers = self._rule(self._rate(), self._norm_scale())
        for rule in self._rules.values():
            rule[:] = numbers
        for p in self.params:
            if p.grad is None:
                continue
            sparse = p.grad.rows is not None
            w, state, every, rule = self._view(p, sparse)
            rows = every if p.grad.rows is None else p.grad.rows
            g = p.grad.values.reshape(len(rows), w.shape[1])  # there may be no rows
            everywhere = self.rows == "all" and sparse and self._moves_without_gradient()
            self._update(w, state, rows, g, rule, everywhere)

    def take(self, p: Param, axis: int, kept: Array) -> None:
        """Cut the state of p as p itself was cut: to the entries `kept` along an axis.

        Does nothing for a parameter that this optimiser does not update.
        """
        if p.name not in self.state:
            return
        state = self.state[p.name]
        self.state[p.name] = {s: np.ascontiguousarray(np.take(a, kept, axis)) for s, a in state.items()}
        self._views = {key: view for key, view in self._views.items() if key[0] != p.name}

    def reset(self) -> None:
        """Set the state to zero, as before the first step. The number of steps stays."""
        for state in self.state.values():
            for a in state.values():
                a.fill(0)

    def _rate(self) -> float:
        """The learning rate of this step."""
        return self.lr * self.factor

    def _moves_without_gradient(self) -> bool:
        """Whether a row changes whose gradient is zero. If not, rows without a gradient are not visited."""
        return self.weight_decay > 0

    @abstractmethod
    def _rule(self, lr: float, scale: float) -> tuple[float, ...]:
        """The numbers of a step, as the kernel takes them. scale: the factor of clipping by norm."""

    @abstractmethod
    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, rule: Array, everywhere: bool
    ) -> None:
        """Update the `rows` of w and of its state by their gradients g; with `everywhere`, the others by zeros."""

    def _view(self, p: Param, sparse: bool) -> tuple[Array, list[Array], Array, Array]:
        """The parameter and its state as matrices, the indices of all rows, and the numbers of the step.

        A vector is one row, or, if `sparse`, a row for each `width` entries.
        """
        key = (p.name, sparse, p.width)
        if key not in self._views:
            n = len(p.value) // p.width if sparse or p.value.ndim > 1 or p.width > 1 else 1
            shape = (
                n,
                p.value.size // n if n else math.prod(p.value.shape[1:]),
            )  # a layer may have no edges left
            state = [self.state[p.name][s].reshape(shape) for s in self.slots]
            every, rule = np.arange(n, dtype=np.int32), self._rules[p.value.dtype]
            self._views[key] = (p.value.reshape(shape), state, every, rule)
        return self._views[key]

    def _norm_scale(self) -> float:
        """The factor by which clip_norm scales all gradients."""
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
        """The names of the options beyond the common ones."""
        return ()
