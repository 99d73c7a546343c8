"""The tables that `sparse.chain` takes, of so many layers as fit into memory together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..layers.edges import alike
from .challenge_inputs import Layer, Tick

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

    @property
    def edges(self) -> Array:
        """The edges of each layer, int64 (layers,)."""
        return self.start[:, -1].astype(np.int64)

    def arrays(self) -> tuple[Array, ...]:
        """The arguments of the kernel, in its order."""
        return self.w, self.b, self.start, self.source, self.group, self.member

    def matrices(self) -> Iterator[Any]:
        """W of each layer as a scipy.sparse.csr_array (n_out, n_in), which shares the memory."""
        from scipy.sparse import csr_array

        n = self.member.shape[1]
        for w, start, source in zip(self.w, self.start, self.source):
            yield csr_array((w[: start[-1]], source[: start[-1]], start), (n, n))


def layers_at_a_time(neurons: int, fan_in: int = 32) -> int:
    """How many layers may be in memory together."""
    return max(1, int(MOST_BYTES / (neurons * (fan_in * PER_EDGE + PER_NODE))))


def in_pieces(
    layers: Iterable[Layer], bias: float, neurons: int, be: Backend, tick: Tick
) -> Iterator[Tables]:
    """Tables of the layers, as many at a time as fit. tick: called for each layer."""
    remaining, count = iter(layers), layers_at_a_time(neurons)
    while some := list(_ticking(islice(remaining, count), tick)):
        yield stacked(some, bias, be)


def _ticking(layers: Iterable[Layer], tick: Tick) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        tick()


def stacked(layers: list[Layer], bias: float, be: Backend) -> Tables:
    """Tables of these layers. All have as many nodes, and the same bias everywhere. `layers` is emptied."""
    depth, n = len(layers), layers[0][0].n_out
    most = max(graph.n_edges for graph, _ in layers)
    made = Tables(
        w=be.empty((depth, most), "float32"),
        b=be.empty((depth, n), "float32"),
        start=be.empty((depth, n + 1), "int32"),
        source=be.empty((depth, most), "int32"),
        group=be.empty((depth, n + 1), "int32"),
        member=be.empty((depth, n), "int32"),
    )
    made.b[...] = bias
    for i in range(depth):
        (graph, weight), layers[i] = layers[i], (None, None)  # type: ignore[call-overload]  # its memory is wanted
        made.start[i] = graph.start
        made.w[i, : graph.n_edges], made.source[i, : graph.n_edges] = weight, graph.source
        group, made.member[i] = alike(made.start[i], graph.source)
        made.group[i, : len(group)], made.group[i, len(group) :] = group, n  # the last groups are empty
    return made
