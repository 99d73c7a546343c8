"""Sparse topologies: RadiX-Nets, X-Nets and others, and the facts about them. Numbers only, no engine."""

from .base import Topology
from .bipartite import Bipartite
from .blocks import Blocks
from .facts import Facts, LayerFacts, facts
from .paths import Paths, count_paths, dead_nodes
from .radix import RadixNet, radix_net, reduced_format
from .random import bernoulli, cayley, draw_inputs, draw_outputs, largest, random_net, x_linear
from .regular import regular
from .spectrum import singular_ratio

__all__ = [
    "Bipartite", "Blocks", "Facts", "LayerFacts", "Paths", "RadixNet", "Topology", "bernoulli", "cayley",
    "count_paths", "dead_nodes", "draw_inputs", "draw_outputs", "facts", "largest", "radix_net", "random_net",
    "reduced_format", "regular", "singular_ratio", "x_linear",
]  # fmt: skip
