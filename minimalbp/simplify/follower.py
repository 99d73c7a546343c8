"""Controls of meSimp: networks that shrink to the same sizes at the same time, by another rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import unknown
from ..layers import LSTM
from ..scoring import History
from .gates import of_sizes
from .shrinker import Shrinker, most

RULES = ("magnitude", "random")


class Follower(Shrinker):
    """A companion of `fit` that shrinks the hidden layers to `widths`, of each part, as another run did.

    widths: of the hidden layers, one list for each part, as `Shrinker.sizes` of that run has them; of an LSTM whose
    gates have sizes of their own [of i, f, g and o] for each direction. Where units take entries of other gates
    along that this rule had kept, a gate may end smaller than that (`gates.of_sizes`). rule: "magnitude", the units
    of the largest weights stay, by their Euclidean norm; "random". seed: of the random choice.
    """

    def __init__(self, widths: Sequence[Sequence[Any]], rule: str, seed: int = 0):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        self.schedule, self.rule, self.seed = [list(w) for w in widths], rule, seed
        self.per_gate = any(isinstance(size, list) for sizes in self.schedule for size in sizes)

    def before_part(self, part: int, history: History) -> None:
        if part >= len(self.schedule):
            return
        rng = np.random.default_rng([self.seed, part])  # nothing to keep for a run that is resumed
        kept: list[Array] = []
        for i, (hidden, width) in enumerate(zip(self.layers, self.schedule[part])):
            (groups, n), there, layer = hidden.shape, self.there(i), hidden.layer
            if there is not None and isinstance(layer, LSTM):
                score = layer.gate_norms() if self.rule == "magnitude" else rng.random(there.shape)
                kept.append(of_sizes(score, there, width))
                continue
            score = layer.norms() if self.rule == "magnitude" else rng.random((groups, n))
            kept.append(most(score, min(width // groups, n)))
        if self.shrink(kept):
            history.begins = len(history.records)
        self.clear()

    def settings(self) -> dict[str, Any]:
        return {"follower": {"rule": self.rule, "seed": self.seed, "widths": self.schedule}}
