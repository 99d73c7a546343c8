"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import check_float
from ..param import Param
from .base import Optimizer


class SGD(Optimizer):
    """v <- momentum v + g;  w <- w - lr v.  momentum in [0, 1]; without it, w <- w - lr g and no v is kept."""

    def __init__(self, params: Iterable[Param], lr: float = 0.1, *, momentum: float = 0.0, **options: Any):
        self.momentum = check_float("momentum", momentum, 0, 1)
        self.slots = ("velocity",) if self.momentum else ()  # type: ignore[misc]
        super().__init__(params, lr=lr, **options)

    def _moves_without_gradient(self) -> bool:
        return self.momentum > 0 or super()._moves_without_gradient()

    def _update(
        self, w: Array, state: list[Array], rows: Array, g: Array, lr: float, scale: float, everywhere: bool
    ) -> None:
        velocity = state[0] if state else w[:0]
        self.be.update.sgd(
            w, velocity, rows, g, lr, self.momentum, self.weight_decay, self.clip, scale, everywhere
        )

    def settings(self) -> tuple[str, ...]:
        return ("momentum",)
