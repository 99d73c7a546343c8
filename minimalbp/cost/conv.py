"""The backward pass of a convolution to be measured, beside PyTorch's on the same threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..layers import Conv2d
from ..layers.sparsify import keep
from ..measure.machine import version
from ..network import Sequential
from ..optim import Adam
from ..select import (
    Channels,
    Positions,
    RandomK,
    Selector,
    Systematic,
    Threshold,
    TopK,
    UnifiedTopK,
)
from .peers import ORDERS, Products, conv_backward
from .problem import Pictures
from .subject import FLOAT, Subject


class OurConv(Subject):
    """Our convolution on a problem. It chooses among the P M entries of a gradient, whole positions or filters."""

    selectors: ClassVar[dict[str, Callable[[int], Selector]]] = {
        "topk": TopK, "sample": TopK, "batch": partial(TopK, over="batch"), "unified": UnifiedTopK,
        "random": RandomK, "systematic": Systematic, "systematic-batch": partial(Systematic, over="batch"),
        "threshold": Threshold, "threshold-batch": partial(Threshold, over="batch"), "positions": Positions,
        "channels": Channels,
    }  # fmt: skip

    def __init__(self, problem: Pictures, backend: str = "cpu"):
        filters, channels, kernel, _ = problem.w.shape
        self.problem, self.shape = problem, problem.shape
        self.layer = Conv2d(
            channels, filters, kernel, padding=kernel // 2, bias=False, select=RandomK(1)
        )  # random, so that it gets a generator
        self.net = Sequential(self.layer, backend=backend)
        self.layer.weight.value[...] = problem.w
        self.layer.forward(problem.x)
        self.dy = problem.dy
        self.optimizer = Adam(self.net.parameters(), lr=1e-12, rows="chosen")

    def units(self, select: str) -> int:
        return units_of(self.shape, select)

    def verify(self, select: Selector) -> None:
        """As `Subject` says, with the reference backend's dense backward pass as the judge."""
        layer, p = self.layer, self.problem
        layer.select = select
        found, grad = [np.zeros_like(p.w), layer.backward(self.dy)], layer.weight.grad
        found[0][slice(None) if grad.rows is None else grad.rows] = grad.values
        dy, choice = layer.last_dy, layer.last_choice
        flat = dy if select.whole else dy.reshape(len(dy), -1)
        kept = flat.copy()
        if choice is not None:
            keep(kept, flat, choice, select.scale(flat.shape[1]))
        judge = self._judge()
        dx = judge.backward(kept.reshape(len(dy), *p.x.shape[2:], -1).transpose(0, 3, 1, 2))
        for name, a, b in zip(("dW", "dx"), found, (judge.weight.grad.values, dx)):
            if not np.linalg.norm(a - b) <= 1e-5 * np.linalg.norm(b):
                raise RuntimeError(f"{select}: {name} is wrong on this machine; please report it")

    def _judge(self) -> Any:
        """The same layer, dense, on the reference backend, after its forward pass."""
        filters, channels, kernel, _ = self.problem.w.shape
        layer = Conv2d(channels, filters, kernel, padding=kernel // 2, bias=False)
        Sequential(layer, backend="reference")
        layer.weight.value[...] = self.problem.w
        layer.forward(self.problem.x)
        return layer

    def peers(self) -> dict[str, Products]:
        """PyTorch computes dW and dx in one call, which counts as dW."""
        return conv_backward(self.problem.dy, self.problem.x, self.problem.w)

    @staticmethod
    def peers_there() -> int:
        return len(ORDERS) if version("torch") else 0

    def whole(self, rows: int) -> int:
        p = self.problem
        return FLOAT * (2 * rows * p.w[0].size + 2 * p.x.size + p.dy.size)


def units_of(shape: tuple[int, ...], select: str) -> int:
    """How many entries of a picture's gradient, positions or filters a selector chooses from."""
    _, _, height, width, filters, _ = shape
    return {"positions": height * width, "channels": filters}.get(select, height * width * filters)
