"""A network that only answers, and does so quickly where it is asked about a few examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .backend import Array
from .buffers import Buffers
from .errors import BadInput
from .layers import LSTM, Cube, Dropout, Embedding, Layer, Linear, ReLU
from .layers.packing import starts
from .network import Sequential

KERNELS: dict[type, str] = {ReLU: "relu", Cube: "cube"}  # the functions that linear.chain knows
FEW = 24  # examples up to which `linear.forward` takes dot products as `linear.chain` does
SMALL = 1 << 18  # bytes of an LSTM's recurrent weights that a second-level cache keeps beside others


class Frozen:
    """A network's forward pass with the weights of now: make a new one when they change (fit, load, shrinking).

    The Linear layers at its end, with nothing but ReLU, Cube or Dropout between them, stand here in one piece of
    memory and answer in one call on one thread, so that a small network takes microseconds; an Embedding right
    before them belongs to that call. What else stands before them runs in the network itself, and so does
    everything for more than FEW examples. Layers so large that several threads pay may answer a little faster
    layer by layer.

    A small tagger, which is an Embedding, an LSTM and those layers, is one call for any number of words, and
    threads share the sentences. Small: one direction, and at most SMALL bytes of recurrent weights, the 128 units
    of float32; and no gate has lost entries of its own.
    """

    def __init__(self, net: Sequential):
        self.net = net
        start, found = _tail(net)
        self._call = _quickest(net, [o for o in net.children[:start] if not isinstance(o, Dropout)], found)

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """Outputs for x (batch, ...), as a new array."""
        return self.net.be.get(self.forward(self.net.prepare(x), lengths=lengths))

    def quick(self, rows: int) -> bool:
        """Whether so many examples, or words, take another way than that of the network itself."""
        return self._call is not None and rows <= self._call.most

    def forward(self, x: Array, *, lengths: Any = None) -> Array:
        """Outputs for x as `prepare` of the network returns it; the array is written anew at the next call.

        lengths: as for `Sequential.forward`. Raises BadInput where x does not fit the layers.
        """
        if self._call is None or len(x) > self._call.most:
            return self.net.forward(x, train=False, lengths=lengths)
        return self._call.forward(x, lengths)


class _Layers:
    """The last layers in one call; those before them by themselves."""

    most: float = FEW  # rows

    def __init__(self, net: Sequential, before: list[Layer], found: list[tuple[Linear, str]]):
        be, self._net, self._before, self._buf = net.be, net, before, Buffers(net.be, net.dtype)
        names = be.linear.FUNCTIONS
        self._layers = np.array([(la.n_in, la.n_out, names.index(f)) for la, f in found], np.int32)
        parts = [be.get(a).ravel() for layer, _ in found for a in layer.weight_and_bias()]
        self._weights = be.put(np.concatenate(parts), net.dtype)
        self._n_in, self._n_out = found[0][0].n_in, found[-1][0].n_out
        self._widest = int(self._layers[:, 1].max())

    def forward(self, x: Array, lengths: Any) -> Array:
        for layer in self._before:
            x = layer.forward(x, train=False, **layer.given(lengths))
        if x.ndim != 2 or x.shape[1] != self._n_in:  # kernels check nothing
            raise BadInput(f"the frozen layers take (batch, {self._n_in}) but get {x.shape}")
        y, work = self._room(len(x))
        self._net.be.linear.chain(y, x, self._weights, self._layers, work)
        return y

    def _room(self, rows: int) -> tuple[Array, Array]:
        """y, and the memory of `linear.chain`."""
        return self._buf.get("y", (rows, self._n_out)), self._buf.get("work", (2, rows * self._widest))


class _LookUps(_Layers):
    """The same after an Embedding, which belongs to the call."""

    def __init__(self, net: Sequential, embedding: Embedding, found: list[tuple[Linear, str]]):
        super().__init__(net, [], found)
        self._embedding = embedding
        self._tables = tuple(net.be.put(net.be.get(t), net.dtype) for t in embedding.values())

    def forward(self, x: Array, lengths: Any) -> Array:
        self._embedding.check(x)
        (y, work), looked_up = self._room(len(x)), self._buf.get("x", (len(x), self._n_in))
        where, chain = self._embedding.where, self._net.be.embedding.chain
        place = chain(y, x, self._tables, where, looked_up, self._weights, self._layers, work)
        self._embedding.check_ids(x, place)
        return y


class _Tagger(_LookUps):
    """The same with an LSTM between the two."""

    most = math.inf

    def __init__(self, net: Sequential, embedding: Embedding, lstm: LSTM, found: list[tuple[Linear, str]]):
        super().__init__(net, embedding, found)
        w, u, b = (net.be.get(p.value) for p in lstm.parameters())
        self._lstm = tuple(net.be.put(a, net.dtype) for a in (w.T, u.T, b))

    def forward(self, x: Array, lengths: Any) -> Array:
        self._embedding.check(x)
        y, start = self._buf.get("y", (len(x), self._n_out)), starts(lengths, len(x))
        where, chain = self._embedding.where, self._net.be.lstm.chain
        place = chain(y, x, self._tables, where, start, *self._lstm, self._weights, self._layers)
        self._embedding.check_ids(x, place)
        return y


def _quickest(net: Sequential, before: list[Layer], found: list[tuple[Linear, str]]) -> _Layers | None:
    """How a network answers that has these layers, and no others but Dropout, before those found at its end."""
    if not found:
        return None
    match before:
        case [Embedding() as embedding]:
            return _LookUps(net, embedding, found)
        case [Embedding() as embedding, LSTM() as lstm] if _small(lstm):
            return _Tagger(net, embedding, lstm, found)
    return _Layers(net, before, found)


def _small(lstm: LSTM) -> bool:
    return not lstm.bidirectional and not lstm.ragged and lstm.directions[0].u.value.nbytes <= SMALL


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
