"""Finding the layer of a network whose values are the first that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from .sequential import Sequential


def first_not_finite(net: Sequential, x: Array, lengths: Any = None) -> str:
    """The first layer whose output for x, or whose parameters, are not finite, in words for a message."""
    for layer in net.children:
        bad = [p.name for p in layer.parameters() if not np.isfinite(p.value).all()]
        x = layer.forward(x, train=False, **layer.forward_options(lengths))
        if bad or not np.isfinite(x).all():
            return layer.label + (f" (its {', '.join(bad)} too)" if bad else "")
    return "the loss itself"
