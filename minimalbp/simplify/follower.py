"""Controls of meSimp: networks that shrink to the same sizes at the same time, by another rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, short, unknown, whole
from ..layers import LSTM
from ..layers.lstm import GATE_G
from ..network import Sequential
from ..optim import Optimizer
from ..scoring import History
from .gates import of_sizes
from .shrinker import Shrinker, most

RULES = ("magnitude", "random")


class Follower(Shrinker):
    """A companion of `fit` that shrinks the hidden layers to `widths`, of each part, as another run did.

    widths: of the hidden layers, one list for each part, as `Shrinker.sizes` of that run has them; of an LSTM whose
    gates have sizes of their own [of i, f, g and o] for each direction. Where units take entries of other gates
    along that this rule had kept, a gate may end smaller than that (`gates.of_sizes`). rule: "magnitude", the units
    of the largest weights stay, by their Euclidean norm; "random". seed: of the random choice. restart: the epochs
    of a cycle in whose last the other run had its moments set to zero after each look; 0: it had not.
    Raises BadInput for anything else, and, when `fit` begins, for widths of another number of layers, or
    above those of a layer.
    """

    def __init__(self, widths: Sequence[Sequence[Any]], rule: str, seed: int = 0, restart: int = 0):
        if rule not in RULES:
            raise unknown("rule", rule, RULES)
        self.schedule, self.rule = [_sizes(look) for look in widths], rule
        self.seed, self.restart = whole("seed", seed), whole("restart", restart)
        self.per_gate = any(isinstance(size, list) for sizes in self.schedule for size in sizes)

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        super().begin(net, optimizer, parts)
        for look in self.schedule:
            if len(look) != len(self.layers):
                raise BadInput(f"widths {short(look)} are not of {len(self.layers)} hidden layers")
            for i, (hidden, size) in enumerate(zip(self.layers, look)):
                if isinstance(size, list):
                    self._check_rows(i, size)
                else:
                    groups, n = hidden.shape
                    whole(f"a width of {hidden.layer.label}", size, least=groups)
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

    def _check_rows(self, i: int, size: list[list[int]]) -> None:
        """Raise BadInput unless each direction has rows for its four gates, and all as many of g."""
        (groups, n), label = self.layers[i].shape, self.layers[i].layer.label
        if self.there(i) is None:
            raise BadInput(
                f"{label} has no gates; give a whole number of units in the place of {short(size)}"
            )
        if [len(rows) for rows in size] != [4] * groups:
            raise BadInput(
                f"{label} takes rows for i, f, g and o in each of {groups} direction(s), not {short(size)}"
            )
        wrong = max(map(max, size)) > n or min(map(min, size)) < 0
        if wrong or len({rows[GATE_G] for rows in size}) > 1 or not size[0][GATE_G]:
            raise BadInput(
                f"rows {short(size)} do not fit {label}: 0 to {n} of each gate, of g (the third) at least 1, "
                "as many in each direction"
            )

    def settings(self) -> dict[str, Any]:
        mine = {"rule": self.rule, "seed": self.seed, "restart": self.restart, "widths": self.schedule}
        return super().settings() | {"follower": mine}


def _sizes(look: Any) -> list[Any]:
    """The sizes of the layers at one look, each a whole number or a list of them for each direction."""
    if not isinstance(look, list | tuple):
        raise BadInput(f"widths must be a list of sizes for each look, not {short(look)}")
    return [
        [[whole("rows of a gate", n) for n in rows] for rows in size]
        if isinstance(size, list)
        else whole("a width", size, least=1)
        for size in look
    ]
