"""The ratio that saves as many multiply-adds as a speed-up asks for."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import BadInput
from ..layers import Conv2d
from ..network import Sequential
from ..network.compact import hidden_layers
from .groups import Groups


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
