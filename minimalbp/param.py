"""A parameter, and the gradient of some of its rows."""

from __future__ import annotations

from dataclasses import dataclass

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
