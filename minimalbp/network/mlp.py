"""The papers' network for labelled arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..errors import BadInput
from ..layers import Dropout, Layer, Linear, ReLU
from ..select import Selector
from .sequential import Sequential


def mlp(
    sizes: list[int],
    *,
    select: Selector | None = None,
    center: str = "off",
    dropout: float = 0.0,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The papers' network: Linear and ReLU (and Dropout) for every hidden layer, and a dense Linear at the end.

    Parameters
    ----------
    sizes : list of int
        Inputs, units of each hidden layer, outputs.
    select : Selector, default Dense()
        The selector of every hidden layer.
    center : {"off", "dw", "forward"}, default "off"
        What hidden layers do with the running mean of their inputs, as for Linear.
    dropout : float, default 0.0
        The p of the Dropout after every ReLU. 0: there are no such layers.
    init : str, default "glorot_uniform"
        The distribution of the initial weights, as for Linear.
    **options
        rng, backend and dtype, as for Sequential.

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When `sizes` has fewer than two entries, or a value is out of range.

    References
    ----------
    meProp (arXiv 1706.06197), section 4.1: 784-500-500-10 for MNIST. The authors' code, like this function, selects
    in hidden layers only.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> mbp.mlp([784, 500, 10], select=mbp.TopK(25), backend="reference")
    Sequential(Linear(n_in=784, n_out=500), ReLU(), Linear(n_in=500, n_out=10))
    """
    if len(sizes) < 2:
        raise BadInput(f"mlp needs at least inputs and outputs, such as [784, 500, 10], not {sizes!r}")
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [
            Linear(n_in, n_out, select=select, center=center, init=init),
            ReLU(),
            *([Dropout(dropout)] if dropout else []),
        ]
    layers.append(Linear(sizes[-2], sizes[-1], init=init))
    return Sequential(*layers, **options)
