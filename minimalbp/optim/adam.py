"""Adam (Kingma and Ba 2015), with the bias correction folded into the learning rate as in the papers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import BadInput, check_float, short
from ..param import Param
from .base import Optimizer


class Adam(Optimizer):
    """Adam: m <- β1 m + (1-β1) g;  v <- β2 v + (1-β2) g²;  w <- w - lr_t m / (sqrt(v) + eps).

    lr_t = lr sqrt(1-β2^t) / (1-β1^t) corrects the bias of both moments. t is the number of steps of the optimiser,
    the same for all rows.

    Parameters
    ----------
    params : iterable of Param
        What is learnt, such as `net.parameters()`.
    lr : float, default 1e-3
        Learning rate, above 0.
    betas : (float, float), default (0.9, 0.999)
        β1 and β2, each in [0, 0.999999].
    eps : float, default 1e-8
        Above 0.
    **options
        The options that all optimisers share: rows, weight_decay, clip and clip_norm; see Optimizer.

    Raises
    ------
    BadInput
        When an option is out of range, or `params` are not the parameters of a network.

    Notes
    -----
    eps is not corrected for the bias, as in section 2 of Adam's paper and in the meProp authors' code. PyTorch
    divides by sqrt(v) / sqrt(1-β2^t) + eps, which differs only where |g| is not far above eps.

    References
    ----------
    Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization", section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Linear(1, 2, bias=False), backend="reference", dtype="float64")
    >>> optimizer = mbp.Adam(net.parameters(), lr=0.001)
    >>> before = net.parameters()[0].value.copy()
    >>> y = net.forward(np.ones((1, 1)))
    >>> net.backward(np.array([[1.0, -3.0]]), need_dx=False)
    >>> optimizer.step()
    >>> (net.parameters()[0].value - before).round(4)
    array([[-0.001],
           [ 0.001]])
    """

    slots = ("m", "v")

    def __init__(
        self,
        params: Iterable[Param],
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        **options: Any,
    ):
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise BadInput(f"betas must be two numbers, such as (0.9, 0.999), not {short(betas)}")
        beta1, beta2 = betas
        self.betas = check_float("beta1", beta1, 0, 0.999999), check_float("beta2", beta2, 0, 0.999999)
        self.eps = check_float("eps", eps, 0, open_low=True)
        super().__init__(params, lr=lr, **options)

    def _rate(self) -> float:
        beta1, beta2 = self.betas
        return self.lr * self.factor * math.sqrt(1 - beta2**self.t) / (1 - beta1**self.t)

    def _moves_without_gradient(self) -> bool:
        return True

    def _rule(self, lr: float, scale: float) -> tuple[float, ...]:
        beta1, beta2 = self.betas
        return lr, beta1, 1 - beta1, beta2, 1 - beta2, self.eps, self.weight_decay, self.clip, scale

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, rule: Array, everywhere: bool
    ) -> None:
        self.be.update.adam(w, state[0], state[1], rows, g, rule, everywhere)

    def settings(self) -> tuple[str, ...]:
        return ("betas", "eps")
