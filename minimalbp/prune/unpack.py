"""Packed and sparse networks as dense ones, which PyTorch and others know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backend import Array
from ..layers import Conv2d, Layer, Linear, PackedConv2d, PackedLinear, SparseConv2d, SparseLinear
from ..network import Sequential
from ..network.rewrite import Instead, rewrite
from .plain import check_network, dense_weight, exact_weights, has_bias, same_but, values


def unpack(net: Sequential) -> Sequential:
    """The same network of dense layers, with zeros where there is no weight.

    Columns that left and edges that a topology does not have become zeros. Where filters or units left, shapes
    are smaller. A torch.nn.Sequential of the same layers loads what `mbp.save` writes of it. Layers with `center`
    become plain ones, whose bias takes the mean's place.

    Parameters
    ----------
    net : Sequential
        It stays as it is.

    Returns
    -------
    Sequential

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.PackedLinear(4, 3, [0, 2]), mbp.ReLU(), backend="reference")
    >>> unpack(net)
    Sequential(Linear(n_in=4, n_out=3), ReLU())
    """
    check_network(net)
    return rewrite(net, _dense)


def state_dict(net: Sequential) -> dict[str, Array]:
    """The parameters and statistics of the unpacked network, by PyTorch's names.

    Parameters
    ----------
    net : Sequential

    Returns
    -------
    dict of str to array

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.PackedLinear(4, 3, [0, 2]), mbp.ReLU(), backend="reference")
    >>> {name: value.shape for name, value in state_dict(net).items()}
    {'0.weight': (3, 4), '0.bias': (3,)}
    """
    dense = unpack(net)
    return {p.name: dense.be.get(p.value) for p in dense.kept()}


def _dense(layers: Sequence[Layer], at: int) -> Instead | None:
    layer = layers[at]
    if isinstance(layer, (SparseLinear, SparseConv2d)):
        options: dict[str, Any] = {
            "select": layer.select,
            "bias": layer.has_bias,
            "bias_rows": layer.bias_rows,
        }
        w, b = layer.weight_and_bias()
        new: Layer
        if isinstance(layer, SparseLinear):
            new = Linear(layer.n_in, layer.n_out, **options)
        else:
            sizes = layer.in_channels, layer.out_channels, layer.kernel_size
            new = Conv2d(*sizes, layer.stride, layer.padding, **options)
        return Instead(new, values(w, layer.be.get(b) if layer.has_bias else None))
    packed = isinstance(layer, (PackedConv2d, PackedLinear))
    return plain_layer(layer) if packed or getattr(layer, "center", "off") != "off" else None


def plain_layer(layer: Layer) -> Instead | None:
    """A Conv2d or Linear that computes the same; None for layers of other kinds."""
    if not isinstance(layer, (Conv2d, Linear)):
        return None
    both: dict[str, Any] = {"select": layer.select, "bias": has_bias(layer), "bias_rows": layer.bias_rows}
    new: Conv2d | Linear
    if isinstance(layer, Conv2d):
        sizes = layer.in_channels, layer.out_channels, layer.kernel_size
        new = Conv2d(*sizes, layer.stride, layer.padding, **both)
    else:
        new = Linear(layer.n_in, layer.n_out, **both)
    bias = exact_weights(layer)[1] if new.has_bias else None
    return Instead(same_but(layer, new), values(dense_weight(layer), bias))
