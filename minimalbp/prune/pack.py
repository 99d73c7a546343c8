"""Packing: from a network with zeros in its weights to a smaller one that computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers import Conv2d, Layer, Linear, PackedConv2d, PackedLinear
from ..network import Sequential
from ..network.rewrite import Instead, rewrite
from .dead import remove_dead
from .fold import fold
from .plain import check_network, dense_weight, same_but, values
from .unpack import plain_layer


def pack(net: Sequential, *, fold_batchnorm: bool = False) -> Sequential:
    """A network that computes in evaluation what a pruned one computes, without what its zeros cost.

    First filters and units leave that are dead: their output is always 0, or nothing reads it. Then layers with
    columns of zeros become packed ones. All other layers are copied, with their weights and selectors. Where a
    layer has center="forward", its bias takes the mean's place; a packed layer has no `center` at all.

    Parameters
    ----------
    net : Sequential
        Pruned weights are exactly 0: whole columns, or for a filter its weights and its bias, also those of batch
        normalisation after it. It stays as it is.
    fold_batchnorm : bool, default False
        Whether batch normalisation behind a convolution or a linear layer goes into its weight and bias. Otherwise
        it stays, with its statistics.

    Returns
    -------
    Sequential
        On the same backend and in the same type; a plain copy where there is nothing to pack.

    Raises
    ------
    BadInput
        For what is no network.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), "Structured Probabilistic Pruning for Convolutional Neural Network
    Acceleration", arXiv 1709.06994: columns of the matrix that a convolution multiplies by.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(
    ...     mbp.Linear(4, 3), mbp.ReLU(), mbp.Linear(3, 2), backend="reference")
    >>> net.children[0].weight.value[:, [0, 2]] = 0  # two pruned columns
    >>> net.children[2].weight.value[:, 1] = 0  # nothing reads unit 1
    >>> pack(net)
    Sequential(PackedLinear(n_in=4, n_out=2, columns=2), ReLU(), Linear(n_in=2, n_out=2))
    """
    check_network(net)
    smaller = rewrite(net, _uncentred)
    if fold_batchnorm:
        smaller = fold(smaller)
    remove_dead(smaller)
    return rewrite(smaller, _packed)


def _uncentred(layers: Sequence[Layer], at: int) -> Instead | None:
    """A channel that is always 0 reaches a centred layer as minus its mean, so means are folded first."""
    return plain_layer(layers[at]) if getattr(layers[at], "center", "off") == "forward" else None


def _packed(layers: Sequence[Layer], at: int) -> Instead | None:
    layer = layers[at]
    if not isinstance(layer, (Conv2d, Linear)):
        return None
    used = layer.be.get(layer.weight.value).any(axis=0).ravel()
    if used.all():
        return None
    columns = np.flatnonzero(dense_weight(layer).any(axis=0).ravel())
    both: dict[str, Any] = {"select": layer.select, "bias": layer.has_bias, "bias_rows": layer.bias_rows}
    new: PackedConv2d | PackedLinear
    if isinstance(layer, Conv2d):
        sizes = layer.in_channels, layer.out_channels, layer.kernel_size
        new = PackedConv2d(*sizes, columns, layer.stride, layer.padding, **both)
    else:
        new = PackedLinear(layer.n_in, layer.n_out, columns, **both)
    same_but(layer, new)
    w, columns = dense_weight(layer), new._first_columns
    bias = None if layer.bias is None else layer.be.get(layer.bias.value)
    return Instead(new, values(w.reshape(len(w), -1)[:, columns], bias, columns))
