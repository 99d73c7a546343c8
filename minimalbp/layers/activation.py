"""Element-wise layers: y = f(x), and dx from dy and whatever of x and y the derivative is written in."""

from __future__ import annotations

from ..backend import Array
from .base import Layer, later


class _Elementwise(Layer):
    """Memory for y and dx; the pair of kernels is each layer's own."""

    elementwise = True
    last_x: Array = later()  # of the last forward; each layer keeps the one that its backward reads
    last_y: Array = later()

    def _y(self, x: Array) -> Array:
        return self.buf.get("y", x.shape)

    def _dx(self, dy: Array) -> Array:
        return self.buf.get("dx", dy.shape)


class ReLU(_Elementwise):
    """y = max(x, 0);  dx = dy where y > 0."""

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y = self._y(x)
        self.be.activation.relu(self.last_y, x)
        return self.last_y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx = self._dx(dy)
        self.be.activation.relu_backward(dx, dy, self.last_y)
        return dx


class Tanh(_Elementwise):
    """y = tanh x;  dx = dy (1 - y²)."""

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y = self._y(x)
        self.be.activation.tanh(self.last_y, x)
        return self.last_y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx = self._dx(dy)
        self.be.activation.tanh_backward(dx, dy, self.last_y)
        return dx


class Sigmoid(_Elementwise):
    """y = 1 / (1 + exp(-x));  dx = dy y (1 - y)."""

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y = self._y(x)
        self.be.activation.sigmoid(self.last_y, x)
        return self.last_y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx = self._dx(dy)
        self.be.activation.sigmoid_backward(dx, dy, self.last_y)
        return dx


class Cube(_Elementwise):
    """y = x³ (Chen and Manning 2014);  dx = 3 x² dy."""

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_x, y = x, self._y(x)
        self.be.activation.cube(y, x)
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx = self._dx(dy)
        self.be.activation.cube_backward(dx, dy, self.last_x)
        return dx
