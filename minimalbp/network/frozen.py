"""A network that only answers, and does so quickly where it is asked about a few examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Buffers
from ..errors import BadInput
from ..layers import Cube, Dropout, Linear, ReLU
from . import Sequential

KERNELS: dict[type, str] = {ReLU: "relu", Cube: "cube"}  # the functions that linear.chain knows
FEW = 24  # examples up to which `linear.forward` takes dot products as `linear.chain` does


class Frozen:
    """A network's forward pass with the weights of now: make a new one when they change (fit, load, shrinking).

    The Linear layers at its end, with nothing but ReLU, Cube or Dropout between them, stand here in one piece of
    memory and answer in one call on one thread, so that a small network takes microseconds. What stands before them
    runs in the network itself, and so does everything for more than FEW examples. Layers so large that several
    threads pay may answer a little faster layer by layer.
    """

    def __init__(self, net: Sequential):
        self.net, be = net, net.be
        start, found = _tail(net)
        self._before = [layer for layer in net.children[:start] if not isinstance(layer, Dropout)]
        self._most = FEW if found else 0
        if found:
            names = be.linear.FUNCTIONS
            self._layers = np.array([(la.n_in, la.n_out, names.index(f)) for la, f in found], np.int32)
            parts = [be.get(a).ravel() for layer, _ in found for a in layer.weight_and_bias()]
            self._weights, self._buf = be.put(np.concatenate(parts), net.dtype), Buffers(be, net.dtype)

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """Outputs for x (batch, ...), as a new array."""
        return self.net.be.get(self.forward(self.net.prepare(x), lengths=lengths))

    def quick(self, rows: int) -> bool:
        """Whether so many examples, or words, take another way than that of the network itself."""
        return rows <= self._most

    def forward(self, x: Array, *, lengths: Any = None) -> Array:
        """Outputs for x as `prepare` of the network returns it; the array is written anew at the next call.

        lengths: as for `Sequential.forward`. Raises BadInput where x does not fit the layers.
        """
        if not self.quick(len(x)):
            return self.net.forward(x, train=False, lengths=lengths)
        for layer in self._before:
            x = layer.forward(x, train=False, **layer.forward_options(lengths))
        n_in, n_out, widest = self._layers[0, 0], self._layers[-1, 1], self._layers[:, 1].max()
        if x.ndim != 2 or x.shape[1] != n_in:  # kernels check nothing
            raise BadInput(f"the frozen layers take (batch, {n_in}) but get {x.shape}")
        y, work = self._buf.get("y", (len(x), n_out)), self._buf.get("work", (2, len(x) * widest))
        self.net.be.linear.chain(y, x, self._weights, self._layers, work)
        return y


def _tail(net: Sequential) -> tuple[int, list[tuple[Linear, str]]]:
    """Where the Linear layers at the end of a network begin, and each with its function."""
    found: list[tuple[Linear, str]] = []
    start, function = len(net.children), "none"
    for i, layer in reversed(list(enumerate(net.children))):
        if isinstance(layer, Linear):
            found.insert(0, (layer, function))
            start, function = i, "none"
        elif function == "none" and type(layer) in KERNELS:
            function = KERNELS[type(layer)]
        elif not isinstance(layer, Dropout):
            break
    return start, found
