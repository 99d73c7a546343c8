"""A parameter, and the gradient of some of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .backend import Array, Backend


@dataclass(slots=True)
class RowGrad:
    """The gradient of an array that is zero outside `rows` of its first axis."""

    rows: Array | None  # int32 (r,), ascending, unique; None: every row
    values: Array  # (r, ...), or the shape of the whole array


@dataclass(slots=True, eq=False)
class Param:
    """One array that is learnt. A weight is (n_out, n_in): a contiguous row per output unit, as in PyTorch."""

    name: str  # its place in the network: "0.weight"
    value: Array
    backend: Backend
    grad: RowGrad | None = None
    place: Array | None = None  # where its rows stand among `first`; None: all of them are there
    first: int = 0

    def whole(self) -> Array:
        """A copy on the host of all rows, those that are gone zero: what files of weights hold."""
        value = self.backend.get(self.value)
        if self.place is None:
            return value
        out = np.zeros((self.first, *value.shape[1:]), value.dtype)
        out[self.place] = value
        return out
