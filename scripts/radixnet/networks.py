"""Networks whose hidden layers are dense, random or a RadiX-Net, described by plain numbers.

What an arm needs of a description is `build`, `as_json` and `smaller`. So another kind of network, such as one of
convolutions, is one more class here and a list of arms.
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
