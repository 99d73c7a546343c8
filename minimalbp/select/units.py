"""The papers' choices among the units of a layer: the largest, the largest of a batch, any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import unknown
from .base import Dense, Selector, SomeUnits


@dataclass(frozen=True)
class TopK(SomeUnits):
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
class UnifiedTopK(SomeUnits):
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
class RandomK(SomeUnits):
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
