"""Controls of meSimp: networks that shrink to the same sizes at the same time, by another rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import unknown
from ..scoring import History
from .shrinker import Shrinker, most

RULES = ("magnitude", "random")


class Follower(Shrinker):
    """A companion of `fit` that shrinks the hidden layers to `widths`, of each part, as another run did.

    widths: of the hidden layers, one list for each part, as the records of that run have them. rule: "magnitude",
    the units of the largest weights stay, by their Euclidean norm; "random". seed: of the random choice.
    """

    def __init__(self, widths: Sequence[Sequence[int]], rule: str, seed: int = 0):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        self.schedule, self.rule, self.seed = [list(w) for w in widths], rule, seed

    def before_part(self, part: int, history: History) -> None:
        if part >= len(self.schedule):
            return
        rng = np.random.default_rng([self.seed, part])  # nothing to keep for a run that is resumed
        kept: list[Array] = []
        for hidden, width in zip(self.layers, self.schedule[part]):
            groups, n = hidden.shape
            score = hidden.layer.norms() if self.rule == "magnitude" else rng.random((groups, n))
            kept.append(most(score, min(width // groups, n)))
        if self.shrink(kept):
            history.begins = len(history.records)
        self.clear()

    def settings(self) -> dict[str, Any]:
        return {"follower": {"rule": self.rule, "seed": self.seed, "widths": self.schedule}}
