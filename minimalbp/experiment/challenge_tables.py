"""The tables that `sparse.chain` takes, of so many layers as fit into memory together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..topology import Challenge
from .challenge_inputs import FAN_IN, Layer, Tick
from .challenge_order import Grouped, renumbered

MOST_BYTES = 4e9  # of the layers that are in memory at a time
PER_EDGE = 4  # bytes: a weight
PER_NODE = (
    28  # bytes: a bias, the place among outputs, groups, where lists begin, and lists of two for each node
)


@dataclass(frozen=True)
class Tables:
    """Some layers one under another: a row for each layer, as kernels/reference/sparse.py says for `chain`."""

    w: Array
    b: Array
    group: Array
    member: Array
    first: Array
    source: Array

    def __len__(self) -> int:
        return len(self.w)

    def arrays(self) -> tuple[Array, ...]:
        """The arguments of the kernel, in its order."""
        return self.w, self.b, self.group, self.member, self.first, self.source

    def matrices(self) -> Iterator[Any]:
        """W of each layer as a scipy.sparse.csr_array (n_out, n_in)."""
        from scipy.sparse import csr_array

        n = self.member.shape[1]
        for w, group, member, first, source in zip(self.w, self.group, self.member, self.first, self.source):
            outputs, fans = np.diff(group), np.diff(first)
            lists = [np.tile(source[first[g] : first[g + 1]], outputs[g]) for g in np.flatnonzero(outputs)]
            start = np.concatenate([[0], np.cumsum(np.repeat(fans, outputs))])
            by_groups = csr_array((w[: start[-1]], np.concatenate(lists), start.astype(np.int32)), (n, n))
            yield by_groups[np.argsort(member)]


def layers_at_a_time(neurons: int) -> int:
    """How many layers may be in memory together."""
    return max(1, int(MOST_BYTES / (neurons * (FAN_IN * PER_EDGE + PER_NODE))))


def in_pieces(
    layers: Iterable[Layer], depth: int, known: Challenge, be: Backend, tick: Tick = lambda: None
) -> Iterator[Tables]:
    """Tables of the layers, renumbered inside, as many at a time as fit.

    depth: how many layers there are. tick: called for each of them.
    """
    remaining, at_a_time = renumbered(layers), layers_at_a_time(known.neurons)
    for first in range(0, depth, at_a_time):
        yield _stacked(islice(remaining, at_a_time), min(at_a_time, depth - first), known, be, tick)


def _stacked(layers: Iterable[Grouped], depth: int, known: Challenge, be: Backend, tick: Tick) -> Tables:
    """Tables of so many layers, filled one after another, so that no layer is in memory twice."""
    n = known.neurons
    w, b = be.empty((depth, FAN_IN * n), "float32"), be.empty((depth, n), "float32")
    group, member, first = (be.empty((depth, n + more), "int32") for more in (1, 0, 1))
    source = be.empty((depth, 1), "int32")
    b[...] = known.bias
    for i, one in enumerate(layers):
        if len(one.source) > source.shape[1]:
            source = _wider(source, len(one.source), be)
        w[i], member[i], source[i, : len(one.source)] = one.weight, one.member, one.source
        for table, row in ((group, one.group), (first, one.first)):
            table[i, : len(row)], table[i, len(row) :] = row, row[-1]  # the last groups are empty
        tick()
    return Tables(w, b, group, member, first, source)


def _wider(table: Array, width: int, be: Backend) -> Array:
    """The table with room for rows of that width."""
    made = be.empty((len(table), width), "int32")
    made[:, : table.shape[1]] = table
    return made
