"""What every way to shrink a network while it trains has in common: counting, cutting, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Array
from ..companion import Companion, State
from ..layers import LSTM
from ..network import Sequential
from ..optim import Optimizer
from ..scoring import Record
from .compact import Hidden, check_hidden, compact, units_of
from .gates import lose_an_entry


class Shrinker(Companion):
    """Knows of each hidden layer which of its first units are left, and how active they were.

    layers: the hidden layers. left: int64 (groups, units) of each, the numbers that its units had at first.
    hits: int64 (groups, units), how often each unit was chosen with a gradient that was not zero, since the count
    was last cleared; chances: how often it could have. activeness: float32 (looks, groups x first units) of each,
    hits / chances as they were at every look; NaN for units that were gone. notes: what a user should be told.
    per_gate: whether each gate of an LSTM loses entries of its own (gates.py). Of such layers hits are of entries,
    (groups, 4, units), and activeness is (looks, groups x 4 x first units).
    """

    layers: list[Hidden]
    hits: list[Array]
    per_gate: bool = False

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        self.net, self.optimizer, self.parts = net, optimizer, parts
        self.layers = check_hidden(net)
        self.first = [hidden.shape for hidden in self.layers]
        self.left = [np.tile(np.arange(n), (groups, 1)) for groups, n in self.first]
        self.activeness = [np.empty((0, np.prod(self._shape(i))), np.float32) for i in range(len(self.first))]
        self.notes: list[str] = []
        self.clear()

    def there(self, i: int) -> Array | None:
        """The entries of gates that there are in layer i, where each gate has its own; None for other layers."""
        layer = self.layers[i].layer
        return layer.there() if self.per_gate and isinstance(layer, LSTM) else None

    def _shape(self, i: int) -> tuple[int, ...]:
        """Of layer i at first."""
        groups, n = self.first[i]
        return (groups, n) if self.there(i) is None else (groups, 4, n)

    def clear(self) -> None:
        """Count from zero."""
        every = ((hidden.shape, self.there(i)) for i, hidden in enumerate(self.layers))
        self.hits = [np.zeros(shape if there is None else there.shape, np.int64) for shape, there in every]
        self.chances = [0] * len(self.layers)

    def observe(self) -> None:
        for i, hidden in enumerate(self.layers):
            self.chances[i] += hidden.layer.count(self.hits[i])

    def look(self, record: Record) -> None:
        for i, (left, hits) in enumerate(zip(self.left, self.hits)):
            row, there = np.full(self._shape(i), np.nan, np.float32), self.there(i)
            share = hits / max(self.chances[i], 1)
            if there is None:
                np.put_along_axis(row, left, share, axis=1)
            else:
                np.put_along_axis(row, left[:, None], np.where(there, share, np.nan), axis=2)
            self.activeness[i] = np.vstack([self.activeness[i], row.reshape(1, -1)])

    def shrink(self, kept: list[Array]) -> bool:
        """Keep of each layer the units (groups, m) given, or the entries as `there` is; whether any left."""
        smaller = []
        for i, (hidden, mine) in enumerate(zip(self.layers, kept)):
            there = self.there(i)
            if mine.shape != hidden.shape if there is None else (mine != there).any():
                smaller.append((hidden, mine))
        compact(self.net, self.optimizer, smaller)
        self.left = [np.take_along_axis(left, units_of(mine), axis=1) for left, mine in zip(self.left, kept)]
        if smaller:
            self.clear()
        return bool(smaller)

    def restart_moments(self, part: int, cycle: int) -> None:
        """Set the optimiser's moments to zero if the part before this one was in the last epoch of a cycle."""
        if part and ((part - 1) // self.parts + 1) % cycle == 0:
            self.optimizer.reset()

    def widths(self) -> list[float]:
        """Units of all directions together; of an LSTM whose gates have lost entries, rows per gate in the mean."""
        return [hidden.layer.width for hidden in self.layers]

    def sizes(self) -> list[list[Any]]:
        """Of each look the sizes of the layers: the units of all groups; per gate [of i, f, g and o] of each."""
        found: list[list[Any]] = []
        for i, picture in enumerate(self.activeness):
            there, shape = ~np.isnan(picture), self._shape(i)
            counts = there.sum(axis=1) if len(shape) == 2 else there.reshape(-1, *shape).sum(axis=3)
            found.append(counts.tolist())
        return [list(look) for look in zip(*found)]

    def changes(self) -> tuple[Callable[[Sequential, Optimizer], None], ...]:
        return (lose_an_entry,) if self.per_gate else ()

    def settings(self) -> dict[str, Any]:
        return {"first": [list(shape) for shape in self.first]}

    def state(self) -> State:
        arrays: dict[str, Array] = {f"left/{i}": a for i, a in enumerate(self.left)}
        arrays |= {f"hits/{i}": a for i, a in enumerate(self.hits)}
        arrays |= {f"activeness/{i}": a for i, a in enumerate(self.activeness)}
        there = ((i, self.there(i)) for i in range(len(self.layers)))
        arrays |= {f"there/{i}": entries for i, entries in there if entries is not None}
        return {"chances": self.chances, "notes": self.notes}, arrays

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Any units will do to bring the network to its sizes: the checkpoint brings the weights."""
        layers = range(len(self.layers))
        self.left, self.hits, self.activeness = (
            [arrays[f"{name}/{i}"] for i in layers] for name in ("left", "hits", "activeness")
        )
        kept = []
        for i, (hidden, left) in enumerate(zip(self.layers, self.left)):
            m, there = left.shape[1], self.there(i)
            if there is None:
                kept.append((hidden, np.tile(np.arange(m), (len(left), 1))))
            else:
                there[:] = False
                there[:, :, :m] = arrays[f"there/{i}"]
                kept.append((hidden, there))
        compact(self.net, self.optimizer, kept)
        self.chances, self.notes = list(state["chances"]), list(state["notes"])


def most(score: Array, m: int) -> Array:
    """The m units of the largest score in each group, ascending (groups, m); of equals the lower unit."""
    order = np.argsort(-score, axis=1, kind="stable")
    return np.sort(order[:, :m], axis=1)
