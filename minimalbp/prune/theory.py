"""How many multiply-adds pruned convolutions save, and the ratio that saves so many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend import Array
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


def ratio_for(wanted: float, groups: Sequence[Groups]) -> float:
    """The ratio, the same for all layers, that alone makes the convolutions `wanted` times as fast.

    Of filters and channels, the columns that read a filter count as gone with it.
    """
    sizes = [
        one.layer.positions * one.layer.weight.value.size for one in groups if isinstance(one.layer, Conv2d)
    ]
    work: Array = np.array(sizes, float)
    low, high = 0.0, 1.0
    for _ in range(50):
        ratio = (low + high) / 2
        left = np.full(len(work), 1 - ratio)
        if groups[0].kind == "filters":
            left[1:] *= 1 - ratio  # the layer before gives fewer channels
        elif groups[0].kind == "channels":
            left[:-1] *= 1 - ratio  # nobody reads these filters of the layer before
        low, high = (ratio, high) if work.sum() / max((work * left).sum(), 1) < wanted else (low, ratio)
    return high
