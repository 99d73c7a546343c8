"""Element-wise layers: y = f(x), and dx from dy and x or y, whichever the derivative is written in."""

from __future__ import annotations

from ..backend import Array
from .base import Layer, later
from .maps import maps, pixels


class _Elementwise(Layer):
    """Memory for y and dx. Each layer calls its own two kernels, on feature maps in the order of their memory."""

    elementwise = True
    last_x: Array = later()  # of the last forward; each layer keeps the one that its backward reads
    last_y: Array = later()

    def _y(self, x: Array) -> tuple[Array, Array]:
        x = pixels(x, self.be, self.buf, "x")
        return self.buf.get("y", x.shape), x

    def _dx(self, dy: Array) -> tuple[Array, Array]:
        dy = pixels(dy, self.be, self.buf, "dy")
        return self.buf.get("dx", dy.shape), dy


class ReLU(_Elementwise):
    """The rectifier, y = max(x, 0).

    Backward: dx = dy where y > 0, else 0.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.ReLU(), backend="reference")
    >>> net([[-1, 2]])
    array([[0., 2.]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y, x = self._y(x)
        self.be.activation.relu(self.last_y, x)
        return maps(self.last_y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._dx(dy)
        self.be.activation.relu_backward(dx, dy, self.last_y)
        return maps(dx)


class Tanh(_Elementwise):
    """The hyperbolic tangent, y = tanh x.

    Backward: dx = dy (1 - y²).

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Tanh(), backend="reference")
    >>> net([[-1, 2]]).round(3)
    array([[-0.762,  0.964]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y, x = self._y(x)
        self.be.activation.tanh(self.last_y, x)
        return maps(self.last_y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._dx(dy)
        self.be.activation.tanh_backward(dx, dy, self.last_y)
        return maps(dx)


class Sigmoid(_Elementwise):
    """The logistic function, y = 1 / (1 + exp(-x)).

    Backward: dx = dy y (1 - y).

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Sigmoid(), backend="reference")
    >>> net([[-1, 2]]).round(3)
    array([[0.269, 0.881]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self.last_y, x = self._y(x)
        self.be.activation.sigmoid(self.last_y, x)
        return maps(self.last_y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._dx(dy)
        self.be.activation.sigmoid_backward(dx, dy, self.last_y)
        return maps(dx)


class Cube(_Elementwise):
    """The cube, y = x³.

    Backward: dx = 3 x² dy.

    References
    ----------
    Chen and Manning (2014), "A Fast and Accurate Dependency Parser using Neural Networks".

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Cube(), backend="reference")
    >>> net([[-1, 2]])
    array([[-1.,  8.]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True) -> Array:
        y, self.last_x = self._y(x)
        self.be.activation.cube(y, self.last_x)
        return maps(y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._dx(dy)
        self.be.activation.cube_backward(dx, dy, self.last_x)
        return maps(dx)
