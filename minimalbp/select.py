"""Selectors: which output units of a linear layer get a gradient in this step.

A selector is called with dy (batch, n_out) and answers None (every unit), int32 (r,) (the same units for every
example) or int32 (batch, k) (each example its own), ascending.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from .backend import Array, Backend
from .buffers import Buffers
from .errors import BadInput, number, unknown, whole


class Selector(ABC):
    """The base of all selectors. `scale` multiplies the gradients of the chosen units."""

    name: ClassVar[str]
    random: ClassVar[bool] = False  # whether __call__ needs a generator

    @abstractmethod
    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        """The choice for dy, as the module says; rng: for those that are `random`."""

    def units(self, n_out: int) -> int:
        """How many units of n_out are chosen."""
        return n_out

    def scale(self, n_out: int) -> float:
        """By what the chosen gradients are multiplied."""
        return 1.0

    def describe(self) -> dict[str, Any]:
        """Name and settings, for run.json."""
        return {"name": self.name}


@dataclass(frozen=True)
class Dense(Selector):
    """Every unit: ordinary back propagation."""

    name: ClassVar[str] = "dense"

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> None:
        return None


@dataclass(frozen=True)
class _Some(Selector):
    """k units, given as a number or as a ratio of the layer's width (rounded, at least 1).

    A k above the width is clipped to it, and the layer then runs dense. Raises BadInput for k < 1, NaN or a
    fraction, for a ratio outside (0, 1], and unless exactly one of the two is given.
    """

    k: int | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        if (self.k is None) == (self.ratio is None):
            raise BadInput(
                f"{type(self).__name__} takes either k or ratio, not {self.k!r} and {self.ratio!r}"
            )
        if self.k is not None:
            object.__setattr__(self, "k", whole("k", self.k, least=1))
        else:
            object.__setattr__(self, "ratio", number("ratio", self.ratio, 0, 1, open_low=True))

    def units(self, n_out: int) -> int:
        k = self.k if self.k is not None else max(1, round(float(self.ratio or 0) * n_out))
        return min(k, n_out)

    def describe(self) -> dict[str, Any]:
        return {"name": self.name} | {key: v for key, v in asdict(self).items() if v is not None}


@dataclass(frozen=True)
class TopK(_Some):
    """Each example keeps its own k entries of largest |dy| (meProp, section 2.1: the definition)."""

    name: ClassVar[str] = "topk"

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        chosen = buf.get("chosen", (batch, k), "int32")
        be.select.top_k(chosen, dy)
        return chosen[0] if batch == 1 else chosen  # the choice of one example is that of the batch


@dataclass(frozen=True)
class UnifiedTopK(_Some):
    """One choice for the whole mini-batch, by a score of each unit (meProp, section 3: simple unified top-k).

    score: "sum" of |dy| over the batch (the authors' code), "mean" of it (the paper's words; the same choice),
    "l2" norm of dy, or "signed" |sum of dy|, which lets examples cancel and so is another method.
    """

    score: str = "sum"
    name: ClassVar[str] = "unified"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in _SCORES:
            raise unknown("score", self.score, _SCORES)

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        n_out = dy.shape[1]
        k = self.units(n_out)
        if k == n_out:
            return None
        chosen = buf.get("chosen", (1, k), "int32")
        score = dy  # whose magnitudes are every score of one example
        if len(dy) > 1:
            score = buf.get("score", (1, n_out))
            be.select.score(score[0], dy, be.select.SCORES.index(self.score))
        be.select.top_k(chosen, score)
        return chosen[0]


_SCORES = ("sum", "mean", "l2", "signed")


@dataclass(frozen=True)
class RandomK(_Some):
    """Each example keeps k units drawn uniformly without replacement, anew at every backward pass.

    As in the papers the kept values stay as they are, so the gradient shrinks by k / n on average (*faithful*);
    with `scaled` they are multiplied by n / k, which makes it unbiased (*corrected*).
    """

    scaled: bool = False
    name: ClassVar[str] = "random"
    random: ClassVar[bool] = True

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        assert rng is not None
        # The k largest of n independent uniform numbers are a uniform draw without replacement.
        keys = buf.get("keys", (batch, n_out), "float64")
        chosen = buf.get("chosen", (batch, k), "int32")
        rng.random(out=keys)
        be.select.top_k(chosen, keys)
        return chosen

    def scale(self, n_out: int) -> float:
        return n_out / self.units(n_out) if self.scaled else 1.0


SELECTORS: dict[str, type[Selector]] = {s.name: s for s in (Dense, TopK, UnifiedTopK, RandomK)}
