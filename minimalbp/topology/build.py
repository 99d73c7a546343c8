"""Layers built of circulants: RadiX-Nets with their Kronecker expansion, and Cayley graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import BadInput, check_int
from .base import Topology
from .bipartite import Bipartite, check_edges
from .blocks import Blocks
from .radix import RadixNet

__all__ = ["cayley", "radix_net"]


def radix_net(
    systems: Any, d: Any = None, *, sign: int = -1, anywhere: bool = False, cut: Sequence[int] | None = None
) -> Topology:
    """A RadiX-Net: the layers that a `RadixNet` describes, cut where asked.

    Parameters
    ----------
    systems : sequence of sequences of int, or RadixNet
        As for `RadixNet`; or one, which has all numbers but `cut`.
    d : sequence of int, optional
        As for `RadixNet`.
    sign : int, default -1
        As for `RadixNet`.
    anywhere : bool, default False
        As for `RadixNet`.
    cut : sequence of int, optional
        Nodes to leave in each node layer; the first ones are dropped.

    Returns
    -------
    Topology

    Raises
    ------
    BadInput
        As `RadixNet` and `Topology.cut` do.

    Examples
    --------
    >>> radix_net([[10, 10]], [8, 3, 1], cut=[784, 300, 100])
    Topology(784-300-100, 26520 edges, density 0.1)
    """
    given = isinstance(systems, RadixNet)
    plan = systems if given else RadixNet(systems, d, sign=sign, anywhere=anywhere)
    check_edges(plan.n_edges)
    layers = []
    for radix, place, d_in, d_out in zip(plan.radices, plan.places, plan.d, plan.d[1:]):
        # an edge leads from j to j + sign s v, so that output c reads c - sign s v
        offsets = tuple(sorted(-plan.sign * s * place % plan.n for s in range(radix)))
        layers.append(Bipartite.from_blocks(Blocks(d_in, d_out, plan.n, offsets)))
    net = Topology(layers, plan)
    return net if cut is None else net.cut(cut)


def cayley(n: int, generators: Sequence[int]) -> Bipartite:
    """The Cayley graph of the cyclic group of n elements: an edge from x to x + s, for each generator s.

    A layer of a RadiX-Net is one, with the generators 0, v, 2v, and so on.

    Parameters
    ----------
    n : int
        Nodes on both sides.
    generators : sequence of int
        Different modulo n.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For no generators, and for two that are the same modulo n.

    Examples
    --------
    >>> cayley(4, [0, 1]).mask().T.astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1],
           [1, 0, 0, 1]])
    """
    n = check_int("n", n, least=1)
    offsets = sorted(-check_int("each generator", s, least=-(2**62)) % n for s in generators)
    if not offsets or len(set(offsets)) < len(offsets):
        given = ", ".join(map(str, generators)) or "none"
        raise BadInput(f"generators must be at least one, and different modulo {n}, not {given}")
    return Bipartite.from_blocks(Blocks(1, 1, n, tuple(offsets)))
