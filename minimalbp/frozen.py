"""A network that only answers, and does so quickly where it is asked about a few examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Array
from .errors import BadInput
from .layers import Cube, Dropout, Embedding, Layer, Linear, ReLU
from .network import Sequential

KERNELS: dict[type, str] = {ReLU: "relu", Cube: "cube"}  # the functions that linear.chain knows
FEW = 24  # examples up to which `linear.forward` takes dot products as `linear.chain` does


class Frozen:
    """A network's forward pass with the weights of now: make a new one when they change (fit, load, shrinking).

    The Linear layers at its end, with nothing but ReLU, Cube or Dropout between them, stand here in one piece of
    memory and answer in one call on one thread, so that a small network takes microseconds; an Embedding right
    before them belongs to that call. What else stands before them runs in the network itself, and so does
    everything for more than FEW examples. Layers so large that several threads pay may answer a little faster
    layer by layer.
    """

    def __init__(self, net: Sequential):
        self.net = net
        start, found = _tail(net)
        self._before = net.children[:start]
        self._embedding = _only_look_ups(self._before) if found else None
        if self._embedding is not None:
            self._before = []
            self._tables = tuple(net.be.put(net.be.get(t), net.dtype) for t in self._embedding.values())
        names = net.be.linear.FUNCTIONS
        self._layers = np.array([(la.n_in, la.n_out, names.index(f)) for la, f in found], np.int32)
        parts = [net.be.get(a).ravel() for layer, _ in found for a in layer.weight_and_bias()]
        self._weights = net.be.put(np.concatenate(parts), net.dtype) if parts else None
        self._memory: dict[int, tuple[Array, Array, Array]] = {}  # by the number of rows

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """Outputs for x (batch, ...), as a new array."""
        return self.net.be.get(self.forward(self.net.prepare(x), lengths=lengths))

    def forward(self, x: Array, *, lengths: Any = None) -> Array:
        """Outputs for x as `prepare` of the network returns it; the array is written anew at the next call.

        lengths: as for `Sequential.forward`. Raises BadInput where x does not fit the layers.
        """
        rows = len(x)
        if rows > FEW or self._weights is None:
            return self.net.forward(x, train=False, lengths=lengths)
        for layer in self._before:
            x = layer.forward(x, train=False, **layer.given(lengths))
        if rows not in self._memory:
            self._memory[rows] = self._room(rows)
        y, work, looked_up = self._memory[rows]
        if self._embedding is None:
            if x.ndim != 2 or x.shape[1] != self._layers[0, 0]:  # kernels check nothing
                raise BadInput(f"the frozen layers take (batch, {self._layers[0, 0]}) but get {x.shape}")
            self.net.be.linear.chain(y, x, self._weights, self._layers, work)
        else:
            self._embedding.check(x)
            where, chain = self._embedding.where, self.net.be.embedding.chain
            place = chain(y, x, self._tables, where, looked_up, self._weights, self._layers, work)
            self._embedding.check_ids(x, place)
        return y

    def _room(self, rows: int) -> tuple[Array, Array, Array]:
        """y, the memory of `linear.chain`, and that for what an Embedding finds."""
        be, dtype, widths = self.net.be, self.net.dtype, self._layers[:, 1]
        n_in = int(self._layers[0, 0]) if self._embedding else 0
        shapes = (rows, int(widths[-1])), (2, rows * int(widths.max())), (rows, n_in)
        y, work, looked_up = (be.empty(shape, dtype) for shape in shapes)
        return y, work, looked_up


def _only_look_ups(before: list[Layer]) -> Embedding | None:
    """The Embedding, if nothing but Dropout follows it."""
    first = before[0] if before else None
    return first if isinstance(first, Embedding) and all(isinstance(o, Dropout) for o in before[1:]) else None


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
