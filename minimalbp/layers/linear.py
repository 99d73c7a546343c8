"""y = x Wᵀ + b, and minimal-effort back propagation through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_int, unknown
from ..param import Param, RowGrad
from ..seeds import Streams
from ..select import Dense, Selector
from .base import by_unit, clipped, later
from .initialisers import get_initialiser
from .units import Cut, Units


class Linear(Units):
    """A linear layer, y = x Wᵀ + b, whose backward pass may be sparse.

    Only the units that `select` chooses get a gradient: dW has their rows only, and dx reads their rows of W only.

    Parameters
    ----------
    n_in, n_out : int
        Inputs and units.
    select : Selector, default Dense()
        Which units get a gradient.
    init : {"glorot_uniform", "glorot_normal", "he", "meprop_wide"}, default "glorot_uniform"
        The distribution of the initial weights.
    bias : bool, default True
        Whether there is a bias. It starts at 0.
    bias_rows : {"all", "chosen"}, default "all"
        Which units of the bias get a gradient: "all" as in the authors' code (*faithful*), or the chosen ones.

    Attributes
    ----------
    weight : Param, shape (n_out, n_in)
    bias : Param, shape (n_out,), or None
    last_choice : None or array of int32, shape (r,) or (batch, k)
        What `select` chose in the last backward pass: every unit, r units for all examples, or k for each.
    last_picked : array of float, shape (batch, n_out), (batch, r) or (batch, k)
        The gradients of the chosen units there.

    Raises
    ------
    BadInput
        When a size is not an int of at least 1, a name is unknown, or `select` is not a selector.

    References
    ----------
    meProp (arXiv 1706.06197), equations 9 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(3, 4, select=mbp.TopK(1))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((2, 3)))
    >>> dx = net.backward(np.array([[1.0, 2.0, 3.0, -4.0], [-5.0, 0.0, 1.0, 0.5]]))
    >>> layer.weight.grad.rows
    array([0, 3], dtype=int32)
    >>> layer.weight.grad.values
    array([[-5., -5., -5.],
           [-4., -4., -4.]])
    """

    weight: Param = later()
    bias: Param | None = later()
    last_x: Array = later()  # the input of the last forward
    last_dy: Array = later()  # of the last backward
    last_choice: Array | None = later()  # what `select` chose there
    last_picked: Array = later()  # the gradients of that choice
    _b: Array  # the value of the bias, or zeros

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        select: Selector | None = None,
        init: str = "glorot_uniform",
        bias: bool = True,
        bias_rows: str = "all",
    ):
        self.n_in, self.n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
        self.select = Dense() if select is None else select
        if not isinstance(self.select, Selector):
            raise BadInput(f"select must be a selector such as TopK(25), not {select!r}")
        if bias_rows not in ("all", "chosen"):
            raise unknown("bias_rows", bias_rows, ("all", "chosen"))
        self._init, self.has_bias, self.bias_rows = get_initialiser(init), bool(bias), bias_rows

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        prefix = ".".join(map(str, path))
        w = self._init(streams.generator("init", *path), self.n_out, self.n_in)
        self.weight = Param(f"{prefix}.weight", be.put(w, dtype), be)
        zero = be.empty((self.n_out,), dtype)
        self.bias = Param(f"{prefix}.bias", zero, be) if self.has_bias else None
        self._b = zero
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def forward(self, x: Array, *, train: bool = True) -> Array:
        lin, w = self.be.linear, self.weight.value
        if x.ndim != 2 or x.shape[1] != self.n_in:  # kernels check nothing
            raise BadInput(
                f"{self.label} takes (batch, {self.n_in}) but gets {x.shape}; put Flatten() before it?"
            )
        y = self.buf.get("y", (len(x), self.n_out))
        lin.forward(y, x, w, self._b)
        self.last_x = x
        return y

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b; where there is no bias, b is zeros."""
        return self.weight.value, self._b

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        self.last_dy = self.last_picked = dy
        self.last_choice = choice = self.select(dy, self.be, self.buf, self.rng)
        if self.bias is not None and (choice is None or self.bias_rows == "all"):
            self._dense_bias(dy)
        if choice is None:
            return self._backward_all(dy, need_dx)
        return (self._backward_rows if choice.ndim == 1 else self._backward_chosen)(dy, choice, need_dx)

    def _backward_all(self, dy: Array, need_dx: bool) -> Array | None:
        """dW = dyᵀ x, dx = dy W."""
        dw = self.buf.get("dw", self.weight.value.shape)
        self.be.linear.dw_all(dw, dy, self.last_x)
        self.weight.grad = RowGrad(None, dw)
        dx = self._dx(dy, need_dx)
        if dx is not None:
            self.be.linear.dx_all(dx, dy, self.weight.value)
        return dx

    def _backward_rows(self, dy: Array, rows: Array, need_dx: bool) -> Array | None:
        """The same r units for every example: the dense products of a layer of r units."""
        lin, r = self.be.linear, len(rows)
        picked, dw = self.buf.get("picked", (len(dy), r)), self.buf.get("dw", (r, self.n_in))
        lin.pick_rows(picked, dy, rows)
        self._scale(picked)
        self.last_picked = picked
        lin.dw_all(dw, picked, self.last_x)
        self.weight.grad = RowGrad(rows, dw)
        if self.bias is not None and self.bias_rows == "chosen":
            db = self.buf.get("db", (r,))
            lin.db_all(db, picked)
            self.bias.grad = RowGrad(rows, db)
        dx = self._dx(dy, need_dx)
        if dx is not None:
            lin.dx_rows(dx, picked, self.weight.value, rows)
        return dx

    def _backward_chosen(self, dy: Array, chosen: Array, need_dx: bool) -> Array | None:
        """Each example its own k units: sums of rows. The optimiser sees the union of the choices."""
        lin, buf, n = self.be.linear, self.buf, self.n_out
        picked = buf.get("picked", chosen.shape)
        lin.pick_chosen(picked, dy, chosen)
        self._scale(picked)
        self.last_picked = picked
        rows, start, example, value = by_unit(self.be, buf, n, chosen, picked)
        r = len(rows)
        dw = buf.get("dw", self.weight.value.shape)[:r]
        lin.dw_chosen(dw, value, self.last_x, start, example)
        self.weight.grad = RowGrad(rows, dw)
        if self.bias is not None and self.bias_rows == "chosen":
            db = buf.get("db", (n,))[:r]
            lin.db_chosen(db, value, start)
            self.bias.grad = RowGrad(rows, db)
        dx = self._dx(dy, need_dx)
        if dx is not None:
            lin.dx_chosen(dx, picked, self.weight.value, chosen)
        return dx

    def _scale(self, picked: Array) -> None:
        """Multiply by the factor that makes a random choice unbiased, if there is one."""
        scale = self.select.scale(self.n_out)
        if scale != 1:
            self.be.activation.scale(picked, picked, scale)

    def _dense_bias(self, dy: Array) -> None:
        assert self.bias is not None
        db = self.buf.get("db", (self.n_out,))
        self.be.linear.db_all(db, dy)
        self.bias.grad = RowGrad(None, db)

    def _dx(self, dy: Array, need_dx: bool) -> Array | None:
        return self.buf.get("dx", (len(dy), self.n_in)) if need_dx else None

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.n_in:
            raise BadInput(f"{self.label} takes {self.n_in} inputs but gets {n}; make the two widths equal")
        return self.n_out

    def parameters(self) -> list[Param]:
        return [self.weight] + ([self.bias] if self.bias is not None else [])

    @property
    def units(self) -> int:
        return self.n_out

    def count(self, hits: Array) -> int:
        choice, picked = self.last_choice, self.last_picked
        if choice is None:
            choice = np.arange(self.n_out, dtype=np.int32)
        kernels = self.be.select
        (kernels.count_rows if choice.ndim == 1 else kernels.count_chosen)(hits[0], choice, picked)
        return len(picked)

    def norms(self) -> Array:
        return np.linalg.norm(self.be.get(self.weight.value), axis=1)[None]

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        for p in self.parameters():
            yield Cut(p, 0, kept[0])

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        yield Cut(self.weight, 1, kept)

    def resize(self) -> None:
        self.n_out, self.n_in = self.weight.value.shape
        self._b = self._b[: self.n_out] if self.bias is None else self.bias.value

    def settings(self) -> dict[str, Any]:
        bias = {} if self.has_bias else {"bias": False}
        return {"n_in": self.n_in, "n_out": self.n_out, **bias}

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows}

    def note(self) -> str | None:
        return clipped(self.select, self.n_out, self.label)
