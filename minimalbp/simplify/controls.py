"""Controls of meSimp: networks that shrink to the same sizes at the same time, by another rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_int, short, unknown
from ..network import Sequential
from ..optim import Optimizer
from ..train.history import History
from .shrinker import Shrinker, most

RULES = ("magnitude", "random")


class Follower(Shrinker):
    """A companion of `fit` that shrinks the hidden layers to `widths`, of each part, as another run did.

    widths: of the hidden layers, one list for each part, as `Shrinker.sizes` of that run has them. rule:
    "magnitude", the units of the largest weights stay, by their Euclidean norm; "random". seed: of the random
    choice. restart: the epochs of a cycle in whose last the other run had its moments set to zero after each look;
    0: it had not.
    Raises BadInput for anything else, and, when `fit` begins, for widths of another number of layers, or
    above those of a layer.
    """

    def __init__(self, widths: Sequence[Sequence[int]], rule: str, seed: int = 0, restart: int = 0):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        self.schedule, self.rule = [_sizes(look) for look in widths], rule
        self.seed, self.restart = check_int("seed", seed), check_int("restart", restart)

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        super().begin(net, optimizer, parts)
        for look in self.schedule:
            if len(look) != len(self.layers):
                raise BadInput(f"widths {short(look)} are not of {len(self.layers)} hidden layers")
            for hidden, size in zip(self.layers, look):
                groups, n = hidden.shape
                check_int(f"a width of {hidden.layer.label}", size, least=groups)
                if size > groups * n:
                    raise BadInput(
                        f"a width of {hidden.layer.label} must be at most {groups * n}, not {size}"
                    )

    def observe(self) -> None:
        """Nothing: activeness is not what these go by."""

    def before_part(self, part: int, history: History) -> None:
        if self.restart:
            self.restart_moments(part, self.restart)
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
        mine = {"rule": self.rule, "seed": self.seed, "restart": self.restart, "widths": self.schedule}
        return super().settings() | {"follower": mine}


def _sizes(look: Any) -> list[int]:
    """The widths of the layers at one look."""
    if not isinstance(look, list | tuple):
        raise BadInput(f"widths must be a list of sizes for each look, not {short(look)}")
    return [check_int("a width", size, least=1) for size in look]
