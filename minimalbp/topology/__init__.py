"""Sparse topologies: RadiX-Nets, X-Nets and others, and the facts about them. Numbers only, no engine."""

from .base import Topology
from .bipartite import Bipartite
from .blocks import Blocks
from .build import cayley, radix_net
from .challenge_images import challenge_images, image_rows
from .exchange import read_topology, read_triples, write_topology
from .facts import Facts, LayerFacts, facts
from .fitted import fitted_radix
from .graphchallenge import CHALLENGE, Challenge, category_text, challenge_layers, permutations
from .named import named_topology
from .paths import Paths, count_paths, dead_nodes
from .pruned import largest
from .radix import RadixNet, reduced_format
from .random import bernoulli, draw_inputs, draw_outputs, x_linear
from .regular import regular
from .spectrum import singular_ratio
from .stack import random_net

__all__ = [
    "CHALLENGE", "Bipartite", "Blocks", "Challenge", "Facts", "LayerFacts", "Paths", "RadixNet", "Topology",
    "bernoulli", "category_text", "cayley", "challenge_images", "challenge_layers", "count_paths",
    "dead_nodes", "draw_inputs", "draw_outputs", "facts", "fitted_radix", "image_rows", "largest", "named_topology",
    "permutations", "radix_net", "random_net", "read_topology", "read_triples", "reduced_format", "regular",
    "singular_ratio", "write_topology", "x_linear",
]  # fmt: skip
