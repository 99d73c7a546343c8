"""A topology: layers of edges that fit each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, check_int
from .bipartite import Bipartite

if TYPE_CHECKING:
    from .radix import RadixNet


class Topology(Sequence[Bipartite]):
    """Layers of edges that fit each other: the outputs of one are the inputs of the next.

    Parameters
    ----------
    layers : sequence of Bipartite
        At least one, from the inputs on.
    recipe : RadixNet, optional
        Of which the layers are made, for its formulas.
    cut_down : bool, default False
        Whether nodes were dropped since.

    Attributes
    ----------
    sizes : tuple of int
        Nodes of each node layer, one more than there are layers of edges.
    n_edges : int
        All edges.
    density : float
        All edges over those of the dense network.

    Raises
    ------
    BadInput
        For layers that do not fit.

    Examples
    --------
    >>> net = Topology([Bipartite.from_mask([[1, 0], [1, 1], [0, 1]]), Bipartite.from_mask([[1, 0, 1]])])
    >>> net
    Topology(2-3-1, 6 edges, density 0.667)
    """

    def __init__(self, layers: Sequence[Bipartite], recipe: RadixNet | None = None, cut_down: bool = False):
        self.layers = tuple(layers)
        if not self.layers:
            raise BadInput("a topology needs at least one layer of edges, not 0")
        for i, (one, following) in enumerate(pairwise(self.layers), 1):
            if one.n_out != following.n_in:
                raise BadInput(
                    f"layer {i} has {one.n_out} outputs, but layer {i + 1} has {following.n_in} inputs; they must "
                    "be as many"
                )
        self.recipe, self.cut_down = recipe, cut_down
        self.sizes = (self.layers[0].n_in, *(layer.n_out for layer in self.layers))
        self.n_edges = sum(layer.n_edges for layer in self.layers)
        self.density = self.n_edges / sum(layer.n_in * layer.n_out for layer in self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]

    def __iter__(self) -> Iterator[Bipartite]:
        return iter(self.layers)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        return f"Topology({sizes}, {self.n_edges} edges, density {self.density:.3g})"

    def cut(self, sizes: Sequence[int]) -> Topology:
        """The topology with the first nodes of each node layer dropped, so that `sizes` of them are left."""
        sizes = [check_int("each size of a cut", size, least=1) for size in sizes]
        if len(sizes) != len(self.sizes):
            raise BadInput(f"a cut needs {len(self.sizes)} sizes, one for each node layer, not {len(sizes)}")
        for i, (size, now) in enumerate(zip(sizes, self.sizes)):
            if size > now:
                raise BadInput(
                    f"node layer {i} has {now} nodes and cannot be cut to {size}; build a wider one first"
                )
        drop = [now - size for size, now in zip(sizes, self.sizes)]
        layers = [layer.drop(*pair) for layer, pair in zip(self.layers, pairwise(drop))]
        return Topology(layers, self.recipe, self.cut_down or any(drop))
