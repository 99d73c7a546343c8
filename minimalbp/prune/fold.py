"""Batch normalisation that goes into the weights before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..layers import BatchNorm1d, BatchNorm2d, Conv2d, Layer, Linear
from ..network import Sequential
from ..network.rewrite import Instead, fresh, rewrite
from .plain import exact_weights, values


def fold(net: Sequential) -> Sequential:
    """A new network without the batch normalisation that follows a convolution or a linear layer.

    Their weights get its scale, and their bias its shift, by its running mean and variance. So outputs in
    evaluation are the same. In training there is no normalisation any more.
    """
    return rewrite(net, _folded)


def _folded(layers: Sequence[Layer], at: int) -> Instead | None:
    layer, after = layers[at], layers[at + 1] if at + 1 < len(layers) else None
    if not (isinstance(layer, Conv2d) and isinstance(after, BatchNorm2d)) and not (
        isinstance(layer, Linear) and isinstance(after, BatchNorm1d)
    ):
        return None
    weight, bias, mean, var = (
        after.be.get(p.value).astype(np.float64)
        for p in (after.weight, after.bias, after.running_mean, after.running_var)
    )
    scale = weight / np.sqrt(var + after.eps)
    w, b = exact_weights(layer)
    new = fresh(layer)
    new.has_bias, new.center = True, "off"
    more = [layer.be.get(p.value) for p in layer.statistics() if p.name.endswith(".columns")]
    w = w * scale.reshape(-1, *[1] * (w.ndim - 1))
    return Instead(new, values(w, (b - mean) * scale + bias, *more), 2)
