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


def work(net: Sequential) -> dict[str, tuple[int, int]]:
    """(all, left) multiply-adds for an example of each Conv2d and Linear by its path, after a forward pass.

    Columns of zeros save theirs, and so do filters without a weight, and those that no column reads any more. This
    is the paper's F (1 - s) with s = c + r - c r, for the shares c of columns and r of filters that left.
    """
    unread = {id(hidden.layer): _unread(hidden) for hidden in hidden_layers(net)}
    found = {}
    for layer in net.layers():
        if isinstance(layer, (Conv2d, Linear)):
            times = layer.positions if isinstance(layer, Conv2d) else 1
            w = layer.weight.value.reshape(len(layer.weight.value), -1)
            filters = w.any(axis=1) & ~unread.get(id(layer), np.zeros(len(w), bool))
            path = ".".join(map(str, layer.path))
            found[path] = times * w.size, times * int(filters.sum() * w.any(axis=0).sum())
    return found


def multiply_adds(net: Sequential) -> list[tuple[int, int]]:
    """`work` of the convolutions alone, first to last."""
    found = work(net)
    return [found[".".join(map(str, la.path))] for la in net.layers() if isinstance(la, Conv2d)]


def _unread(hidden: Hidden) -> Array:
    """Which units of a layer all weights that read them are zero of, bool (units,)."""
    n = hidden.layer.units
    if not isinstance(hidden.reader, (Conv2d, Linear)):
        return np.zeros(n, bool)
    w = hidden.reader.weight.value
    seen: Array = np.asarray(w.reshape(len(w), n, -1).any(axis=(0, 2)))
    return ~seen


def speedup(net: Sequential) -> float:
    """The theoretical speed-up of all convolutions together, of a network without any of its Linear layers.

    After a forward pass.
    """
    every, left = np.sum(multiply_adds(net) or [*work(net).values()], axis=0)
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
