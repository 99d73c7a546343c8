"""Inverted dropout: outputs are scaled while training, so that nothing needs scaling afterwards."""

from __future__ import annotations

from typing import Any

from ..backend import Array, Backend
from ..errors import check_float
from ..seeds import Streams
from .base import Layer, later
from .maps import maps, pixels


class Dropout(Layer):
    """Set random entries to zero while training, and scale the others up.

    An entry is zero with probability p, and else multiplied by 1 / (1 - p), which keeps the mean. Outside training
    the output is the input.

    Parameters
    ----------
    p : float
        The share of entries that become zero, 0 to 0.999.

    Raises
    ------
    BadInput
        When p is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Dropout(0.5), backend="reference")
    >>> np.unique(net.forward(net.prepare(np.ones((9, 9)))))
    array([0., 2.], dtype=float32)
    >>> net([[1, 2]])
    array([[1., 2.]], dtype=float32)
    """

    elementwise = True
    _drawn: bool = later()  # whether the last forward drew the uniform numbers _u
    _u: Array

    def __init__(self, p: float):
        self.p = check_float("dropout", p, 0, 0.999)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        self.rng = streams.generator("dropout", *path)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self._drawn = train and self.p > 0
        if not self._drawn:
            return x
        x = pixels(x, self.be, self.buf, "x")
        self._u = self.buf.get("u", x.shape)
        assert self.rng is not None
        self.rng.random(out=self._u, dtype=self._u.dtype.type)
        y = self.buf.get("y", x.shape)
        self.be.activation.dropout(y, x, self._u, self.p)
        return maps(y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx or not self._drawn:
            return dy if need_dx else None
        dy = pixels(dy, self.be, self.buf, "dy")
        dx = self.buf.get("dx", dy.shape)
        self.be.activation.dropout_backward(dx, dy, self._u, self.p)
        return maps(dx)

    def settings(self) -> dict[str, Any]:
        return {"p": self.p}
