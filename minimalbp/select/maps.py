"""Selectors for Conv2d of whole positions or whole channels, which leave its products dense, but smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from .base import Selector, SomeUnits, Whole
from .units import TopK, UnifiedTopK


@dataclass(frozen=True)
class Positions(SomeUnits):
    """Choose for each example k positions of the output of a Conv2d, each with all its channels.

    They are those of largest energy, which is the sum of dy² over the channels. Ties go to the lower position,
    counted row by row; NaN counts as larger than infinity. Linear layers have no positions and refuse it.

    Parameters
    ----------
    k : int, optional
        How many positions of each example. Above their number it is clipped to it, and the layer runs dense.
    ratio : float, optional
        The same as a share of the positions, in (0, 1]: rounded, at least one. Give either k or ratio.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range.

    Examples
    --------
    One example with three positions and two channels:

    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> from minimalbp.backend import Buffers
    >>> be = mbp.get_backend("reference")
    >>> dy = np.array([[[1.0, 0.0], [3.0, -4.0], [0.0, 2.0]]])
    >>> mbp.Positions(2)(dy, be, Buffers(be, "float64"), None)
    Whole(axis='positions', which=array([1, 2], dtype=int32))
    """

    name: ClassVar[str] = "positions"
    whole: ClassVar[bool] = True

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Whole | None:
        batch, size, _ = dy.shape
        k = self.units(size)
        if k == size:
            return None
        index = buf.get("select.positions", (batch, k), "int32")
        be.select.positions(index, buf.get("select.energy", (batch, size)), dy)
        return Whole(self.name, index.reshape(-1))

    def for_vectors(self) -> Selector:
        """TopK with the same k or ratio: each example has its own choice."""
        return TopK(self.k, self.ratio)


@dataclass(frozen=True)
class Channels(SomeUnits):
    """Choose k channels of the output of a Conv2d, the same for the whole batch, each with all its positions.

    They are those of largest energy, which is the sum of dy² over the positions of all examples. Ties go to the
    lower channel; NaN counts as larger than infinity. Linear layers refuse it: their units are chosen in the same
    way by UnifiedTopK(k, score="l2").

    Parameters
    ----------
    k : int, optional
        How many channels. Above their number it is clipped to it, and the layer runs dense.
    ratio : float, optional
        The same as a share of the channels, in (0, 1]: rounded, at least one. Give either k or ratio.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range.

    Examples
    --------
    Two examples with one position and three channels:

    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> from minimalbp.backend import Buffers
    >>> be = mbp.get_backend("reference")
    >>> dy = np.array([[[1.0, 2.0, 0.0]], [[1.0, 2.0, -3.0]]])
    >>> mbp.Channels(2)(dy, be, Buffers(be, "float64"), None)
    Whole(axis='channels', which=array([1, 2], dtype=int32))
    """

    name: ClassVar[str] = "channels"
    whole: ClassVar[bool] = True

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Whole | None:
        channels = dy.shape[2]
        k = self.units(channels)
        if k == channels:
            return None
        index, energy = buf.get("select.channels", (1, k), "int32"), buf.get("select.energy", (1, channels))
        be.select.score(energy[0], dy.reshape(-1, channels), be.select.SCORES.index("l2"))
        be.select.top_k(index, energy)
        return Whole(self.name, index[0])

    def for_vectors(self) -> Selector:
        """UnifiedTopK by energy with the same k or ratio: one choice for the batch."""
        return UnifiedTopK(self.k, self.ratio, "l2")
