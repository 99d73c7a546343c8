"""Dead units: filters and units that change nothing any more, and leave."""

from __future__ import annotations

import numpy as np

from ..backend import Array
from ..layers import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Cube,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sparsify,
    Tanh,
)
from ..network import Sequential
from ..network.compact import Hidden, compact, hidden_layers
from .plain import dense_weight, exact_weights

# Where an input of zeros comes out as zeros.
KEEPS_ZERO = (
    AvgPool2d, Cube, Dropout, Flatten, LocalResponseNorm, MaxPool2d, ReLU, Sparsify, Tanh
)  # fmt: skip


def remove_dead(net: Sequential) -> None:
    """Remove the dead units of all layers, until there are none; the outputs of the network stay.

    A unit is dead whose output is 0 whatever the input, or that nothing reads: all its columns in the next layer
    are zeros. Each layer keeps at least one. What a Residual adds to its input stays.
    """
    while any([_shrink(net, hidden) for hidden in reversed(hidden_layers(net))]):
        pass


def _shrink(net: Sequential, hidden: Hidden) -> bool:
    """Remove the dead units of a layer. Returns whether there were any."""
    if not isinstance(hidden.layer, (Conv2d, Linear)):
        return False
    alive = np.flatnonzero(_read(hidden) & ~_silent(hidden))
    kept = alive if len(alive) else np.array([0])
    if len(kept) == hidden.layer.units:
        return False
    compact(net, None, [(hidden, kept[None])])
    return True


def _read(hidden: Hidden) -> Array:
    """Which units the next layer reads."""
    reader, units = hidden.reader, hidden.layer.units
    if not isinstance(reader, (Conv2d, Linear)):
        return np.ones(units, bool)
    columns = dense_weight(reader).any(axis=0)
    read: Array = np.any(columns.reshape(units, -1), axis=1)
    return read


def _silent(hidden: Hidden) -> Array:
    """Which units always arrive at the next layer as 0."""
    assert isinstance(hidden.layer, (Conv2d, Linear))
    w, b = exact_weights(hidden.layer)
    silent = ~w.reshape(len(w), -1).any(axis=1) & (b == 0)
    for layer in hidden.between:
        if isinstance(layer, Flatten):
            silent = np.repeat(silent, hidden.inputs)
        silent = _through(layer, silent)
    return silent.reshape(hidden.layer.units, -1).all(axis=1)


def _through(layer: Layer, silent: Array) -> Array:
    """Which channels leave a layer as 0 if these enter it as 0."""
    if isinstance(layer, (BatchNorm1d, BatchNorm2d)):
        w, b, mean = (layer.be.get(p.value) for p in (layer.weight, layer.bias, layer.running_mean))
        return (b == 0) & ((w == 0) | (silent & (mean == 0)))
    return silent if isinstance(layer, KEEPS_ZERO) else np.zeros_like(silent)
