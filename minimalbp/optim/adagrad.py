"""AdaGrad, with epsilon inside the root as in the meProp authors' code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import check_float
from ..param import Param
from .base import Optimizer


class AdaGrad(Optimizer):
    """h <- h + g²;  w <- w - lr g / sqrt(h + eps).  The papers: lr 0.1 on MNIST, 0.01 elsewhere, eps 1e-6."""

    slots = ("h",)

    def __init__(self, params: Iterable[Param], lr: float = 0.1, *, eps: float = 1e-6, **options: Any):
        self.eps = check_float("eps", eps, 0, open_low=True)
        super().__init__(params, lr=lr, **options)

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, lr: float, scale: float, everywhere: bool
    ) -> None:
        self.be.update.adagrad(
            w, state[0], rows, g, lr, self.eps, self.weight_decay, self.clip, scale, everywhere
        )

    def settings(self) -> tuple[str, ...]:
        return ("eps",)
