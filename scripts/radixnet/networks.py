"""Networks whose hidden layers are dense, random or a RadiX-Net, described by plain numbers.

What an arm needs of a description is `build`, `as_json` and `smaller`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import minimalbp as mbp
from minimalbp.seeds import Streams
from minimalbp.topology import Bipartite, Topology, bernoulli, radix_net

SELECT: dict[str, Callable[[float], Any]] = {
    "dense": lambda share: mbp.Dense(),
    "topk": lambda share: mbp.TopK(ratio=share),
    "unified": lambda share: mbp.UnifiedTopK(ratio=share),
    "threshold-batch": lambda share: mbp.Threshold(ratio=share, over="batch"),
}
SMALL = (64, 32, 16, 10)  # of a smoke test on digits


class Net(Protocol):
    """The description of a network."""

    def build(self, seed: int, *, relu_on_logits: bool) -> mbp.Sequential:
        """The network, with He's initial weights by the true fan-in and biases of zero."""
        ...

    def as_json(self) -> dict[str, Any]: ...

    def smaller(self) -> Net:
        """Nearly the same for digits."""
        ...


@dataclass(frozen=True)
class Mlp:
    """784-300-100-10 or other sizes. The last layer is always dense, as the authors have it.

    Parameters
    ----------
    sizes : tuple of int
    graph : {"dense", "bernoulli", "radix"}
        The edges of the hidden layers. "bernoulli" keeps each edge with probability `density`.
    density : float
        Of a Bernoulli graph.
    systems, d : tuples
        Of a RadiX-Net. It is cut to `sizes`, and the first nodes are dropped.
    select : str
        Which units of the hidden layers get a gradient, by the names of the command line.
    shares : tuple of float
        How many of them, layer by layer.
    center : str
        As for Linear.
    """

    sizes: tuple[int, ...] = (784, 300, 100, 10)
    graph: str = "dense"
    density: float = 1.0
    systems: tuple[tuple[int, ...], ...] = ()
    d: tuple[int, ...] = ()
    select: str = "dense"
    shares: tuple[float, ...] = (1.0, 1.0)
    center: str = "off"

    def as_json(self) -> dict[str, Any]:
        return {"kind": "mlp", **asdict(self)}

    def topology(self, seed: int) -> Topology | None:
        """The edges of the hidden layers; None where they are dense."""
        sizes = self.sizes[:-1]
        if self.graph == "dense":
            return None
        if self.graph == "radix":
            return radix_net(self.systems, self.d, cut=sizes)
        return Topology(
            [bernoulli(*pair, self.density, Streams(seed).generator("topology", i))
             for i, pair in enumerate(pairwise(sizes))]
        )  # fmt: skip

    def build(self, seed: int, *, relu_on_logits: bool) -> mbp.Sequential:
        layers: list[mbp.Layer] = []
        graphs = self.topology(seed) or [None] * (len(self.sizes) - 2)
        for pair, graph, share in zip(pairwise(self.sizes), graphs, self.shares):
            layers += [self._hidden(pair, graph, SELECT[self.select](share)), mbp.ReLU()]
        layers.append(mbp.Linear(*self.sizes[-2:], init="he"))
        if relu_on_logits:
            layers.append(mbp.ReLU())
        return mbp.Sequential(*layers, rng=seed)

    def _hidden(self, pair: tuple[int, int], graph: Bipartite | None, select: Any) -> mbp.Layer:
        if graph is None:
            return mbp.Linear(*pair, select=select, init="he", center=self.center)
        return mbp.SparseLinear(graph, select=select, init="he")

    def smaller(self) -> Mlp:
        made = replace(self, sizes=SMALL)
        if self.graph == "bernoulli":
            return replace(made, density=min(1.0, 5 * self.density))
        return replace(made, systems=((4, 4),), d=(4, 2, 1)) if self.graph == "radix" else made


@dataclass(frozen=True)
class Lenet5:
    """The authors' network for pictures, of which the second convolution and the first linear layer are sparse.

    Convolution, pooling, normalisation; convolution, normalisation, pooling; two linear layers. Convolutions keep
    the size of the picture.

    Parameters
    ----------
    graph : {"dense", "bernoulli"}
    density : float
        Of a Bernoulli graph. In the convolution an edge links two channels.
    filters, units, side : ints
        Of the convolutions, of the hidden linear layer, and of the picture.
    """

    graph: str = "dense"
    density: float = 1.0
    filters: tuple[int, int] = (20, 50)
    units: int = 384
    side: int = 28

    def as_json(self) -> dict[str, Any]:
        return {"kind": "lenet5", **asdict(self)}

    def build(self, seed: int, *, relu_on_logits: bool) -> mbp.Sequential:
        first, second = self.filters
        layers: list[mbp.Layer] = [
            mbp.Conv2d(1, first, 5, padding=2, init="he"), mbp.ReLU(), mbp.MaxPool2d(2), self._norm(),
            self._conv(first, second, seed), mbp.ReLU(), self._norm(), mbp.MaxPool2d(2), mbp.Flatten(),
            self._linear(second * (self.side // 4) ** 2, seed), mbp.ReLU(), mbp.Linear(self.units, 10, init="he"),
        ]  # fmt: skip
        return mbp.Sequential(*layers, *([mbp.ReLU()] if relu_on_logits else []), rng=seed)

    def _norm(self) -> mbp.Layer:
        return mbp.LocalResponseNorm(9, alpha=0.001)  # of the tutorial that the authors' code is made of

    def _graph(self, n_in: int, n_out: int, seed: int, layer: int) -> Bipartite:
        return bernoulli(n_in, n_out, self.density, Streams(seed).generator("topology", layer))

    def _conv(self, n_in: int, n_out: int, seed: int) -> mbp.Layer:
        if self.graph == "dense":
            return mbp.Conv2d(n_in, n_out, 5, padding=2, init="he")
        return mbp.SparseConv2d(self._graph(n_in, n_out, seed, 0), kernel_size=5, padding=2)

    def _linear(self, n_in: int, seed: int) -> mbp.Layer:
        if self.graph == "dense":
            return mbp.Linear(n_in, self.units, init="he")
        return mbp.SparseLinear(self._graph(n_in, self.units, seed, 1))

    def smaller(self) -> Lenet5:
        return replace(self, density=min(1.0, 5 * self.density), filters=(4, 6), units=16, side=8)
