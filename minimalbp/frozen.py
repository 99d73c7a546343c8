"""A network that only answers, and does so quickly where it is asked about a few examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Array
from .layers import Cube, Dropout, Linear, ReLU
from .network import Sequential

FUNCTIONS = {ReLU: 1, Cube: 2}  # as kernels/reference/linear.py numbers them
FEW = 24  # examples up to which one call for all layers is faster than a call for each


class Frozen:
    """A network's forward pass, good for as long as the network is not trained on.

    The Linear layers at its end, with nothing but ReLU, Cube or Dropout between them, stand here in one piece of
    memory and answer in one call, so that a small network takes microseconds. What stands before them runs in the
    network itself, and so does everything for more than FEW examples.
    """

    def __init__(self, net: Sequential):
        self.net = net
        start, found = _chain(net)
        self._before, self._first = net.children[:start], found[0][0] if found else None
        self._layers = np.array([(la.n_in, la.n_out, f) for la, f in found], np.int64)
        parts = [a.ravel() for layer, _ in found for a in layer.arrays()]
        self._weights = (
            net.be.put(np.concatenate([net.be.get(a) for a in parts]), net.dtype) if parts else None
        )
        self._memory: dict[int, tuple[Array, Array]] = {}

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """Outputs for x (batch, ...), as a new array."""
        return self.net.be.get(self.forward(self.net.prepare(x), lengths=lengths))

    def forward(self, x: Array, *, lengths: Any = None) -> Array:
        """Outputs for x as `prepare` of the network returns it; the array is written anew at the next call.

        lengths: as for `Sequential.forward`. Raises BadInput where x does not fit the layers.
        """
        rows = len(x)
        if rows > FEW or self._first is None:
            return self.net.forward(x, train=False, lengths=lengths)
        for layer in self._before:
            x = layer.forward(x, train=False, **({"lengths": lengths} if layer.takes_lengths else {}))
        self._first.check(x)
        if rows not in self._memory:
            self._memory[rows] = self._arrays(rows)
        y, h = self._memory[rows]
        self.net.be.linear.chain(y, x, h, self._weights, self._layers)
        return y

    def _arrays(self, rows: int) -> tuple[Array, Array]:
        be, dtype, widths = self.net.be, self.net.dtype, self._layers[:, 1]
        return be.empty((rows, int(widths[-1])), dtype), be.empty((2, rows * int(widths.max())), dtype)


def _chain(net: Sequential) -> tuple[int, list[tuple[Linear, int]]]:
    """Where the Linear layers at the end of a network begin, and each with the number of its function."""
    found: list[tuple[Linear, int]] = []
    start, function = len(net.children), 0
    for i, layer in reversed(list(enumerate(net.children))):
        if isinstance(layer, Linear):
            found.insert(0, (layer, function))
            start, function = i, 0
        elif type(layer) in FUNCTIONS and not function:
            function = FUNCTIONS[type(layer)]  # type: ignore[index]
        elif not isinstance(layer, Dropout):
            break
    return start, found
