"""A RadiX-Net built of its numbers: circulants, and the Kronecker expansion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import Topology
from .bipartite import Bipartite
from .blocks import Blocks
from .radix import RadixNet

__all__ = ["radix_net"]


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
    layers = []
    for radix, place, d_in, d_out in zip(plan.radices, plan.places, plan.d, plan.d[1:]):
        # an edge leads from j to j + sign s v, so that output c reads c - sign s v
        offsets = tuple(sorted(-plan.sign * s * place % plan.n for s in range(radix)))
        layers.append(Bipartite.from_blocks(Blocks(d_in, d_out, plan.n, offsets)))
    net = Topology(layers, plan)
    return net if cut is None else net.cut(cut)
