"""What every way to shrink a network while it trains has in common: counting, cutting, and what is kept of it."""

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
    """Knows of each hidden layer which of its first units are left, and how active they were.

    layers: the hidden layers. left: int64 (groups, units) of each, the numbers that its units had at first.
    hits: int64 (groups, units), how often each unit was chosen with a gradient that was not zero, since the count
    was last cleared; chances: how often it could have. activeness: float32 (looks, groups x first units) of each,
    hits / chances as they were at every look; NaN for units that were gone. notes: what a user should be told.
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
        """Count from zero."""
        self.hits = [np.zeros(hidden.shape, np.int64) for hidden in self.layers]
        self.chances = [0] * len(self.layers)

    def observe(self) -> None:
        for i, hidden in enumerate(self.layers):
            self.chances[i] += hidden.layer.count(self.hits[i])

    def look(self, record: Record) -> None:
        for i, (left, hits) in enumerate(zip(self.left, self.hits)):
            row = np.full(self.first[i], np.nan, np.float32)
            np.put_along_axis(row, left, hits / max(self.chances[i], 1), axis=1)
            self.activeness[i] = np.vstack([self.activeness[i], row.reshape(1, -1)])

    def shrink(self, kept: list[Array]) -> bool:
        """Keep of each layer the units (groups, m) given; whether any left."""
        smaller = [(hidden, mine) for hidden, mine in zip(self.layers, kept) if mine.shape != hidden.shape]
        compact(self.net, self.optimizer, smaller)
        self.left = [np.take_along_axis(left, mine, axis=1) for left, mine in zip(self.left, kept)]
        if smaller:
            self.clear()
        return bool(smaller)

    def restart_moments(self, part: int, cycle: int) -> None:
        """Set the optimiser's moments to zero if the part before this one was in the last epoch of a cycle."""
        if part and ((part - 1) // self.parts + 1) % cycle == 0:
            self.optimizer.reset()

    def widths(self) -> list[int]:
        """Units of all directions together."""
        return [hidden.layer.width for hidden in self.layers]

    def sizes(self) -> list[list[int]]:
        """Of each look the sizes of the layers: the units of all groups."""
        found = [(~np.isnan(picture)).sum(axis=1).tolist() for picture in self.activeness]
        return [list(look) for look in zip(*found)]

    def settings(self) -> dict[str, Any]:
        return {"first": [list(shape) for shape in self.first]}

    def state(self) -> State:
        arrays: dict[str, Array] = {f"left/{i}": a for i, a in enumerate(self.left)}
        arrays |= {f"hits/{i}": a for i, a in enumerate(self.hits)}
        arrays |= {f"activeness/{i}": a for i, a in enumerate(self.activeness)}
        return {"chances": self.chances, "notes": self.notes}, arrays

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Any units will do to bring the network to its sizes: the checkpoint brings the weights."""
        layers = range(len(self.layers))
        self.left, self.hits, self.activeness = (
            [arrays[f"{name}/{i}"] for i in layers] for name in ("left", "hits", "activeness")
        )
        kept = [np.tile(np.arange(left.shape[1]), (len(left), 1)) for left in self.left]
        compact(self.net, self.optimizer, list(zip(self.layers, kept)))
        self.chances, self.notes = list(state["chances"]), list(state["notes"])


def most(score: Array, m: int) -> Array:
    """The m units of the largest score in each group, ascending (groups, m); of equals the lower unit."""
    order = np.argsort(-score, axis=1, kind="stable")
    return np.sort(order[:, :m], axis=1)
