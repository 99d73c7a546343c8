"""A linear layer that reads some of its inputs only: what is left of Linear when columns were pruned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_int
from ..param import Param
from ..seeds import Streams
from ..select import Choice, Selector
from .base import later
from .columns import SomeColumns, check_columns
from .linear import Linear


class PackedLinear(SomeColumns, Linear):
    """A linear layer of which only some columns of the weight are there, y = x[:, columns] Wᵀ + b.

    It computes what a Linear with zeros in the other columns computes, in less time. Its backward pass may be
    sparse too. The other inputs have no weights, so they learn nothing and their dx is 0.

    Parameters
    ----------
    n_in, n_out : int
        Inputs, with those that are not read, and units.
    columns : int or sequence of int
        Which inputs are read; or how many, before weights are loaded that say which.
    select : Selector, default Dense()
        Which units get a gradient.
    init : {"glorot_uniform", "glorot_normal", "he", "meprop_wide"}, default "glorot_uniform"
        The distribution of the initial weights, which are those of the dense layer.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Which units of the bias get a gradient, as in Linear.

    Attributes
    ----------
    weight : Param, shape (n_out, n)
    bias : Param, shape (n_out,), or None
    columns : Param of int32, shape (n,)
        The inputs that are read, ascending. It has no gradient, and files hold it.

    Raises
    ------
    BadInput
        When a column is out of range or there twice, and as Linear does.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.PackedLinear(5, 2, [1, 4]), backend="reference")
    >>> net.children[0].weight.value[...] = [[1, 2], [3, 4]]
    >>> net([[9, 1, 9, 9, 10]])
    array([[21., 43.]], dtype=float32)
    >>> net.children[0].unpacked()
    array([[0., 1., 0., 0., 2.],
           [0., 3., 0., 0., 4.]], dtype=float32)
    """

    last_columns: Array = later()  # those of the last forward, checked

    def __init__(
        self,
        n_in: int,
        n_out: int,
        columns: int | Sequence[int] | Array,
        *,
        select: Selector | None = None,
        init: str = "glorot_uniform",
        bias: bool = True,
        bias_rows: str = "all",
    ):
        super().__init__(n_in, n_out, select=select, init=init, bias=bias, bias_rows=bias_rows)
        self._first_columns = check_columns(columns, check_int("n_in", n_in, least=1))

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        self._bind_columns(be)

    def _first(self, rng: np.random.Generator) -> Array:
        return super()._first(rng)[:, self._first_columns]

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self._check(x)
        self.last_columns = self.columns.value
        if not _fit(self.last_columns.tobytes(), self.n_in):  # kernels check nothing
            raise BadInput(
                f"{self.label} has columns that are not ascending numbers below {self.n_in}; "
                "load the weights of a packed network"
            )
        self.last_x = self.buf.get("x", (len(x), len(self.last_columns)))
        self.be.linear.pick_rows(self.last_x, x, self.last_columns)
        y = self.buf.get("y", (len(x), self.n_out))
        self.be.linear.forward(y, self.last_x, self.weight.value, self._b)
        return y

    def _products(self, x: Array, dy: Array, choice: Choice, dx: Array | None) -> Array:
        picked = None if dx is None else self.buf.get("dx_columns", self.last_x.shape)
        found = super()._products(x, dy, choice, picked)
        if dx is not None:
            self.be.packed.spread(dx, picked, self.last_columns)
        return found

    def unpacked(self) -> Array:
        """The dense weight, (n_out, n_in), with zeros in the columns that are not there."""
        return self._spread_weight(self.n_in)

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b of the same layer as a dense one; where there is no bias, b is zeros."""
        return self.unpacked(), self._b

    def statistics(self) -> list[Param]:
        return [self.columns]

    def resize(self) -> None:
        self.n_in = self._renumber() or self.n_in
        self.n_out = len(self.weight.value)
        self._b = self._b[: self.n_out] if self.bias is None else self.bias.value

    def settings(self) -> dict[str, Any]:
        columns = len(self.columns.value if "columns" in vars(self) else self._first_columns)
        bias = {} if self.has_bias else {"bias": False}
        return {"n_in": self.n_in, "n_out": self.n_out, "columns": columns, **bias}


@lru_cache(maxsize=256)
def _fit(columns: bytes, n_in: int) -> bool:
    """Whether columns, the bytes of int32, are ascending numbers below n_in."""
    found = np.frombuffer(columns, np.int32)
    return not found.size or bool(found[0] >= 0 and found[-1] < n_in and (np.diff(found) > 0).all())
