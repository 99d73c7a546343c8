"""Topologies by name, for layers of given sizes at one density."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..errors import check_float, unknown
from .base import Topology
from .build import cayley, radix_net
from .fitted import fitted_radix
from .stack import KINDS as RANDOM
from .stack import random_net

__all__ = ["named_topology"]

NAMES = ("radix", *RANDOM, "cayley")


def named_topology(kind: str, sizes: Sequence[int], density: float, rng: np.random.Generator) -> Topology:
    """A topology by name, with layers of these sizes.

    Parameters
    ----------
    kind : {"radix", "random", "regular", "bernoulli", "cayley"}
        A RadiX-Net, as `fitted_radix` makes it, cut to the sizes; random layers, as `random_net` draws them; or
        in each layer a Cayley graph of a cyclic group with generators by chance, as large as the larger side,
        whose first nodes are dropped on the other.
    sizes : sequence of int
        Nodes of each node layer.
    density : float
        The share of edges, above 0 and up to 1. A RadiX-Net has the nearest that there is.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Topology

    Raises
    ------
    BadInput
        For another name, and for sizes or a density that cannot be.

    Examples
    --------
    >>> named_topology("radix", [784, 300, 100], 0.1, np.random.default_rng(0))
    Topology(784-300-100, 26520 edges, density 0.1)
    >>> named_topology("cayley", [64, 100, 100], 0.1, np.random.default_rng(0)).sizes
    (64, 100, 100)
    """
    if kind not in NAMES:
        raise unknown("topology", kind, NAMES)
    if kind == "radix":
        return radix_net(fitted_radix(sizes, density), cut=sizes)
    if kind != "cayley":
        return random_net(kind, sizes, rng, density=density)
    share = check_float("density", density, 0, 1, open_low=True)
    layers = []
    for n_in, n_out in pairwise(sizes):
        n = max(n_in, n_out)
        generators = rng.choice(n, max(1, round(share * n)), replace=False, shuffle=False)
        layers.append(cayley(n, generators.tolist()).drop(n - n_in, n - n_out))
    return Topology(layers)
