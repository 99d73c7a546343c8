"""Centring: the running mean of a layer's input, and the input without it."""

from __future__ import annotations

from ..backend import Array, Backend
from ..errors import unknown
from ..param import Param
from .base import later
from .units import Units

CENTER = ("off", "dw", "forward")
LEAST_RATE = 0.01


def check_center(center: str) -> str:
    """`center`, if it is a known way. Raises BadInput for others."""
    if center not in CENTER:
        raise unknown("center", center, CENTER)
    return center


class RunningMean:
    """The running mean mu of the input of a layer, in two arrays that belong to the network's files.

    mu begins as the mean of the first batch, so that a first batch of one example leaves nothing of it. After the
    t-th batch it moves by max(0.01, 1 / t) of the way to the mean of that batch.

    Attributes
    ----------
    mean : Param, shape (n_in,)
    seen : Param, shape (1,)
        How many batches it has seen.
    """

    def __init__(self, be: Backend, dtype: str, prefix: str, n_in: int):
        self.mean = Param(f"{prefix}.mean", be.empty((n_in,), dtype), be)
        self.seen = Param(f"{prefix}.seen", be.empty((1,), dtype), be)

    def subtract(self, be: Backend, out: Array, x: Array, *, learn: bool) -> Array:
        """out = x - mu, returned. Then mu moves, if the layer is to `learn`."""
        mean, rate = self.mean.value, self.rate() if learn else 0.0
        if rate == 1:  # the first batch
            be.linear.center(out, mean, x, rate)
            rate = 0.0
        be.linear.center(out, mean, x, rate)
        return out

    def rate(self) -> float:
        """How far mu moves at the next batch, which is counted as seen; 1 at the first."""
        t = self.seen.value.item() + 1
        self.seen.value[0] = t
        return max(LEAST_RATE, 1 / float(t))

    def arrays(self) -> list[Param]:
        """Both, in the order in which files name them."""
        return [self.mean, self.seen]


class Centered(Units):
    """A layer of units that may centre its input; `bind` sets its running mean."""

    center: str
    _running: RunningMean | None = later()

    @property
    def mean(self) -> Param | None:
        """The running mean of the inputs; None where `center` is "off"."""
        return None if self._running is None else self._running.mean

    def statistics(self) -> list[Param]:
        return [] if self._running is None else self._running.arrays()

    def _centered(self, x: Array, *, learn: bool) -> Array:
        """x - mu. Then mu moves, if the layer is to `learn`."""
        assert self._running is not None
        return self._running.subtract(self.be, self.buf.get("centered", x.shape), x, learn=learn)

    def _center_setting(self) -> dict[str, str]:
        """What `settings` says of it."""
        return {} if self.center == "off" else {"center": self.center}
