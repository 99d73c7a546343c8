"""Removing units from a network for good: rows of W and b, the columns that read them, the optimiser's moments.

The units of a convolution are its filters. A filter leaves with its channel in all layers up to the next product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from ..backend import Array
from ..errors import BadInput, short
from ..layers import Chain, Cut, Flatten, Layer, Linear, SparseLinear, Units
from ..optim import Optimizer
from .sequential import Sequential


@dataclass(frozen=True)
class Hidden:
    """A layer whose units can be removed, the layer that reads them, and those between the two.

    inputs: how many inputs of the reader each unit is; the pixels of its map where it is flattened.
    """

    layer: Units
    reader: Units
    between: tuple[Layer, ...] = ()
    inputs: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """(groups, units)."""
        return self.layer.groups, self.layer.units

    def cuts(self, kept: Array) -> Iterator[Cut]:
        """What is kept of all parameters with the units `kept` (groups, m), ascending in each group."""
        groups, n = self.shape
        outputs = (kept + n * np.arange(groups)[:, None]).ravel()
        yield from self.layer.unit_cuts(kept)
        inputs = (outputs[:, None] * self.inputs + np.arange(self.inputs)).ravel()
        flat = False
        for layer in self.between:
            flat = flat or isinstance(layer, Flatten)
            yield from layer.channel_cuts(inputs if flat else outputs)
        yield from self.reader.input_cuts(inputs)


def hidden_layers(net: Chain) -> list[Hidden]:
    """The layers of `net` that can shrink, first to last, each with its reader.

    Between the two stand only element-wise and channelwise layers, and Flatten. The last layer cannot shrink, nor
    one whose outputs a Residual adds to its inputs.
    """
    found: list[Hidden] = []
    for i, layer in enumerate(net.children):
        if isinstance(layer, Chain):
            found += hidden_layers(layer)
        elif isinstance(layer, Units):
            after = net.children[i + 1 :]
            between = tuple(takewhile(_passes, after))
            reader = after[len(between)] if len(between) < len(after) else None
            if isinstance(reader, Units):
                found.append(Hidden(layer, reader, between, _inputs(layer, reader, between)))
    return found


def _passes(layer: Layer) -> bool:
    """Whether a unit can be followed through a layer."""
    return layer.elementwise or layer.channelwise or isinstance(layer, Flatten)


def _inputs(layer: Units, reader: Units, between: tuple[Layer, ...]) -> int:
    flat = any(isinstance(one, Flatten) for one in between)
    return reader.n_in // layer.width if flat and isinstance(reader, (Linear, SparseLinear)) else 1


def check_hidden(net: Sequential) -> list[Hidden]:
    """`hidden_layers`. Raises BadInput where there are none."""
    found = hidden_layers(net)
    if not found:
        raise BadInput("the network has no hidden layer that could shrink; give it one, such as --hidden 500")
    return found


def compact(net: Sequential, optimizer: Optimizer | None, kept: Sequence[tuple[Hidden, Array]]) -> None:
    """Remove from each layer given all units but those kept, int (groups, m), ascending.

    The network then computes what it computed before with zeros in the columns of W that read the removed units,
    and the gradients of all that is kept are the same. The optimiser's moments are cut with their weights. Raises
    BadInput, and changes nothing, unless at least one unit of each group is kept, in each group equally many.
    """
    for hidden, units in kept:
        _check(hidden, units)
    for hidden, units in kept:
        for cut in hidden.cuts(units):
            p = cut.param
            kept_of_p = np.take(net.be.get(p.value), cut.kept, cut.axis)
            p.value, p.grad = net.be.put(kept_of_p, p.value.dtype.name), None
            if optimizer is not None:
                optimizer.take(p, cut.axis, cut.kept)
    for layer in net.layers():
        layer.buf.clear()
        layer.resize()


def _check(hidden: Hidden, units: Array) -> None:
    groups, n = hidden.shape
    fits = units.ndim == 2 and len(units) == groups and 1 <= units.shape[1] <= n and units.dtype.kind in "iu"
    if not fits or units.min() < 0 or units.max() >= n or (np.diff(units) <= 0).any():
        raise BadInput(
            f"{hidden.layer.label} can keep {groups} x (1 to {n}) of its units, ascending, "
            f"not {short(units.tolist())}"
        )
