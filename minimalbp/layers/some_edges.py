"""What a layer has whose weights stand on the edges of a graph: its tables, and how units and inputs leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput
from ..param import Param
from ..topology import Bipartite
from .base import later
from .edges import Edges, keep
from .units import Cut, Units


class SomeEdges(Units):
    """A layer of units with a row of weights for each edge of a graph, output by output.

    The graph is two parameters without a gradient, so that files and checkpoints hold it.
    """

    edges: Edges
    weight: Param = later()
    bias: Param | None = later()
    start: Param = later()
    source: Param = later()
    _b: Array  # the value of the bias, or zeros
    _left: Bipartite  # the graph that cuts leave, until `resize`

    def _take_graph(self, graph: Bipartite) -> None:
        self.edges, self._left = Edges(graph), graph

    def _bind_graph(self, be: Backend, prefix: str) -> None:
        self.start = Param(f"{prefix}.start", self.edges.start.copy(), be)
        self.source = Param(f"{prefix}.source", self.edges.source.copy(), be)

    def parameters(self) -> list[Param]:
        return [self.weight] + ([self.bias] if self.bias is not None else [])

    def statistics(self) -> list[Param]:
        return [self.start, self.source]

    @property
    def units(self) -> int:
        return self.edges.graph.n_out

    def norms(self) -> Array:
        graph, w = self.edges.graph, self.be.get(self.weight.value)
        squares = np.square(w, dtype=np.float64).sum(axis=tuple(range(1, w.ndim)))
        return np.sqrt(np.bincount(graph.target, squares, minlength=graph.n_out))[None]

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        """The edges of the units `kept`. `resize` gives the graph its new numbers."""
        self._left, edges = keep(self._left, 0, kept[0])
        yield Cut(self.weight, 0, edges)
        if self.bias is not None:
            yield Cut(self.bias, 0, kept[0])

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        """The edges from the inputs `kept`."""
        self._left, edges = keep(self._left, 1, kept)
        yield Cut(self.weight, 0, edges)

    def accepts(self, found: Mapping[str, Array]) -> None:
        graph = self.edges.graph
        try:
            Bipartite(graph.n_in, graph.n_out, found[self.start.name], found[self.source.name])
        except BadInput as e:
            raise BadInput(
                f"{self.start.name} and {self.source.name} are no graph of this layer: {e}"
            ) from None

    def resize(self) -> None:
        """Take the graph that cuts have left, or that was read from a file into `start` and `source`."""
        graph, start, source = self.edges.graph, self.start.value, self.source.value
        if self._left is not graph:
            graph = self._left
        elif not (np.array_equal(start, self.edges.start) and np.array_equal(source, self.edges.source)):
            graph = Bipartite(graph.n_in, graph.n_out, start, source.copy())
        if graph is not self.edges.graph:
            self._take_graph(graph)
            self.start.value, self.source.value = self.edges.start.copy(), self.edges.source.copy()
        self._b = self._b[: graph.n_out] if self.bias is None else self.bias.value
