"""The edges of a sparse layer, as kernels take them: by outputs, by inputs, and which of them share neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_int
from ..topology import Bipartite


class Edges:
    """The tables of a Bipartite.

    Attributes
    ----------
    graph : Bipartite
    start, source : int32 arrays
        By outputs, as in the Bipartite: the order of the weights.
    back, target, edge : int32 arrays
        By inputs: their outputs, and where their weights stand.
    group, member : int32 arrays
        Outputs with the same inputs, listed together: those of the blocks of a RadiX-Net, where they have any.
    back_group, back_member : int32 arrays
        Inputs with the same outputs.
    fan : int
        The inputs of each output, if all have equally many; otherwise 1. So many weights are a row.
    """

    def __init__(self, graph: Bipartite):
        self.graph = graph
        self.start, self.source = graph.start.astype(np.int32), graph.source
        back, edge = graph.transposed()
        self.back, self.target, self.edge = back.start.astype(np.int32), back.source, edge.astype(np.int32)
        self.group, self.member = alike(self.start, self.source)
        self.back_group, self.back_member = alike(self.back, self.target)
        fans = graph.fan_in
        self.fan = max(int(fans[0]), 1) if (fans == fans[0]).all() else 1

    @property
    def kind(self) -> str:
        """ "block" where kernels load inputs once for four outputs or more, on average; otherwise "indexed"."""
        return "block" if len(self.member) >= 4 * (len(self.group) - 1) else "indexed"


def alike(start: Array, source: Array) -> tuple[Array, Array]:
    """(group, member), int32: member[group[g]:group[g + 1]] are the nodes whose lists are the same, ascending."""
    found: dict[bytes, list[int]] = {}
    for o, (begin, end) in enumerate(zip(start[:-1].tolist(), start[1:].tolist())):
        found.setdefault(source[begin:end].tobytes(), []).append(o)
    group = np.cumsum([0] + [len(nodes) for nodes in found.values()], dtype=np.int32)
    return group, np.array([o for nodes in found.values() for o in nodes], np.int32)


def keep(graph: Bipartite, axis: int, nodes: Array) -> tuple[Bipartite, Array]:
    """The graph with some outputs (axis 0) or inputs (axis 1) only, ascending, and which edges are left of it."""
    ends = graph.target, graph.source
    left = np.flatnonzero(np.isin(ends[axis], nodes))
    target, source = (end[left] for end in ends)
    sizes = [graph.n_out, graph.n_in]
    sizes[axis] = len(nodes)
    if axis == 0:
        target = np.searchsorted(nodes, target)
    else:
        source = np.searchsorted(nodes, source).astype(np.int32)
    start = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=sizes[0]))])
    return Bipartite(sizes[1], sizes[0], start, source), left


def given_graph(edges: Any, n_in: Any, n_out: Any, names: tuple[str, str] = ("n_in", "n_out")) -> Bipartite:
    """The graph itself; or one with so many edges, evenly over the outputs, until a file says which there are.

    names: those of n_in and n_out in messages.
    """
    if isinstance(edges, Bipartite):
        if n_in not in (None, edges.n_in) or n_out not in (None, edges.n_out):
            raise BadInput(
                f"the graph is {edges.n_in} -> {edges.n_out}, not {n_in} -> {n_out}; "
                f"leave {' and '.join(names)} out"
            )
        return edges
    if isinstance(edges, np.ndarray) or np.ndim(edges):
        raise BadInput(
            f"edges must be a Bipartite, not a {type(edges).__name__}; Bipartite.from_mask makes one of a mask"
        )
    count = check_int("edges", edges, least=0)
    n_in, n_out = check_int(names[0], n_in, least=1), check_int(names[1], n_out, least=1)
    if count > n_in * n_out:
        raise BadInput(f"edges must be at most {n_in * n_out}, those of the dense layer, not {count}")
    fans = count // n_out + (np.arange(n_out) < count % n_out)
    start = np.concatenate([[0], np.cumsum(fans)])
    return Bipartite(n_in, n_out, start, np.arange(count) - np.repeat(start[:-1], fans))
