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
    dropout: float = 0.0,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The papers' network: Linear and ReLU (and Dropout) for every hidden size, and a dense Linear at the end.

    sizes: inputs, hidden ..., outputs. select: the selector of every hidden layer; None: dense. options: as for
    Sequential.
    """
    if len(sizes) < 2:
        raise BadInput(f"mlp needs at least inputs and outputs, such as [784, 500, 10], not {sizes!r}")
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes[:-1]):
        layers += [
            Linear(n_in, n_out, select=select, init=init),
            ReLU(),
            *([Dropout(dropout)] if dropout else []),
        ]
    layers.append(Linear(sizes[-2], sizes[-1], init=init))
    return Sequential(*layers, **options)
