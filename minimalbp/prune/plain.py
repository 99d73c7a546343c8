"""Weight and bias of a layer in float64, without centring: what packing and folding compute with.

Float64 whatever the type of the network, so that the same network in float64 is packed to the same weights.
"""

from __future__ import annotations

import numpy as np

from ..backend import Array
from ..errors import BadInput, short
from ..layers import Conv2d, Linear, PackedConv2d, PackedLinear
from ..network import Sequential

Product = Conv2d | Linear


def check_network(*nets: object) -> None:
    """Raise BadInput for what is no network."""
    for net in nets:
        if not isinstance(net, Sequential):
            raise BadInput(f"this takes a network, which is a Sequential, not {short(net)}")


def exact_weights(layer: Product) -> tuple[Array, Array]:
    """The weight as it is, and the bias that the layer has without `center`, zeros where there is none; float64."""
    w = layer.be.get(layer.weight.value).astype(np.float64)
    b = np.zeros(len(w)) if layer.bias is None else layer.be.get(layer.bias.value).astype(np.float64)
    if layer.center == "forward" and layer.mean is not None:
        mean = layer.be.get(layer.mean.value).astype(np.float64)
        b = b - w.reshape(len(w), len(mean), -1).sum(axis=2) @ mean
    return w, b


def has_bias(layer: Product) -> bool:
    """Whether the same layer without `center` has a bias."""
    return layer.has_bias or layer.center == "forward"


def dense_weight(layer: Product) -> Array:
    """The weight with zeros in the columns that are not there, (units, ...) as PyTorch has it."""
    if isinstance(layer, (PackedConv2d, PackedLinear)):
        return layer.unpacked()
    return layer.be.get(layer.weight.value)


def same_but(layer: Product, new: Product) -> Product:
    """`new` with what is no setting of a layer: how its first weights were drawn."""
    new._init = layer._init
    return new


def values(weight: Array, bias: Array | None, *more: Array) -> list[Array]:
    """The values of a layer's parameters and statistics, in their order."""
    return [weight, *([] if bias is None else [bias]), *more]
