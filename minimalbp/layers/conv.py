"""Convolution of pictures as a matrix product, and minimal-effort back propagation through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_int
from ..param import Param, RowGrad
from ..seeds import Streams
from ..select import Choice, Selector
from .base import clipped, later
from .centering import Centered, RunningMean, check_center
from .choice import check_bias_rows, given_select
from .conv_sparse import backward, count_choice
from .initialisers import get_initialiser
from .maps import check_maps, maps, pixels
from .units import Cut
from .window import Window, check_size


class Conv2d(Centered):
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

    takes_maps = True
    weight: Param = later()
    bias: Param | None = later()
    last_x: Array = later()  # the input of the last forward, pixels
    last_xp: Array = later()  # with its padding
    step_mean: Array = later()  # the mean that the last pass took away from the input
    last_y: Array = later()  # the output of the last forward, (batch, P, filters)
    last_dy: Array = later()  # of the last backward, (batch, P, filters)
    last_choice: Choice = later()  # what `select` chose there
    _chosen: Any = later()  # that choice as `count_choice` takes it
    _b: Array  # the value of the bias, or zeros
    _w: Array = later()  # the weights of the last forward as kernels take them, (filters, kh, kw, channels)
    _window: Window = later()

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

    def _look(self, x: Array) -> Window:
        """The window's positions on these pictures."""
        last, size = vars(self).get("_window"), x.shape[2:]
        if last is not None and last.size == size:  # to find it by name takes microseconds
            return last
        return Window.of(size, self.kernel_size, self.stride, self.padding, self.label)

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

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        win, (batch, *size, channels) = self._window, self.last_xp.shape
        if dy.shape != (batch, self.out_channels, *win.outputs):
            wanted = (batch, self.out_channels, *win.outputs)
            raise BadInput(
                f"{self.label} gave {wanted} but gets a gradient of {dy.shape}; the two must be equal"
            )
        if self.center == "dw":
            self.step_mean = self._step_mean(self.last_x, learn=True)
        dx = None
        if need_dx:
            dx = self.buf.get(
                "dx", (batch, size[0] - 2 * win.padding[0], size[1] - 2 * win.padding[1], channels)
            )
        dy = pixels(dy, self.be, self.buf, "dy").reshape(batch, win.positions, self.out_channels)
        flat = dy if self.select.whole else dy.reshape(batch, -1)
        self.last_dy, self.last_choice = dy, self.select(flat, self.be, self.buf, self.rng)
        if self.bias is not None and (self.last_choice is None or self.bias_rows == "all"):
            db = self.buf.get("db", (self.out_channels,))
            self.be.linear.db_all(db, dy.reshape(-1, self.out_channels))
            self.bias.grad = RowGrad(None, db)
        self._chosen = self._products(dy, self.last_choice, dx)
        return None if dx is None else maps(dx)

    def _products(self, dy: Array, choice: Choice, dx: Array | None) -> Any:
        """Set the gradients and write dx; returns the choice as `count_choice` takes it."""
        return backward(self, dy, self._w, choice, dx).chosen

    @property
    def positions(self) -> int:
        """The number of positions of a window on the last pictures."""
        return self._window.positions

    def density(self) -> float | None:
        """The share of the entries of the last gradient that are not zero; None before the first."""
        if "last_dy" not in vars(self):
            return None
        return float(np.count_nonzero(self.be.get(self.last_dy)) / self.last_dy.size)

    def out_features(self, n: int | None) -> int | None:
        return None  # pictures have no width

    def parameters(self) -> list[Param]:
        return [self.weight] + ([self.bias] if self.bias is not None else [])

    @property
    def units(self) -> int:
        return self.out_channels

    def count(self, hits: Array) -> int:
        """As in `Units`, with a position of a picture in the place of an example."""
        count_choice(self.be, hits[0], self._chosen)
        return self.last_dy.shape[0] * self.last_dy.shape[1]

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

    def note(self) -> str | None:
        if self.select.whole or "_window" not in vars(self):
            return None
        return clipped(self.select, self._window.positions * self.out_channels, self.label)

    def settings(self) -> dict[str, Any]:
        sizes = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "kernel_size": self.kernel_size,
        }
        more = {"stride": self.stride, "padding": self.padding}
        plain = {"stride": (1, 1), "padding": (0, 0)}
        bias = {} if self.has_bias else {"bias": False}
        return sizes | {k: v for k, v in more.items() if v != plain[k]} | bias | self._center_setting()

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows}
