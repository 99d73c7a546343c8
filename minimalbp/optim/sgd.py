"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import check_float
from ..param import Param
from .base import Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent: v <- momentum v + g;  w <- w - lr v.

    Without momentum it is w <- w - lr g, and no v is kept.

    Parameters
    ----------
    params : iterable of Param
        What is learnt, such as `net.parameters()`.
    lr : float, default 0.1
        Learning rate, above 0.
    momentum : float, default 0.0
        In [0, 1].
    **options
        The options that all optimisers share: rows, weight_decay, clip and clip_norm; see Optimizer.

    Raises
    ------
    BadInput
        When an option is out of range, or `params` are not the parameters of a network.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Linear(1, 2, bias=False), backend="reference", dtype="float64")
    >>> optimizer = mbp.SGD(net.parameters(), lr=0.1)
    >>> before = net.parameters()[0].value.copy()
    >>> y = net.forward(np.ones((1, 1)))
    >>> net.backward(np.array([[1.0, -3.0]]), need_dx=False)
    >>> optimizer.step()
    >>> (net.parameters()[0].value - before).round(4)
    array([[-0.1],
           [ 0.3]])
    """

    def __init__(self, params: Iterable[Param], lr: float = 0.1, *, momentum: float = 0.0, **options: Any):
        self.momentum = check_float("momentum", momentum, 0, 1)
        self.slots = ("velocity",) if self.momentum else ()  # type: ignore[misc]
        super().__init__(params, lr=lr, **options)

    def _moves_without_gradient(self) -> bool:
        return self.momentum > 0 or super()._moves_without_gradient()

    def _rule(self, lr: float, scale: float) -> tuple[float, ...]:
        return lr, self.momentum, self.weight_decay, self.clip, scale

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, rule: Array, everywhere: bool
    ) -> None:
        velocity = state[0] if state else w[:0]
        self.be.update.sgd(w, velocity, rows, g, rule, everywhere)

    def settings(self) -> tuple[str, ...]:
        return ("momentum",)
