"""Pooling: one number for each window of each channel, the largest or the mean."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..errors import BadInput
from .base import Layer, later
from .maps import check_maps, maps, pixels
from .window import Pair, check_size


class _Pool(Layer):
    """The sizes and the memory of a pooling layer."""

    channelwise = True
    _shape: tuple[int, ...] = later()  # of the last input, as pixels
    _window: tuple[int, ...]  # sizes, strides and padding, as kernels take them

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        *,
        ceil_mode: bool = False,
    ):
        self.kernel_size = check_size("kernel_size", kernel_size, least=1)
        self.stride = self.kernel_size if stride is None else check_size("stride", stride, least=1)
        self.padding, self.ceil_mode = check_size("padding", padding, least=0), bool(ceil_mode)
        if any(2 * p > size for p, size in zip(self.padding, self.kernel_size)):
            raise BadInput(
                f"padding must be at most half of kernel_size {self.kernel_size}, not {self.padding}; "
                "a window outside of the picture would have nothing to pool"
            )
        self._window = (*self.kernel_size, *self.stride, *self.padding)

    def _inputs(self, x: Array) -> tuple[Array, tuple[int, ...]]:
        """x as pixels, and the shape of y as pixels."""
        check_maps(x, None, self)
        x = pixels(x, self.be, self.buf, "x")
        self._shape = x.shape
        batch, height, width, channels = x.shape
        down, across = self._outputs(height, 0), self._outputs(width, 1)
        if down < 1 or across < 1:
            raise BadInput(
                f"{self.label} has a window of {self.kernel_size[0]} x {self.kernel_size[1]} but gets pictures of "
                f"{height + 2 * self.padding[0]} x {width + 2 * self.padding[1]}, padding included; "
                "use larger pictures or a smaller window"
            )
        return x, (batch, down, across, channels)

    def _outputs(self, length: int, axis: int) -> int:
        """How many windows there are along an axis."""
        size, stride, padding = self.kernel_size[axis], self.stride[axis], self.padding[axis]
        room = length + 2 * padding - size
        if not self.ceil_mode:
            return room // stride + 1
        count = -(-room // stride) + 1
        return count - (
            (count - 1) * stride >= length + padding
        )  # no window begins in the padding at the end

    def _gradients(self, dy: Array) -> tuple[Array, Array]:
        """(dx, dy) as pixels."""
        return self.buf.get("dx", self._shape), pixels(dy, self.be, self.buf, "dy")

    def out_features(self, n: int | None) -> int | None:
        return None  # pictures have no width

    def settings(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kernel_size": self.kernel_size}
        found |= {"stride": self.stride} if self.stride != self.kernel_size else {}
        found |= {"padding": self.padding} if self.padding != (0, 0) else {}
        return found | ({"ceil_mode": True} if self.ceil_mode else {})


class MaxPool2d(_Pool):
    """The largest entry of each window, for each channel of its own.

    Backward: the gradient goes to the entry that was the largest. Of equal ones that is the first, row by row.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a window, in pixels.
    stride : int or (int, int), optional
        Pixels from one window to the next; by default `kernel_size`.
    padding : int or (int, int), default 0
        Pixels on each side of the picture that never win. At most half of `kernel_size`.
    ceil_mode : bool, default False
        Whether a window at the end may reach beyond the picture, as long as it begins inside. Only its part inside
        counts.

    Raises
    ------
    BadInput
        When a size is out of range; at the first batch, when the pictures are smaller than a window.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.MaxPool2d(2), backend="reference")
    >>> net([[[[1, 2, 5], [4, 3, 6]]]])
    array([[[[4.]]]], dtype=float32)
    """

    last_winner: Array = later()  # which pixel each output was, row by row; after an evaluation backward asks
    _last: tuple[Array, Array] = later()  # the pixels of the last input and output

    def forward(self, x: Array, *, train: bool = True) -> Array:
        x, shape = self._inputs(x)
        y = self.buf.get("y", shape)
        if train:
            self.last_winner = self.buf.get("winner", shape, "int32")
            self.be.pool.max_forward(y, self.last_winner, x, self._window)
        else:  # several times as fast
            vars(self).pop("last_winner", None)
            self.be.pool.max_only(y, x, self._window)
        self._last = x, y
        return maps(y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._gradients(dy)
        x, y = self._last
        if "last_winner" not in vars(self):  # after an evaluation
            self.last_winner = self.buf.get("winner", y.shape, "int32")
            self.be.pool.max_forward(y, self.last_winner, x, self._window)
        self.be.pool.max_backward(dx, dy, self.last_winner)
        return maps(dx)


class AvgPool2d(_Pool):
    """The mean of each window, for each channel of its own.

    Backward: each entry of a window gets its share of the gradient.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a window, in pixels.
    stride : int or (int, int), optional
        Pixels from one window to the next; by default `kernel_size`.
    padding : int or (int, int), default 0
        Zeros on each side of the picture, which count as entries. At most half of `kernel_size`.
    ceil_mode : bool, default False
        Whether a window at the end may reach beyond the padded picture, as long as it begins inside the picture.
        What lies beyond does not count.

    Raises
    ------
    BadInput
        When a size is out of range; at the first batch, when the pictures are smaller than a window.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.AvgPool2d(2, stride=1), backend="reference")
    >>> net([[[[1, 2, 5], [4, 3, 6]]]])
    array([[[[2.5, 4. ]]]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True) -> Array:
        x, shape = self._inputs(x)
        y = self.buf.get("y", shape)
        self.be.pool.average_forward(y, x, self._window)
        return maps(y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dx, dy = self._gradients(dy)
        self.be.pool.average_backward(dx, dy, self._window)
        return maps(dx)
