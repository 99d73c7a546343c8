"""Flatten: arrays of any shape to one row for each example."""

from __future__ import annotations

from ..backend import Array
from .base import Layer, later


class Flatten(Layer):
    """Make a vector of each example: (batch, a, b, ...) becomes (batch, a b ...), in this order.

    Backward gives dy the shape of the input again.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Flatten(), mbp.Linear(12, 2), backend="reference")
    >>> net(np.ones((5, 3, 4))).shape
    (5, 2)
    """

    _shape: tuple[int, ...] = later()  # of the last input

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self._shape = x.shape
        if not x.flags.c_contiguous:  # feature maps, whose channels come first in the vector
            x, maps = self.buf.get("y", x.shape), x
            self.be.activation.copy(x, maps)
        return x.reshape(len(x), -1)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        return dy.reshape(self._shape) if need_dx else None

    def out_features(self, n: int | None) -> int | None:
        return None  # the last axis is not the width of what comes out
