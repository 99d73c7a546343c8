"""The tables that `sparse.chain` takes, of so many layers as fit into memory together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..backend import Array, Backend
from ..layers.edges import alike
from ..topology import Challenge
from .challenge_inputs import FAN_IN, Layer, Tick

MOST_BYTES = 4e9  # of the weights and inputs of all layers that are in memory at a time
PER_EDGE = 8  # bytes: a weight and an input
PER_NODE = 16  # bytes: a bias, where the edges of an output begin, and two numbers for the groups


@dataclass(frozen=True)
class Tables:
    """Some layers one under another: a row for each layer, as kernels/reference/sparse.py says for `chain`."""

    w: Array
    b: Array
    start: Array
    source: Array
    group: Array
    member: Array

    def __len__(self) -> int:
        return len(self.w)

    def arrays(self) -> tuple[Array, ...]:
        """The arguments of the kernel, in its order."""
        return self.w, self.b, self.start, self.source, self.group, self.member

    def matrices(self) -> Iterator[Any]:
        """W of each layer as a scipy.sparse.csr_array (n_out, n_in), which shares the memory."""
        from scipy.sparse import csr_array

        n = self.member.shape[1]
        for w, start, source in zip(self.w, self.start, self.source):
            yield csr_array((w, source, start), (n, n))


def layers_at_a_time(neurons: int) -> int:
    """How many layers may be in memory together."""
    return max(1, int(MOST_BYTES / (neurons * (FAN_IN * PER_EDGE + PER_NODE))))


def in_pieces(
    layers: Iterable[Layer], depth: int, known: Challenge, be: Backend, tick: Tick = lambda: None
) -> Iterator[Tables]:
    """Tables of the layers, as many at a time as fit. depth: how many there are. tick: called for each."""
    remaining, at_a_time = iter(layers), layers_at_a_time(known.neurons)
    for first in range(0, depth, at_a_time):
        yield _stacked(islice(remaining, at_a_time), min(at_a_time, depth - first), known, be, tick)


def _stacked(layers: Iterable[Layer], depth: int, known: Challenge, be: Backend, tick: Tick) -> Tables:
    """Tables of so many layers, filled one after another, so that no layer is in memory twice."""
    n = known.neurons
    made = Tables(
        w=be.empty((depth, FAN_IN * n), "float32"),
        b=be.empty((depth, n), "float32"),
        start=be.empty((depth, n + 1), "int32"),
        source=be.empty((depth, FAN_IN * n), "int32"),
        group=be.empty((depth, n + 1), "int32"),
        member=be.empty((depth, n), "int32"),
    )
    made.b[...] = known.bias
    for i, (graph, weight) in enumerate(layers):
        made.w[i], made.start[i], made.source[i] = weight, graph.start, graph.source
        group, made.member[i] = alike(made.start[i], graph.source)
        made.group[i, : len(group)], made.group[i, len(group) :] = group, n  # the last groups are empty
        tick()
    return made
