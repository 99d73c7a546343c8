"""Sequential: a network of layers, bound to a backend, a floating type and a seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array, check_dtype, get_backend
from ..errors import BadInput
from ..layers import Chain, Layer, Linear, SparseLinear
from ..param import Param
from ..seeds import Streams
from .shared import Shared


class Sequential(Chain):
    """A network: layers one after another, ready to run.

    They are `net[0]`, `net[1]` and so on; `net.layers()` yields those inside of them too.

    Parameters
    ----------
    *layers : Layer
        At least one, each in one network only.
    rng : int, default 0
        The seed of the initial weights and of the layers' random streams.
    backend : {"cpu", "reference"}, default "cpu"
        The kernels that the layers call; see `get_backend`.
    dtype : {"float32", "float64"}, default "float32"
        The type of the parameters and of all arrays. "float64" is for checks.

    Raises
    ------
    BadInput
        When the widths of neighbouring layers differ, a layer stands in the network twice, or a name is unknown.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> layers = mbp.Linear(784, 500, select=mbp.TopK(25)), mbp.ReLU(), mbp.Linear(500, 10)
    >>> net = mbp.Sequential(*layers, rng=1, backend="reference")
    >>> net
    Sequential(Linear(n_in=784, n_out=500), ReLU(), Linear(n_in=500, n_out=10))
    >>> sum(p.value.size for p in net.parameters())
    397510
    """

    def __init__(self, *layers: Layer, rng: int = 0, backend: str = "cpu", dtype: str = "float32"):
        super().__init__(*layers)
        everything = [layer for child in layers for layer in child.layers()]
        if len(set(map(id, everything))) < len(everything):
            raise BadInput("a layer stands twice in one network; make a layer of its own for each position")
        self.dtype = check_dtype(dtype)
        self._takes = np.dtype("int32" if layers[0].takes_ids else dtype)
        self.bind(get_backend(backend), dtype, Streams(rng), ())
        self.n_out = self.out_features(None)
        self.remarks: list[str] = []  # what the maker of this network has to say of it
        self.shared = Shared()

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        for layer in self.layers():  # what they derive from their arrays is that of the copied ones
            layer.resize()

    def __call__(self, x: Any, lengths: Any = None) -> Array:
        """The outputs for x (batch, ...) outside training, as a new array. lengths: as for `forward`.

        Any thread may ask, also while another one trains the network.
        """
        shared = self.shared
        if not shared.take():
            return shared.twin(self, self.kept())(x, lengths)
        try:
            return self.be.get(self.forward(self.prepare(x), train=False, lengths=lengths))
        finally:
            shared.lock.release()

    def kept(self) -> list[Param]:
        """All parameters and statistics, which files keep."""
        return [*self.parameters(), *self.statistics()]

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        if not self.ready(x):
            x = self.prepare(x)
        y = super().forward(x, train=train, lengths=lengths)
        self.last_shape = y.shape
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not _ready(dy, self.dtype):
            dy = self.be.put(dy, self.dtype)
        if dy.shape != getattr(self, "last_shape", dy.shape):
            raise BadInput(
                f"dy must be {self.last_shape}, as the outputs of the last forward pass, not {dy.shape}"
            )
        return super().backward(dy, need_dx=need_dx)

    def ready(self, x: Any) -> bool:
        """Whether `forward` can take x without `prepare`, but for its shape."""
        return _ready(x, self._takes)

    def prepare(self, x: Any) -> Array:
        """x as `forward` takes it: of the network's type, or ids in int32. Raises BadInput where x does not fit."""
        x = self._ids(x) if self.children[0].takes_ids else self.be.put(x, self.dtype)
        if x.ndim < 2:
            raise BadInput(f"inputs must be (batch, features), not of shape {x.shape}")
        if isinstance(self.children[0], (Linear, SparseLinear)):  # pictures become vectors
            x = x.reshape(len(x), math.prod(x.shape[1:]))
        if self.children[0].takes_maps:
            x = self._maps(x)
        self.out_features(x.shape[-1] if x.ndim == 2 else None)
        return x

    def _maps(self, x: Array) -> Array:
        if x.ndim == 3:  # grey pictures have one channel
            x = x[:, None]
        if x.ndim != 4:
            raise BadInput(
                f"{self.children[0].label} takes pictures, (batch, channels, height, width) or grey ones "
                f"(batch, height, width), not inputs of shape {x.shape}"
            )
        return x

    def _ids(self, x: Any) -> Array:
        x = np.asarray(x)
        if x.dtype.kind not in "iu":
            raise BadInput(f"{self.children[0].label} takes ids, which are whole numbers, not {x.dtype}")
        if x.dtype != np.int32 and x.size and not -(2**31) <= int(x.min()) <= int(x.max()) < 2**31:
            raise BadInput(f"ids must be below 2**31, not {int(x.max())} (the least is {int(x.min())})")
        return self.be.put(x, "int32")

    def check_values(self, found: Mapping[str, Array], path: str | Path) -> None:
        """Raise BadInput where a file holds values, by the names of parameters, that a layer cannot have."""
        for layer in self.layers():
            try:
                layer.accepts(found)
            except BadInput as e:
                raise BadInput(f"{path}: {e}") from None

    def linears(self) -> list[Linear]:
        """The linear layers, first to last."""
        return [layer for layer in self.layers() if isinstance(layer, Linear)]

    def notes(self) -> list[str]:
        """What a user should know about this network, such as one line for each layer whose k was clipped."""
        return self.remarks + [note for layer in self.layers() if (note := layer.note())]


def _ready(x: Any, dtype: Any) -> bool:
    """Whether kernels, which check nothing, can take x as it is. Maps may have their channels last in memory."""
    return isinstance(x, np.ndarray) and x.dtype == dtype and (x.flags.c_contiguous or x.ndim > 2)
