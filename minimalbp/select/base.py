"""Selectors: which output units of a layer get a gradient in this step.

A selector is called with dy (batch, n_out) and returns its choice, in one of four forms:

    None               every unit
    int32 (r,)         the same units for every example, ascending
    int32 (batch, k)   for each example its own units, ascending
    Lists              for each example its own units, ascending, as many as it needs, and their gradients

The units of a Conv2d are the entries of its output: number p M + m is channel m at position p. A selector of whole
positions or channels is for Conv2d alone. It is called with the same gradient as (batch, positions, channels), and
returns None or

    Whole              whole positions or whole channels
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import BadInput, check_float, check_int


class Lists(NamedTuple):
    """A list of units for each example, with their gradients.

    Parameters
    ----------
    start : int32 array (batch + 1,)
        The list of example e is start[e]:start[e + 1].
    unit : int32 array (n,), n >= start[-1]
        The units, in each list ascending. What follows start[-1] has no meaning.
    value : array of float (n,)
        Their gradients.
    """

    start: Array
    unit: Array
    value: Array


class Whole(NamedTuple):
    """Positions or channels of a feature map, chosen as a whole.

    Parameters
    ----------
    axis : {"positions", "channels"}
    which : int32 array (r,)
        Ascending. The chosen positions, of which number e P + p is position p of example e, with P positions in a
        map; or the chosen channels, the same for all examples and positions.
    """

    axis: str
    which: Array


@lru_cache(maxsize=256)
def even(batch: int, k: int) -> Array:
    """The `start` of lists that have k entries each."""
    return np.arange(0, batch * k + 1, k, dtype=np.int32)


Choice = Array | Lists | Whole | None


def masked(choice: Choice, picked: Array, shape: tuple[int, ...]) -> Array:
    """The dense gradient that a choice stands for: `picked` at the chosen units, zeros elsewhere.

    Parameters
    ----------
    choice : None, array of int32, Lists or Whole
        As a selector returns it.
    picked : array of float
        The gradients of the chosen units, as `Linear.last_picked` has them. Of whole positions they are
        (r, channels), of whole channels (batch, positions, r).
    shape : tuple of int
        (batch, n_out), for Whole (batch, positions, channels).

    Returns
    -------
    array of float, of that shape

    Examples
    --------
    >>> masked(np.array([0, 2]), np.array([[1.0, 3.0], [4.0, 6.0]]), (2, 3))
    array([[1., 0., 3.],
           [4., 0., 6.]])
    """
    if choice is None:
        return picked
    dy = np.zeros(shape, picked.dtype)
    if isinstance(choice, Whole) and choice.axis == "positions":
        dy.reshape(-1, shape[-1])[choice.which] = picked.reshape(-1, shape[-1])
    elif isinstance(choice, Whole):
        dy[..., choice.which] = picked.reshape(*shape[:-1], -1)
    elif isinstance(choice, Lists):
        n = choice.start[-1]
        dy[np.repeat(np.arange(len(dy)), np.diff(choice.start)), choice.unit[:n]] = picked[:n]
    else:
        np.put_along_axis(dy, np.broadcast_to(choice, picked.shape), picked, axis=1)
    return dy


class Selector(ABC):
    """The base of all selectors."""

    name: ClassVar[str]
    random: ClassVar[bool] = False  # whether __call__ needs a generator
    whole: ClassVar[bool] = False  # whether it chooses whole positions or channels of feature maps

    @abstractmethod
    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Choice:
        """The choice for dy, in one of the forms above. rng: a generator, if the selector is `random`."""

    def for_vectors(self) -> Selector:
        """What to take instead in a layer without positions and channels, which refuses this selector."""
        return self

    def units(self, n_out: int) -> int:
        """How many units of n_out are chosen."""
        return n_out

    def scale(self, n_out: int) -> float:
        """The factor by which the gradients of the chosen units are multiplied."""
        return 1.0

    def describe(self) -> dict[str, Any]:
        """Name and settings, for run.json."""
        return {"name": self.name}


@dataclass(frozen=True)
class Dense(Selector):
    """Choose every unit: ordinary back propagation.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Linear(2, 4, select=mbp.Dense()), backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((1, 2)))
    >>> dx = net.backward(np.array([[1.0, 2.0, 3.0, -4.0]]))
    >>> net.children[0].last_choice is None
    True
    """

    name: ClassVar[str] = "dense"

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> None:
        return None


@dataclass(frozen=True)
class SomeUnits(Selector):
    """The base of selectors that choose k units, or a ratio of the layer's width (rounded, at least 1).

    A k above the width is clipped to the width, and the layer then runs dense. Raises BadInput unless exactly one
    of the two is given, k an int of at least 1 or the ratio in (0, 1].
    """

    k: int | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        if (self.k is None) == (self.ratio is None):
            raise BadInput(
                f"{type(self).__name__} takes either k or ratio, not {self.k!r} and {self.ratio!r}"
            )
        if self.k is not None:
            object.__setattr__(self, "k", check_int("k", self.k, least=1))
        else:
            object.__setattr__(self, "ratio", check_float("ratio", self.ratio, 0, 1, open_low=True))

    def units(self, n_out: int) -> int:
        k = self.k if self.k is not None else max(1, round(float(self.ratio or 0) * n_out))
        return min(k, n_out)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name} | {key: v for key, v in asdict(self).items() if v is not None}
