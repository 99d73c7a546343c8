"""Local response normalisation: each entry divided by a power of what is around it."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..errors import BadInput, check_float, check_int, unknown
from .base import Layer, later
from .maps import check_maps, maps, pixels

OVER = ("channels", "window")


class LocalResponseNorm(Layer):
    """Divide each entry by a power of the mean square around it: y = x / (k + alpha mean)^beta.

    The mean is over `size` entries, with zeros where there are none. Backward: of the mean too, which depends on x.

    Parameters
    ----------
    size : int
        How many channels, or how many pixels down and across.
    alpha, beta, k : float, default 1e-4, 0.75 and 1
        As in the formula; k is larger than 0. (A paper whose alpha multiplies the sum means size times as much.)
    over : {"channels", "window"}, default "channels"
        "channels": around channel c are the channels c - size // 2 to c + (size - 1) // 2 of the same pixel, as in
        PyTorch. "window": around a pixel are size x size pixels of the same channel, for odd sizes, as Caffe's
        WITHIN_CHANNEL; the mean always divides by size x size.

    Raises
    ------
    BadInput
        When a number is out of range, or `over` is unknown.

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012), "ImageNet Classification with Deep Convolutional Neural Networks",
    section 3.3.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.LocalResponseNorm(3, alpha=3, beta=1), backend="reference")
    >>> net([[[[1]], [[2]], [[0]]]]).ravel()  # 1 / (1 + 1 + 4), 2 / (1 + 1 + 4), 0
    array([0.16666667, 0.33333334, 0.        ], dtype=float32)
    """

    last_x: Array = later()  # of the last forward, pixels, like the next two
    last_y: Array = later()
    last_scale: Array = later()  # what the power is of

    def __init__(
        self, size: int, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0, over: str = "channels"
    ):
        self.size = check_int("size", size, least=1)
        self.alpha, self.beta = check_float("alpha", alpha, 0), check_float("beta", beta, 0)
        self.k = check_float("k", k, 0, open_low=True)
        if over not in OVER:
            raise unknown("over", over, OVER)
        if over == "window" and size % 2 == 0:
            raise BadInput(f"size must be odd over a window, not {size}; use {size + 1}")
        self.channelwise = (
            over == "window"
        )  # over channels another one would come into the place of a removed one
        self.over, self._box = over, (1, 1, size) if over == "channels" else (size, size, 1)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        check_maps(x, None, self)
        x = self.last_x = pixels(x, self.be, self.buf, "x")
        self.last_y, self.last_scale = self.buf.get("y", x.shape), self.buf.get("scale", x.shape)
        self.be.norm.response_forward(
            self.last_y, self.last_scale, x, self._box, self.alpha, self.beta, self.k
        )
        return maps(self.last_y)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dy = pixels(dy, self.be, self.buf, "dy")
        dx, work = self.buf.get("dx", dy.shape), self.buf.get("work", dy.shape)
        self.be.norm.response_backward(
            dx, dy, self.last_y, self.last_scale, self.last_x, self._box, self.alpha, self.beta, work
        )
        return maps(dx)

    def out_features(self, n: int | None) -> int | None:
        return None  # pictures have no width

    def settings(self) -> dict[str, Any]:
        more = {"alpha": self.alpha, "beta": self.beta, "k": self.k, "over": self.over}
        plain = {"alpha": 1e-4, "beta": 0.75, "k": 1.0, "over": "channels"}
        return {"size": self.size} | {name: v for name, v in more.items() if v != plain[name]}
