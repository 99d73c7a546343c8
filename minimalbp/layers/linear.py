"""y = x Wᵀ + b, and minimal-effort back propagation through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput, check_int
from ..param import Param, RowGrad
from ..seeds import Streams
from ..select import Choice, Selector
from .base import clipped, later
from .centering import Centered, RunningMean, check_center
from .choice import check_bias_rows, given_select
from .initialisers import get_initialiser
from .sparse import backward, count_choice
from .units import Cut


class Linear(Centered):
    """A linear layer, y = x Wᵀ + b, whose backward pass may be sparse.

    Only the units that `select` chooses get a gradient: dW has their rows only, and dx reads their rows of W only.
    Inputs with a large mean, such as pixels and the outputs of ReLU, spoil the gradients of a few chosen units.
    `center` mends that.

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
    center : {"off", "dw", "forward"}, default "off"
        What is done with the running mean mu of the inputs. "off": nothing, as in the papers. "dw": dW is computed
        with x - mu in the place of x. "forward": the layer computes y = (x - mu) Wᵀ + b, and dW accordingly.

    Attributes
    ----------
    weight : Param, shape (n_out, n_in)
    bias : Param, shape (n_out,), or None
    mean : Param, shape (n_in,), or None
        mu; None where `center` is "off".
    last_choice : None, array of int32 of shape (r,) or (batch, k), or Lists
        What `select` chose in the last backward pass: every unit, r units for all examples, k for each, or for each
        as many as it needs.
    last_picked : array of float, shape (batch, n_out), (batch, r), (batch, k) or (n,)
        The gradients of the chosen units there.

    Raises
    ------
    BadInput
        When a size is not an int of at least 1, a name is unknown, or `select` is not a selector or is one for
        feature maps only.

    References
    ----------
    meProp (arXiv 1706.06197), equations 9 and 10. Schraudolph (1998), "Centering neural network gradient factors".

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
    last_x: Array = later()  # the input of the last forward; with center="forward" without mu
    last_y: Array = later()  # the output of the last forward
    last_dy: Array = later()  # of the last backward
    last_choice: Choice = later()  # what `select` chose there
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
        center: str = "off",
    ):
        self.n_in, self.n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
        self.select, self.bias_rows = given_select(select), check_bias_rows(bias_rows)
        self._init, self.has_bias = get_initialiser(init), bool(bias)
        self.center = check_center(center)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        prefix = ".".join(map(str, path))
        self.weight = Param(
            f"{prefix}.weight", be.put(self._first(streams.generator("init", *path)), dtype), be
        )
        zero = be.empty((self.n_out,), dtype)
        self.bias = Param(f"{prefix}.bias", zero, be) if self.has_bias else None
        self._b = zero
        self._running = None if self.center == "off" else RunningMean(be, dtype, prefix, self.n_in)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def _first(self, rng: np.random.Generator) -> Array:
        """The initial weights."""
        return self._init(rng, self.n_out, self.n_in)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        self._check(x)
        y = self.buf.get("y", (len(x), self.n_out))
        if self.center == "forward":
            x = self._centered(x, learn=train)
        self.be.linear.forward(y, x, self.weight.value, self._b)
        self.last_x, self.last_y = x, y
        return y

    def _check(self, x: Array) -> None:
        """Raise BadInput where x does not fit, or there is no network: kernels check nothing."""
        _ = self.be
        if x.ndim != 2 or x.shape[1] != self.n_in:
            remedy = f"give it n_in={x.shape[1]}?" if x.ndim == 2 else "put Flatten() before it?"
            raise BadInput(f"{self.label} takes (batch, {self.n_in}) but gets {x.shape}; {remedy}")

    def weight_and_bias(self) -> tuple[Array, Array]:
        """W and b of the same layer without `center`; where there is no bias, b is zeros."""
        if self.center != "forward":
            return self.weight.value, self._b
        assert self._running is not None
        b = self.be.empty((1, self.n_out), self.buf.dtype)
        self.be.linear.forward(b, -self._running.mean.value[None], self.weight.value, self._b)
        return self.weight.value, b[0]

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        x = self._centered(self.last_x, learn=True) if self.center == "dw" else self.last_x
        dx = self.buf.get("dx", (len(dy), self.n_in)) if need_dx else None
        self.last_dy, self.last_choice = dy, self.select(dy, self.be, self.buf, self.rng)
        if self.bias is not None and (self.last_choice is None or self.bias_rows == "all"):
            db = self.buf.get("db", (self.n_out,))
            self.be.linear.db_all(db, dy)
            self.bias.grad = RowGrad(None, db)
        self.last_picked = self._products(x, dy, self.last_choice, dx)
        return dx

    def _products(self, x: Array, dy: Array, choice: Choice, dx: Array | None) -> Array:
        """Set the gradients and write dx; returns the gradients of the chosen units."""
        return backward(self, x, dy, choice, dx)

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
        count_choice(self.be, hits[0], self.last_choice, self.last_picked)
        return len(self.last_dy)

    def norms(self) -> Array:
        return np.linalg.norm(self.be.get(self.weight.value), axis=1)[None]

    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        for p in self.parameters():
            yield Cut(p, 0, kept[0])

    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        yield Cut(self.weight, 1, kept)
        if self.mean is not None:
            yield Cut(self.mean, 0, kept)

    def resize(self) -> None:
        self.n_out, self.n_in = self.weight.value.shape
        self._b = self._b[: self.n_out] if self.bias is None else self.bias.value

    def settings(self) -> dict[str, Any]:
        bias = {} if self.has_bias else {"bias": False}
        return {"n_in": self.n_in, "n_out": self.n_out, **bias, **self._center_setting()}

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe(), "bias_rows": self.bias_rows}

    def note(self) -> str | None:
        return clipped(self.select, self.n_out, self.label)
