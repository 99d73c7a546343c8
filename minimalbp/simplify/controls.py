"""Controls of meSimp: networks that shrink to the same sizes at the same time by another rule."""

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
    """A companion of `fit` that shrinks the hidden layers to the widths that another run had.

    Parameters
    ----------
    widths : sequence of sequence of int
        The units of each hidden layer in each part of the training, as `Shrinker.sizes` of the other run returns
        them. A part is what lies between two evaluations.
    rule : {"magnitude", "random"}
        Which units stay: those whose weights have the largest Euclidean norm, or random ones.
    seed : int, default 0
        Of the random choice.
    restart : int, default 0
        The epochs of a cycle if the other run zeroed its moments after each evaluation in the last epoch of a
        cycle; 0 if it did not.

    Raises
    ------
    BadInput
        For an unknown rule, and for values out of range. When `fit` begins, for widths of another number of layers
        or above those of a layer.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> from minimalbp.simplify import Follower
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], select=mbp.TopK(5), backend="reference")
    >>> follower = Follower([[20], [8]], "magnitude")
    >>> optimizer = mbp.Adam(net.parameters(), lr=0.01)
    >>> history = mbp.fit(net, data, optimizer, epochs=2, evals_per_epoch=1, companions=[follower])
    >>> [record.widths for record in history.records]
    [[20], [8]]
    """

    def __init__(self, widths: Sequence[Sequence[int]], rule: str, seed: int = 0, restart: int = 0):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        self.schedule, self.rule = [_sizes(part) for part in widths], rule
        self.seed, self.restart = check_int("seed", seed), check_int("restart", restart)

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        super().begin(net, optimizer, parts)
        for sizes in self.schedule:
            if len(sizes) != len(self.layers):
                raise BadInput(
                    f"widths must be those of {len(self.layers)} hidden layers, not {short(sizes)}"
                )
            for hidden, size in zip(self.layers, sizes):
                groups, n = hidden.shape
                check_int(f"a width of {hidden.layer.label}", size, least=groups)
                if size > groups * n:
                    raise BadInput(
                        f"a width of {hidden.layer.label} must be at most {groups * n}, not {size}"
                    )

    def observe(self) -> None:
        """Count nothing: these rules do not use activeness."""

    def before_part(self, part: int, history: History) -> None:
        if self.restart:
            self.restart_moments(part, self.restart)
        if part >= len(self.schedule):
            return
        rng = np.random.default_rng([self.seed, part])  # anew in each part: no state for a checkpoint
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


def _sizes(part: Any) -> list[int]:
    """The widths of the layers in one part."""
    if not isinstance(part, list | tuple):
        raise BadInput(f"widths must have a list of sizes for each part, not {short(part)}")
    return [check_int("a width", size, least=1) for size in part]
