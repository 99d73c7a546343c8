"""What every way to shrink a network during training has in common: counting, removing, and checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from ..network import Sequential
from ..network.compact import Hidden, check_hidden, compact
from ..optim import Optimizer
from ..train.companion import Companion, State
from ..train.history import Record


class Shrinker(Companion):
    """Knows which units of each hidden layer are left, and how active they were.

    A group is one direction of an LSTM; other layers have one group. The first units are those that a layer has
    when `fit` begins.

    Attributes
    ----------
    layers : list of Hidden
        The hidden layers. The next four have an entry for each.
    left : list of array of int64, shape (groups, units)
        The units that are left, by their numbers among the first units.
    hits : list of array of int64, shape (groups, units)
        How often each unit was chosen with a non-zero gradient since the count began.
    chances : list of int
        How often each unit could have been chosen since then.
    activeness : list of array of float32, shape (evaluations, groups x first units)
        hits / chances at every evaluation; NaN for units that were removed before it.
    notes : list of str
        What a user should be told.
    """

    layers: list[Hidden]
    hits: list[Array]

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        self.net, self.optimizer, self.parts = net, optimizer, parts
        self.layers = check_hidden(net)
        self.first = [hidden.shape for hidden in self.layers]
        self.left = [np.tile(np.arange(n), (groups, 1)) for groups, n in self.first]
        self.activeness = [np.empty((0, np.prod(shape)), np.float32) for shape in self.first]
        self.notes: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Begin the count anew."""
        self.hits = [np.zeros(hidden.shape, np.int64) for hidden in self.layers]
        self.chances = [0] * len(self.layers)

    def observe(self) -> None:
        for i, hidden in enumerate(self.layers):
            self.chances[i] += hidden.layer.count(self.hits[i])

    def after_part(self, record: Record) -> None:
        for i, (left, hits) in enumerate(zip(self.left, self.hits)):
            row = np.full(self.first[i], np.nan, np.float32)
            np.put_along_axis(row, left, hits / max(self.chances[i], 1), axis=1)
            self.activeness[i] = np.vstack([self.activeness[i], row.reshape(1, -1)])

    def shrink(self, kept: list[Array]) -> bool:
        """Keep the given units of each layer, shape (groups, m). Returns whether any unit was removed."""
        smaller = [(hidden, mine) for hidden, mine in zip(self.layers, kept) if mine.shape != hidden.shape]
        compact(self.net, self.optimizer, smaller)
        self.left = [np.take_along_axis(left, mine, axis=1) for left, mine in zip(self.left, kept)]
        if smaller:
            self.clear()
        return bool(smaller)

    def restart_moments(self, part: int, cycle: int) -> None:
        """Zero the optimiser's moments if the part before this one was in the last epoch of a cycle."""
        if part and ((part - 1) // self.parts + 1) % cycle == 0:
            self.optimizer.reset()

    def widths(self) -> list[int]:
        """Units of each layer, those of both directions together."""
        return [hidden.layer.width for hidden in self.layers]

    def sizes(self) -> list[list[int]]:
        """The units of each layer at each evaluation, those of both directions together."""
        found = [(~np.isnan(activeness)).sum(axis=1).tolist() for activeness in self.activeness]
        return [list(widths) for widths in zip(*found)]

    def settings(self) -> dict[str, Any]:
        return {"first": [list(shape) for shape in self.first]}

    def state(self) -> State:
        arrays: dict[str, Array] = {f"left/{i}": a for i, a in enumerate(self.left)}
        arrays |= {f"hits/{i}": a for i, a in enumerate(self.hits)}
        arrays |= {f"activeness/{i}": a for i, a in enumerate(self.activeness)}
        return {"chances": self.chances, "notes": self.notes}, arrays

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Bring the network to its sizes. Those of packed and of sparse layers depend on which units are left."""
        layers = range(len(self.layers))
        self.left, self.hits, self.activeness = (
            [arrays[f"{name}/{i}"] for i in layers] for name in ("left", "hits", "activeness")
        )
        compact(self.net, self.optimizer, list(zip(self.layers, self.left)))
        self.chances, self.notes = list(state["chances"]), list(state["notes"])


def most(score: Array, m: int) -> Array:
    """The m units with the largest scores in each group, the lower of equal ones, ascending, shape (groups, m)."""
    order = np.argsort(-score, axis=1, kind="stable")
    return np.sort(order[:, :m], axis=1)
