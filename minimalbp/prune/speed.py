"""How much faster a packed network is in theory: by its multiplications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import BadInput
from ..layers import Conv2d, Linear, PackedConv2d, PackedLinear
from ..network import Sequential
from .pack import pack
from .plain import check_network

Pairs = list[tuple[Conv2d | Linear, Conv2d | Linear]]


def speedup(net: Sequential) -> float:
    """The theoretical speed-up of all convolutions of a pruned network together.

    It counts what `pack` leaves, as `theoretical` does. A filter that is zero, or that nobody reads, is gone where
    it can be removed. What a Residual adds to its input stays.

    Parameters
    ----------
    net : Sequential
        With zeros, after a forward pass, which tells the sizes of its pictures.

    Returns
    -------
    float

    Raises
    ------
    BadInput
        For a network without convolutions.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 3, filters=(4, 4), units=(), backend="reference")
    >>> outputs = net(np.zeros((1, 8, 8)))
    >>> net.children[3].weight.value[:, :3] = 0  # three of four channels, so three filters have no reader
    >>> speedup(net)
    4.0
    """
    check_network(net)
    pairs = [pair for pair in layer_pairs(net, pack(net)) if isinstance(pair[0], Conv2d)]
    if not pairs:
        raise BadInput(
            "the network has no convolutions, whose multiply-adds speedup counts; ask theoretical(net, pack(net), "
            "shape), which counts Linear layers too"
        )
    return _together(pairs)


def theoretical(net: Sequential, packed: Sequential, shape: Sequence[int]) -> dict[str, Any]:
    """How many times fewer multiplications the packed network does in a forward pass.

    A convolution with the shares c of its columns and r of its filters pruned does 1 - s of its work, where
    s = c + r - c r.

    Parameters
    ----------
    net, packed : Sequential
        The network that was packed, and what `pack` made of it.
    shape : sequence of int
        Of one example, such as (3, 32, 32).

    Returns
    -------
    dict
        "layers": for each convolution and linear layer its name and kind, "Conv2d" or "Linear", [kept, of] its
        columns and filters, or of its inputs and units, and "theoretical", dense multiplications by those left.
        "net": the same for all convolutions together under "theoretical", as the paper counts, of a network
        without any for all linear layers; and under "all_layers" for both.

    Raises
    ------
    BadInput
        When the two networks do not have the same convolutions and linear layers.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), arXiv 1709.06994, section 3.3: the speed-up of a network.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 3, filters=(4, 6), units=(), backend="reference")
    >>> net.children[3].weight.value[:, :3] = 0  # three of four channels of the second convolution
    >>> facts = theoretical(net, mbp.prune.pack(net), (8, 8))
    >>> facts["layers"][1]
    {'name': '3', 'kind': 'Conv2d', 'columns': [25, 100], 'filters': [6, 6], 'theoretical': 4.0}
    >>> facts["net"]["theoretical"]
    4.0
    """
    check_network(net, packed)
    pairs = layer_pairs(net, packed)
    convolutions = [pair for pair in pairs if isinstance(pair[0], Conv2d)]
    if convolutions:
        net(np.zeros((1, *shape), net.dtype))  # they then know their positions
    layers = [
        {
            "name": ".".join(map(str, a.path)),
            "kind": "Conv2d" if isinstance(a, Conv2d) else "Linear",
            "columns": [_columns(b), _columns(a)],
            "filters": [b.units, a.units],
            "theoretical": _together([(a, b)]),
        }
        for a, b in pairs
    ]
    return {
        "layers": layers,
        "net": {"theoretical": _together(convolutions or pairs), "all_layers": _together(pairs)},
    }


def layer_pairs(net: Sequential, packed: Sequential) -> Pairs:
    """The convolutions and linear layers of both networks, side by side."""
    mine, theirs = (
        [layer for layer in one.layers() if isinstance(layer, (Conv2d, Linear))] for one in (net, packed)
    )
    kinds = [[isinstance(layer, Conv2d) for layer in found] for found in (mine, theirs)]
    if kinds[0] != kinds[1]:
        raise BadInput(
            f"the packed network has {len(theirs)} convolutions and linear layers where the other has "
            f"{len(mine)}, or in another order; give the network that was packed, and what pack made of it"
        )
    return list(zip(mine, theirs))


def _columns(layer: Conv2d | Linear) -> int:
    """The inputs of each unit."""
    if isinstance(layer, (PackedConv2d, PackedLinear)):
        return len(layer.columns.value)
    return int(layer.weight.value[0].size)


def _together(pairs: Pairs) -> float:
    """How many times fewer multiplications the packed layers do, at as many positions as the dense ones."""
    dense = left = 0
    for a, b in pairs:
        positions = a.positions if isinstance(a, Conv2d) else 1
        dense += positions * a.units * _columns(a)
        left += positions * b.units * _columns(b)
    return dense / max(left, 1) if dense else 1.0
