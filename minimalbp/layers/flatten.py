"""Flatten: (batch, a, b, ...) to (batch, a b ...)."""

from __future__ import annotations

from ..backend import Array
from .base import Layer, later


class Flatten(Layer):
    """Each example as one vector; backward gives it its shape again."""

    _shape: tuple[int, ...] = later()  # of the last input

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self._shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        return dy.reshape(self._shape) if need_dx else None

    def out_features(self, n: int | None) -> int | None:
        return None  # the width of an example is known, the product of its axes is not
