"""How many multiply-adds pruned layers save, and the ratio that saves so many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend import Array
from ..errors import BadInput
from ..layers import Conv2d, Linear
from ..network import Sequential
from ..network.compact import Hidden, hidden_layers
from .groups import Groups


def multiply_adds(net: Sequential) -> list[tuple[int, int]]:
    """Multiply-adds of each convolution for a picture: all of them, and those that pruning has left.

    Columns of zeros save theirs, and so do filters without a weight, and those that no column reads any more. This
    is the paper's F (1 - s) with s = c + r - c r, for the shares c of columns and r of filters that left.

    Parameters
    ----------
    net : Sequential
        After a forward pass, which tells the sizes of its pictures.

    Returns
    -------
    list of (int, int)
        (all, left) of each convolution.
    """
    hidden = [one for one in hidden_layers(net) if isinstance(one.reader, (Conv2d, Linear))]
    unread = {id(one.layer): _unread(one) for one in hidden}
    silent = {id(one.reader): _silent(one) for one in hidden if isinstance(one.reader, Conv2d)}
    found = []
    for layer in net.layers():
        if isinstance(layer, Conv2d):
            w = layer.weight.value.reshape(layer.out_channels, layer.in_channels, -1)
            filters, columns = w.any(axis=(1, 2)), w.any(axis=0)
            filters &= ~unread.get(id(layer), np.zeros(len(w), bool))
            columns &= ~silent.get(id(layer), np.zeros(w.shape[1], bool))[:, None]
            left = int(filters.sum()) * int(columns.sum())
            found.append((layer.positions * w.size, layer.positions * left))
    return found


def _unread(hidden: Hidden) -> Array:
    """The units of a layer that no weight reads, bool (units,)."""
    n = hidden.layer.units
    assert isinstance(hidden.reader, (Conv2d, Linear))
    w = hidden.reader.weight.value
    seen: Array = np.asarray(w.reshape(len(w), n, -1).any(axis=(0, 2)))
    return ~seen


def _silent(hidden: Hidden) -> Array:
    """The units of a layer whose outputs are zero whatever it gets, bool (units,)."""
    n = hidden.layer.units
    parts = [p.value for layer in (hidden.layer, *hidden.between) for p in layer.parameters()]
    return np.all([~part.reshape(n, -1).any(axis=1) for part in parts], axis=0)


def speedup(net: Sequential) -> float:
    """The theoretical speed-up of all convolutions together, by their multiply-adds.

    Parameters
    ----------
    net : Sequential
        After a forward pass.

    Returns
    -------
    float
    """
    every, left = np.sum(multiply_adds(net), axis=0)
    return float(every / max(left, 1))


def ratio_for(wanted: float, net: Sequential, groups: Sequence[Groups]) -> float:
    """The ratio, the same for all pruned layers, that makes the convolutions of a network `wanted` times as fast.

    Of filters and channels, the columns that read a filter count as gone with it. Raises BadInput where these
    layers alone cannot make it so fast.
    """
    convolutions = [la for la in net.layers() if isinstance(la, Conv2d)]
    every = {id(la): la.positions * la.weight.value.size for la in convolutions}
    kind, chain = groups[0].kind, [(id(hidden.layer), id(hidden.reader)) for hidden in hidden_layers(net)]
    shrink = [id(one.layer) for one in groups]
    if kind == "filters":
        shrink += [reader for layer, reader in chain if layer in shrink]
    elif kind == "channels":
        shrink += [layer for layer, reader in chain if reader in shrink]
    times = {key: shrink.count(key) for key in every}  # one factor for columns, one for filters

    def speed(ratio: float) -> float:
        return sum(every.values()) / max(sum(n * (1 - ratio) ** times[key] for key, n in every.items()), 1)

    if speed(1) <= wanted:
        raise BadInput(
            f"speedup = {wanted:g} cannot be reached: without the pruned layers all convolutions are "
            f"{speed(1):.3g} times as fast; give a smaller one, or prune more layers"
        )
    low, high = 0.0, 1.0
    for _ in range(50):
        ratio = (low + high) / 2
        low, high = (ratio, high) if speed(ratio) < wanted else (low, ratio)
    return high
