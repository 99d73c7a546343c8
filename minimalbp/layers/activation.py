"""Element-wise layers. One line each: the kernels hold the formulas, this table who needs what back."""

from __future__ import annotations

from typing import ClassVar

from ..backend import Array
from .base import Layer


class _Elementwise(Layer):
    """y = f(x), element by element; dx from dy and what forward kept, its output or its input."""

    kernel: ClassVar[str]
    keeps_input: ClassVar[bool] = False

    def forward(self, x: Array, *, train: bool = True) -> Array:
        y = self.buf.get("y", x.shape)
        getattr(self.be.activation, self.kernel)(y, x)
        self._kept = x if self.keeps_input else y
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx = self.buf.get("dx", dy.shape)
        getattr(self.be.activation, self.kernel + "_backward")(dx, dy, self._kept)
        return dx


class ReLU(_Elementwise):
    """y = max(x, 0);  dx = dy where y > 0."""

    kernel = "relu"


class Tanh(_Elementwise):
    """y = tanh x;  dx = dy (1 - y²)."""

    kernel = "tanh"


class Sigmoid(_Elementwise):
    """y = 1 / (1 + exp(-x));  dx = dy y (1 - y)."""

    kernel = "sigmoid"


class Cube(_Elementwise):
    """y = x³ (Chen and Manning 2014);  dx = 3 x² dy."""

    kernel = "cube"
    keeps_input = True
