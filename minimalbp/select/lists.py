"""Selectors that choose for each example as many units as it needs: draws, each sign's largest, the smallest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import unknown
from .base import Choice, Lists, SomeUnits

OVER = ("example", "batch")


@dataclass(frozen=True)
class Systematic(SomeUnits):
    """Draw at most k units for each example, such that the gradient stays unbiased: systematic sampling.

    Points lie one step = sum |dy| / k apart on the running sum of |dy|, the first of them at random. A unit that h
    points fall on gets the gradient sign(dy) h step; one that none falls on gets none. The expectation is dy, the
    largest units are always chosen, and one pass over dy is enough.

    Parameters
    ----------
    k : int, optional
        How many points for each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one. Give either k or ratio.
    over : {"example", "batch"}, default "example"
        Whether every example has k points of its own, or all examples of a batch share k times as many as they are,
        so that each gets what its gradient deserves.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range, or `over` is unknown.

    References
    ----------
    Wangni, Wang, Liu and Zhang (2018), "Gradient Sparsification for Communication-Efficient Distributed
    Optimization": unbiased sparse gradients. Madow (1949), "On the theory of systematic sampling, II".

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.Systematic(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((1, 2)))
    >>> dx = net.backward(np.array([[1.0, 0.5, -9.0, 0.5]]))
    >>> start, unit, value = layer.last_choice
    >>> unit[: start[-1]], value[: start[-1]]  # two points, 5.5 apart: both fall on unit 2
    (array([2], dtype=int32), array([-11.]))
    """

    over: str = "example"
    name: ClassVar[str] = "systematic"
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.over not in OVER:
            raise unknown("over", self.over, OVER)

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Choice:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        assert rng is not None
        u = buf.get("u", (batch if self.over == "example" else 1,), "float64")
        rng.random(out=u)
        lists = room(buf, batch, k)
        getattr(be.select, self.name)(*lists, dy, u, k)
        return lists


@dataclass(frozen=True)
class Threshold(Systematic):
    """Draw as Systematic does, but keep the largest gradients as they are: chance decides about small ones only.

    Units with |dy| of at least tau are chosen for sure. The others are drawn with a probability of |dy| / tau, and
    then have the gradient sign(dy) tau. tau is such that k units are chosen in all.

    Parameters
    ----------
    k : int, optional
        How many units for each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one. Give either k or ratio.
    over : {"example", "batch"}, default "example"
        Whether every example has k units, or all examples of a batch share k times as many as they are.

    Raises
    ------
    BadInput
        As Systematic does.

    References
    ----------
    Wangni, Wang, Liu and Zhang (2018), "Gradient Sparsification for Communication-Efficient Distributed
    Optimization", section 3: these probabilities have the least variance for so many units.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.Threshold(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((1, 2)))
    >>> dx = net.backward(np.array([[1.0, 0.5, -9.0, 0.5]]))
    >>> start, unit, value = layer.last_choice
    >>> value[: start[-1]]  # one of the small ones stands for all three of them
    array([ 2., -9.])
    """

    name: ClassVar[str] = "threshold"


@dataclass(frozen=True)
class Signs(SomeUnits):
    """Choose for each example the (k + 1) // 2 largest positive gradients and the k // 2 largest negative ones.

    So the chosen gradients of an example pull both ways. Where there are fewer of a sign, fewer are chosen.

    Parameters
    ----------
    k : int, optional
        How many units of each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one unit. Give either k or ratio.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.Signs(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((1, 2)))
    >>> dx = net.backward(np.array([[1.0, 3.0, 2.0, -0.5]]))
    >>> layer.last_choice.value
    array([ 3. , -0.5])
    """

    name: ClassVar[str] = "signs"

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Choice:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        lists = room(buf, batch, k)
        be.select.signs(*lists, dy, k)
        return lists


@dataclass(frozen=True)
class BottomK(SomeUnits):
    """Choose for each example the k units of smallest |dy| that are not zero: a control, which top-k must beat.

    Where fewer are not zero, fewer are chosen. Ties go to the lower unit; NaN counts as larger than infinity.

    Parameters
    ----------
    k : int, optional
        How many units of each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one unit. Give either k or ratio.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.BottomK(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((1, 2)))
    >>> dx = net.backward(np.array([[1.0, 0.0, 3.0, -0.5]]))
    >>> layer.last_choice.value
    array([ 1. , -0.5])
    """

    name: ClassVar[str] = "bottom"

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Choice:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        lists = room(buf, batch, k)
        be.select.bottom_k(*lists, dy, k)
        return lists


def room(buf: Buffers, batch: int, k: int) -> Lists:
    """Memory for the lists of a batch, k units for each example."""
    size = (batch * k,)
    return Lists(
        buf.get("start", (batch + 1,), "int32"), buf.get("unit", size, "int32"), buf.get("size", size)
    )
