"""What all convolutions share: the gradient of maps, the choice among its entries, and what is known of it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput
from ..param import Param, RowGrad
from ..select import Choice, Selector
from .base import clipped, later
from .conv_sparse import count_choice
from .maps import maps, pixels
from .units import Units
from .window import Pair, Window


class Convolution(Units):
    """A layer whose units are filters, each with an output at every position of a window.

    A subclass says with `_products` how its gradients are computed.
    """

    takes_maps = True
    kernel_size: Pair
    stride: Pair
    padding: Pair
    out_channels: int
    select: Selector
    bias_rows: str
    has_bias: bool
    bias: Param | None = later()
    last_x: Array = later()  # the input of the last forward, pixels
    last_y: Array = later()  # the output of the last forward, (batch, P, filters)
    last_dy: Array = later()  # of the last backward, (batch, P, filters)
    last_choice: Choice = later()  # what `select` chose there
    _chosen: Any = later()  # that choice as `count_choice` takes it
    _window: Window = later()

    def _look(self, x: Array) -> Window:
        """The window's positions on these pictures."""
        last, size = vars(self).get("_window"), x.shape[2:]
        if last is not None and last.size == size:  # to find it by name takes microseconds
            return last
        return Window.of(size, self.kernel_size, self.stride, self.padding, self.label)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        win, batch = self._window, len(self.last_x)
        if dy.shape != (batch, self.out_channels, *win.outputs):
            wanted = (batch, self.out_channels, *win.outputs)
            raise BadInput(
                f"{self.label} gave {wanted} but gets a gradient of {dy.shape}; the two must be equal"
            )
        self._before_backward()
        dx = self.buf.get("dx", self.last_x.shape) if need_dx else None
        dy = pixels(dy, self.be, self.buf, "dy").reshape(batch, win.positions, self.out_channels)
        flat = dy if self.select.whole else dy.reshape(batch, -1)
        self.last_dy, self.last_choice = dy, self.select(flat, self.be, self.buf, self.rng)
        if self.bias is not None and (self.last_choice is None or self.bias_rows == "all"):
            db = self.buf.get("db", (self.out_channels,))
            self.be.linear.db_all(db, dy.reshape(-1, self.out_channels))
            self.bias.grad = RowGrad(None, db)
        self._chosen = self._products(dy, self.last_choice, dx)
        return None if dx is None else maps(dx)

    def _before_backward(self) -> None:
        """Called when a gradient has come."""

    @abstractmethod
    def _products(self, dy: Array, choice: Choice, dx: Array | None) -> Any:
        """Set the gradients and write dx; returns the choice as `count_choice` takes it."""

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

    @property
    def units(self) -> int:
        return self.out_channels

    def count(self, hits: Array) -> int:
        """As in `Units`, with a position of a picture in the place of an example."""
        count_choice(self.be, hits[0], self._chosen)
        return self.last_dy.shape[0] * self.last_dy.shape[1]

    def note(self) -> str | None:
        if self.select.whole or "_window" not in vars(self):
            return None
        return clipped(self.select, self._window.positions * self.out_channels, self.label)

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows}

    def _more_settings(self) -> dict[str, Any]:
        """What `settings` says of the window beyond its size, and of the bias, where it is not the default."""
        more = {"stride": self.stride, "padding": self.padding}
        plain = {"stride": (1, 1), "padding": (0, 0)}
        return {k: v for k, v in more.items() if v != plain[k]} | ({} if self.has_bias else {"bias": False})
