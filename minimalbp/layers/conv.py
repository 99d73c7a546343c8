"""Convolution of pictures as a matrix product, and minimal-effort back propagation through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import check_int
from ..param import Param
from ..seeds import Streams
from ..select import Choice, Selector
from .base import later
from .centering import Centered, RunningMean, check_center
from .choice import check_bias_rows, given_select
from .conv_sparse import backward
from .convolution import Convolution
from .initialisers import get_initialiser
from .maps import check_maps, maps, pixels
from .units import Cut
from .window import check_size


class Conv2d(Convolution, Centered):
    """A convolution, y = W * x + b, whose backward pass may be sparse.

    It is a linear layer that sees each window of a picture as an example. So the gradient of a picture has an entry
    for each position and filter, and `select` chooses among all of them (meProp for CNNs).

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the input, and filters.
    kernel_size : int or (int, int)
        Height and width of a window, in pixels.
    stride : int or (int, int), default 1
        Pixels from one window to the next.
    padding : int or (int, int), default 0
        Zeros on each side of the picture.
    select : Selector, default Dense()
        Which of the P M entries of each picture's gradient are kept, for P positions and M filters: k, or a
        ratio of P M. `Positions` and `Channels` keep whole positions, or filters.
    init : {"glorot_uniform", "glorot_normal", "he", "meprop_wide"}, default "glorot_uniform"
        The distribution of the initial weights. A filter has in_channels kh kw inputs, and a pixel reaches
        out_channels kh kw outputs.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Whether the bias gets the whole gradient, or that of the chosen entries.
    center : {"off", "dw", "forward"}, default "off"
        What is done with the running mean of each input channel, as in Linear. It is taken from the padding too, so
        that the layer computes what another bias would give.

    Attributes
    ----------
    weight : Param, shape (out_channels, in_channels, kh, kw)
    bias : Param, shape (out_channels,), or None
    mean : Param, shape (in_channels,), or None
    last_choice : Choice
        What `select` chose in the last backward pass.

    Raises
    ------
    BadInput
        When a size is out of range, a name is unknown, or `select` is not a selector; at the first batch, when the
        pictures do not fit.

    References
    ----------
    Wei, Sun, Ren and Xu (2017), "Minimal Effort Back Propagation for Convolutional Neural Networks", arXiv
    1709.05804.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Conv2d(3, 8, 5, padding=2, select=mbp.TopK(ratio=0.05))
    >>> net = mbp.Sequential(layer, backend="reference")
    >>> net.forward(np.ones((2, 3, 6, 6), "float32")).shape
    (2, 8, 6, 6)
    >>> dx = net.backward(np.ones((2, 8, 6, 6), "float32"))
    >>> layer.last_choice.shape  # 5 % of 36 positions and 8 filters
    (2, 14)
    """

    weight: Param = later()
    last_xp: Array = later()  # the input of the last forward, pixels with their padding
    step_mean: Array = later()  # the mean that the last pass took away from the input
    _b: Array  # the value of the bias, or zeros
    _w: Array = later()  # the weights of the last forward as kernels take them, (filters, kh, kw, channels)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        *,
        select: Selector | None = None,
        init: str = "glorot_uniform",
        bias: bool = True,
        bias_rows: str = "all",
        center: str = "off",
    ):
        self.in_channels = check_int("in_channels", in_channels, least=1)
        self.out_channels = check_int("out_channels", out_channels, least=1)
        self.kernel_size = check_size("kernel_size", kernel_size, least=1)
        self.stride = check_size("stride", stride, least=1)
        self.padding = check_size("padding", padding, least=0)
        self.select, self.bias_rows = given_select(select, maps=True), check_bias_rows(bias_rows)
        self._init, self.has_bias = get_initialiser(init), bool(bias)
        self.center = check_center(center)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        prefix = ".".join(map(str, path))
        self.weight = Param(
            f"{prefix}.weight", be.put(self._first(streams.generator("init", *path)), dtype), be
        )
        zero = be.empty((self.out_channels,), dtype)
        self.bias = Param(f"{prefix}.bias", zero, be) if self.has_bias else None
        self._b = zero
        self._running = None if self.center == "off" else RunningMean(be, dtype, prefix, self.in_channels)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def _first(self, rng: np.random.Generator) -> Array:
        """The initial weights."""
        taps = int(np.prod(self.kernel_size))
        w = self._init(rng, self.out_channels * taps, self.in_channels * taps)
        return w[: self.out_channels].reshape(self.out_channels, self.in_channels, *self.kernel_size)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        check_maps(x, self.in_channels, self)
        self._window = win = self._look(x)
        x = pixels(x, self.be, self.buf, "x")
        self.last_x = x
        b = self._b
        if self.center == "forward":
            self.step_mean = self._step_mean(x, learn=train)
            b = self._bias_without(self.step_mean)
        self.last_xp = self.buf.get("xp", (len(x), *win.padded, self.in_channels))
        y = self.buf.get("y", (len(x), win.positions, self.out_channels))
        self.read_weights()
        self.be.conv.forward(y, self.last_xp, x, self._w, b, win.corner)
        self.last_y = y
        return maps(y.reshape(len(x), *win.outputs, self.out_channels))

    def read_weights(self) -> None:
        """Take the weights as they are now: for the forward pass, and anew where backward is to see others."""
        self._w = self.buf.get("w", (self.out_channels, *self.kernel_size, self.in_channels))
        self.be.activation.copy(self._w, self.weight.value.transpose(0, 2, 3, 1))

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b of the same layer without `center`; where there is no bias, b is zeros."""
        if self.center != "forward":
            return self.weight.value, self._b
        assert self.mean is not None
        return self.weight.value, self._bias_without(self.mean.value)

    def _bias_without(self, mean: Array) -> Array:
        """b - W mu: the bias of a layer whose inputs keep their mean."""
        taps = self.kernel_size[0] * self.kernel_size[1]
        seen = self.buf.get("minus_mean", (1, self.in_channels, taps))
        self.be.activation.copy(seen, -mean[:, None])
        b = self.buf.get("b", (1, self.out_channels))
        self.be.linear.forward(
            b, seen.reshape(1, -1), self.weight.value.reshape(self.out_channels, -1), self._b
        )
        return b[0]

    def _step_mean(self, x: Array, *, learn: bool) -> Array:
        """The mean of this step, a copy. The running mean then moves towards x, at the first batch before it."""
        assert self._running is not None
        mean, rate = self._running.mean.value, self._running.rate() if learn else 0.0
        if rate == 1:
            self.be.conv.follow(mean, x, rate)
        used = self.buf.get("mean", mean.shape)
        self.be.activation.copy(used, mean)
        if 0 < rate < 1:
            self.be.conv.follow(mean, x, rate)
        return used

    def _before_backward(self) -> None:
        if self.center == "dw":
            self.step_mean = self._step_mean(self.last_x, learn=True)

    def _products(self, dy: Array, choice: Choice, dx: Array | None) -> Any:
        return backward(self, dy, self._w, choice, dx).chosen

    def parameters(self) -> list[Param]:
        return [self.weight] + ([self.bias] if self.bias is not None else [])

    def norms(self) -> Array:
        return np.linalg.norm(self.be.get(self.weight.value).reshape(self.out_channels, -1), axis=1)[None]

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        for p in self.parameters():
            yield Cut(p, 0, kept[0])

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        yield Cut(self.weight, 1, kept)
        if self.mean is not None:
            yield Cut(self.mean, 0, kept)

    def resize(self) -> None:
        self.out_channels, self.in_channels = self.weight.value.shape[:2]
        self._b = self._b[: self.out_channels] if self.bias is None else self.bias.value

    def settings(self) -> dict[str, Any]:
        sizes = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "kernel_size": self.kernel_size,
        }
        return sizes | self._more_settings() | self._center_setting()
