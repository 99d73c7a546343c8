"""Adam (Kingma and Ba 2015), with the bias correction folded into the learning rate as in the papers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import check_float
from ..param import Param
from .base import Optimizer


class Adam(Optimizer):
    """m <- β1 m + (1-β1) g;  v <- β2 v + (1-β2) g²;  w <- w - lr_t m / (sqrt(v) + eps).

    lr_t = lr sqrt(1-β2^t) / (1-β1^t), t the number of steps of the optimiser, for all rows alike. eps is not
    corrected for the bias (section 2 of Adam's paper, and the meProp authors' code); PyTorch divides by
    sqrt(v) / sqrt(1-β2^t) + eps, which differs only where |g| is not far above eps.
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
        self.betas = (
            check_float("beta1", betas[0], 0, 0.999999),
            check_float("beta2", betas[1], 0, 0.999999),
        )
        self.eps = check_float("eps", eps, 0, open_low=True)
        super().__init__(params, lr=lr, **options)

    def _rate(self) -> float:
        beta1, beta2 = self.betas
        return self.lr * math.sqrt(1 - beta2**self.t) / (1 - beta1**self.t)

    def _moves_without_gradient(self) -> bool:
        return True

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, lr: float, scale: float, everywhere: bool
    ) -> None:
        self.be.update.adam(
            w, state[0], state[1], rows, g, lr, *self.betas, self.eps,
            self.weight_decay, self.clip, scale, everywhere,
        )  # fmt: skip

    def settings(self) -> tuple[str, ...]:
        return ("betas", "eps")
