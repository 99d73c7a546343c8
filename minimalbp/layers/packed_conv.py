"""A convolution with some columns only: what is left of Conv2d when the others were pruned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput
from ..param import Param
from ..seeds import Streams
from ..select import Choice, Selector
from .base import later
from .columns import SomeColumns, check_columns
from .conv import Conv2d
from .maps import check_maps, maps, pixels
from .packed_sparse import backward
from .window import Pair


class PackedConv2d(SomeColumns, Conv2d):
    """A convolution of which only some columns of the weight are there.

    A column is one channel at one place of the window, over all filters. The layer computes what a Conv2d with
    zeros in the other columns computes, in about as much less time as there are fewer columns. Its backward pass
    may be sparse too.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the input, with those that are not read, and filters.
    kernel_size : int or (int, int)
        Height and width of a window, in pixels.
    columns : int or sequence of int
        Which columns are there: channel c at line i and column j of the window has the number c kh kw + i kw + j.
        Or how many, before weights are loaded that say which.
    stride : int or (int, int), default 1
        Pixels from one window to the next.
    padding : int or (int, int), default 0
        Zeros on each side of the picture.
    select : Selector, default Dense()
        Which entries of each picture's gradient are kept, as in Conv2d.
    init : {"glorot_uniform", "glorot_normal", "he", "meprop_wide"}, default "glorot_uniform"
        The distribution of the initial weights, which are those of the dense layer.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Whether the bias gets the whole gradient, or that of the chosen entries.

    Attributes
    ----------
    weight : Param, shape (out_channels, n)
    bias : Param, shape (out_channels,), or None
    columns : Param of int32, shape (n,)
        The columns that are there, in the order of memory: by lines, then places in a line, then channels. It has
        no gradient, and files hold it.

    Raises
    ------
    BadInput
        When a column is out of range or there twice, and as Conv2d does.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), "Structured Probabilistic Pruning for Convolutional Neural Network
    Acceleration", arXiv 1709.06994.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.PackedConv2d(2, 1, 3, [4, 9], padding=1, init="he"), backend="reference")
    >>> net.children[0].columns.value  # the upper left of channel 1 comes first, then the middle of channel 0
    array([9, 4], dtype=int32)
    >>> net.children[0].weight.value[...] = [[10, 1]]
    >>> net([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])
    array([[[[ 1.,  2.],
             [ 3., 54.]]]], dtype=float32)
    >>> net.children[0].unpacked().shape
    (1, 2, 3, 3)
    """

    last_inside: Array = later()  # where the columns lie in a window of the last forward

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        columns: int | Sequence[int] | Array,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        *,
        select: Selector | None = None,
        init: str = "glorot_uniform",
        bias: bool = True,
        bias_rows: str = "all",
    ):
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding,
            select=select, init=init, bias=bias, bias_rows=bias_rows,
        )  # fmt: skip
        self.taps = self.kernel_size[0] * self.kernel_size[1]
        found = check_columns(columns, self.in_channels * self.taps)
        self._first_columns = found[np.argsort(_places(found, self.in_channels, self.kernel_size, 0))]

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        self._bind_columns(be)

    def _first(self, rng: np.random.Generator) -> Array:
        return super()._first(rng).reshape(self.out_channels, -1)[:, self._first_columns]

    def forward(self, x: Array, *, train: bool = True, low: float = -math.inf) -> Array:
        """The output for x; what is below `low` becomes `low`, so that 0 includes a ReLU in it.

        Only without `low` does `backward` belong to it.
        """
        check_maps(x, self.in_channels, self)
        self._window = win = self._look(x)
        x = pixels(x, self.be, self.buf, "x")
        self.last_x, batch = x, len(x)
        self.last_inside = self._inside(win.padded[1])
        self.last_xp = self.buf.get("xp", (batch, *win.padded, self.in_channels))
        y = self.buf.get("y", (batch, win.positions, self.out_channels))
        self.be.packed.forward(
            y, self.last_xp, x, self.weight.value, self._b, win.corner, self.last_inside, low
        )
        return maps(y.reshape(batch, *win.outputs, self.out_channels))

    def _inside(self, width: int) -> Array:
        """Where the columns lie in a window of pictures of this width. Raises BadInput where they cannot."""
        found = _checked_places(self.columns.value.tobytes(), self.in_channels, self.kernel_size, width)
        if found is None:  # kernels check nothing
            raise BadInput(
                f"{self.label} has columns that are not numbers below {self.in_channels * self.taps} in the order "
                "of memory; load the weights of a packed network"
            )
        return found

    def _products(self, dy: Array, choice: Choice, dx: Array | None) -> Any:
        return backward(self, dy, self.last_inside, choice, dx)

    def unpacked(self) -> Array:
        """The dense weight, (out_channels, in_channels, kh, kw), with zeros in the columns that are not there."""
        w = self._spread_weight(self.in_channels * self.taps)
        return w.reshape(self.out_channels, self.in_channels, *self.kernel_size)

    def statistics(self) -> list[Param]:
        return [self.columns]

    def resize(self) -> None:
        self.in_channels = self._renumber() or self.in_channels
        self.out_channels = len(self.weight.value)
        self._b = self._b[: self.out_channels] if self.bias is None else self.bias.value

    def settings(self) -> dict[str, Any]:
        columns = len(self.columns.value if "columns" in vars(self) else self._first_columns)
        return super().settings() | {"columns": columns}


def _places(columns: Array, channels: int, kernel: Pair, width: int) -> Array:
    """Where columns lie from the beginning of a window, int64, in pictures of this width; 0: in a window alone."""
    channel, place = np.divmod(columns.astype(np.int64), kernel[0] * kernel[1])
    line, across = np.divmod(place, kernel[1])
    return (line * (width or kernel[1]) + across) * channels + channel


@lru_cache(maxsize=256)
def _checked_places(columns: bytes, channels: int, kernel: Pair, width: int) -> Array | None:
    """The same for columns as the bytes of int32; None where they are out of range or out of order."""
    found = np.frombuffer(columns, np.int32)
    if found.size and not 0 <= found.min() <= found.max() < channels * kernel[0] * kernel[1]:
        return None
    places = _places(found, channels, kernel, width)
    return places if (np.diff(places) > 0).all() else None
