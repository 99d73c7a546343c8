"""The forward pass of a network with fixed weights, quick for a few examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Buffers
from ..errors import BadInput
from ..layers import Cube, Dropout, Layer, Linear, MaxPool2d, PackedConv2d, ReLU
from .sequential import Sequential
from .shared import Shared

KERNELS: dict[type, str] = {ReLU: "relu", Cube: "cube"}  # the functions that the kernel linear.chain knows
FEW = 24  # examples up to which linear.forward, like linear.chain, computes dot products


class Frozen:
    """The forward pass of a network with its present weights, quick for a few examples.

    The Linear layers at the end of the network, with nothing but ReLU, Cube or Dropout between them, are copied
    into one piece of memory and run in one call on one thread. So a small network takes microseconds. The layers
    before them run one by one, and so does everything for more than 24 examples. A ReLU behind a PackedConv2d, with
    or without MaxPool2d between, is part of its product. Layers so large that several threads pay may be a little
    faster in the network.

    Parameters
    ----------
    net : Sequential
        Make a new Frozen when its weights change: after fit, load or a removal of units.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([3, 5, 2], backend="reference")
    >>> frozen = mbp.Frozen(net)
    >>> bool(np.allclose(frozen([[1, 2, 3]]), net([[1, 2, 3]])))
    True
    """

    def __init__(self, net: Sequential):
        self.net, be = net, net.be
        start, found = _tail(net)
        self._before, self._every = _steps(net.children[:start]), _steps(net.children)
        self._most, self._shared = FEW if found else 0, Shared()
        self._fixed: list[Array] = []  # what a copy for another thread has in common, besides the parameters
        if found:
            names = be.linear.FUNCTIONS
            self._layers = np.array([(la.n_in, la.n_out, names.index(f)) for la, f in found], np.int32)
            parts = [be.get(a).ravel() for layer, _ in found for a in layer.weight_and_bias()]
            self._weights, self._buf = be.put(np.concatenate(parts), net.dtype), Buffers(be, net.dtype)
            self._fixed = [self._weights]

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """The outputs for x (batch, ...), as a new array, in any thread. lengths: as for `Sequential.forward`."""
        if not self.net.shared.take():
            return self._shared.twin(self, self.net.kept(), self._fixed)(x, lengths)
        try:
            return self.net.be.get(self.forward(self.net.prepare(x), lengths=lengths))
        finally:
            self.net.shared.lock.release()

    def quick(self, rows: int) -> bool:
        """Whether so many examples, or words, run in one call instead of in the network."""
        return rows <= self._most

    def forward(self, x: Array, *, lengths: Any = None) -> Array:
        """The outputs for x, an array as `prepare` of the network returns it. The next call overwrites them.

        lengths: as for `Sequential.forward`. Raises BadInput where x does not fit the layers.
        """
        if not self.net.ready(x):
            x = self.net.prepare(x)
        quick = self.quick(len(x))
        for layer, options in self._before if quick else self._every:
            x = layer.forward(x, train=False, **options, **layer.forward_options(lengths))
        if not quick:
            return x
        n_in, n_out, widest = self._layers[0, 0], self._layers[-1, 1], self._layers[:, 1].max()
        if x.ndim != 2 or x.shape[1] != n_in:  # kernels check nothing
            raise BadInput(f"the frozen layers take (batch, {n_in}) but get {x.shape}")
        y, work = self._buf.get("y", (len(x), n_out)), self._buf.get("work", (2, len(x) * widest))
        self.net.be.linear.chain(y, x, self._weights, self._layers, work)
        return y


def _steps(layers: Sequence[Layer]) -> list[tuple[Layer, dict[str, Any]]]:
    """The layers that run one by one, and what their forward takes: `low` where it includes a ReLU."""
    found: list[tuple[Layer, dict[str, Any]]] = []
    product: dict[str, Any] | None = None  # the options of a convolution whose outputs are still to come here
    for layer in layers:
        if isinstance(layer, Dropout):
            continue
        if (
            product is not None and type(layer) is ReLU
        ):  # the largest of rectified entries is the rectified largest
            product["low"] = 0.0
            continue
        found.append((layer, {}))
        if isinstance(layer, PackedConv2d):
            product = found[-1][1]
        elif not isinstance(layer, MaxPool2d):
            product = None
    return found


def _tail(net: Sequential) -> tuple[int, list[tuple[Linear, str]]]:
    """The index where the Linear layers at the end of a network begin, and each with the function after it."""
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
