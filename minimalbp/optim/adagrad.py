"""AdaGrad, with eps inside the root as in the meProp authors' code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import check_float
from ..param import Param
from .base import Optimizer


class AdaGrad(Optimizer):
    """AdaGrad: h <- h + g²;  w <- w - lr g / sqrt(h + eps).

    Parameters
    ----------
    params : iterable of Param
        What is learnt, such as `net.parameters()`.
    lr : float, default 0.1
        Learning rate, above 0. The meProp paper takes 0.1 on MNIST and 0.01 elsewhere.
    eps : float, default 1e-6
        Above 0.
    **options
        The options that all optimisers share: rows, weight_decay, clip and clip_norm; see Optimizer.

    Raises
    ------
    BadInput
        When an option is out of range, or `params` are not the parameters of a network.

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization".

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Linear(1, 2, bias=False), backend="reference", dtype="float64")
    >>> optimizer = mbp.AdaGrad(net.parameters(), lr=0.1)
    >>> before = net.parameters()[0].value.copy()
    >>> y = net.forward(np.ones((1, 1)))
    >>> net.backward(np.array([[1.0, -3.0]]), need_dx=False)
    >>> optimizer.step()
    >>> (net.parameters()[0].value - before).round(4)
    array([[-0.1],
           [ 0.1]])
    """

    slots = ("h",)

    def __init__(self, params: Iterable[Param], lr: float = 0.1, *, eps: float = 1e-6, **options: Any):
        self.eps = check_float("eps", eps, 0, open_low=True)
        super().__init__(params, lr=lr, **options)

    def _rule(self, lr: float, scale: float) -> tuple[float, ...]:
        return lr, self.eps, self.weight_decay, self.clip, scale

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, rule: Array, everywhere: bool
    ) -> None:
        self.be.update.adagrad(w, state[0], rows, g, rule, everywhere)

    def settings(self) -> tuple[str, ...]:
        return ("eps",)
