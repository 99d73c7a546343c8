"""The backward pass of a linear layer, for each form of choice."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..backend import Array, Backend, Buffers
from ..param import Param, RowGrad
from ..select import Choice, Lists, Selector, Whole, even


class Weights(Protocol):
    """What a layer has whose backward pass this is."""

    be: Backend
    buf: Buffers
    weight: Param
    bias: Param | None
    bias_rows: str
    select: Selector
    n_out: int


def backward(layer: Weights, x: Array, dy: Array, choice: Choice, dx: Array | None) -> Array:
    """Set the gradients of W and, unless it has one already, of the chosen units of the bias; write dx, if any.

    x is the input as dW takes it. Returns the gradients of the chosen units.
    """
    if choice is None:
        return _all(layer, x, dy, dx)
    if isinstance(choice, Lists):
        return _lists(layer, x, choice, dx)
    assert not isinstance(choice, Whole)  # refused by Linear
    return (_rows if choice.ndim == 1 else _chosen)(layer, x, dy, choice, dx)


def _all(layer: Weights, x: Array, dy: Array, dx: Array | None) -> Array:
    """dW = dyᵀ x, dx = dy W."""
    lin, w = layer.be.linear, layer.weight
    dw = layer.buf.get("dw", w.value.shape)
    lin.dw_all(dw, dy, x)
    w.grad = RowGrad(None, dw)
    if dx is not None:
        lin.dx_all(dx, dy, w.value)
    return dy


def _rows(layer: Weights, x: Array, dy: Array, rows: Array, dx: Array | None) -> Array:
    """The same r units for every example: the dense products of a layer of r units."""
    lin, buf, w, r = layer.be.linear, layer.buf, layer.weight, len(rows)
    picked, dw = buf.get("picked", (len(dy), r)), buf.get("dw", (r, x.shape[1]))
    lin.pick_rows(picked, dy, rows)
    _scale(layer, picked)
    lin.dw_all(dw, picked, x)
    w.grad = RowGrad(rows, dw)
    if layer.bias is not None and layer.bias_rows == "chosen":
        db = buf.get("db", (r,))
        lin.db_all(db, picked)
        layer.bias.grad = RowGrad(rows, db)
    if dx is not None:
        lin.dx_rows(dx, picked, w.value, rows)
    return picked


def _chosen(layer: Weights, x: Array, dy: Array, chosen: Array, dx: Array | None) -> Array:
    """Each example its own k units."""
    picked = layer.buf.get("picked", chosen.shape)
    layer.be.linear.pick_chosen(picked, dy, chosen)
    _scale(layer, picked)
    _lists(layer, x, Lists(even(*chosen.shape), chosen.reshape(-1), picked.reshape(-1)), dx)
    return picked


def _lists(layer: Weights, x: Array, lists: Lists, dx: Array | None) -> Array:
    """Each example its own units: sums of rows. The optimiser sees the union of the choices."""
    lin, buf, w = layer.be.linear, layer.buf, layer.weight
    rows, begin, example, value = by_unit(layer.be, buf, layer.n_out, lists)
    dw = buf.get("dw", w.value.shape)[: len(rows)]
    lin.dw_chosen(dw, value, x, begin, example)
    w.grad = RowGrad(rows, dw)
    if layer.bias is not None and layer.bias_rows == "chosen":
        db = buf.get("db", (layer.n_out,))[: len(rows)]
        lin.db_chosen(db, value, begin)
        layer.bias.grad = RowGrad(rows, db)
    if dx is not None:
        lin.dx_chosen(dx, lists.value, w.value, lists.start, lists.unit)
    return lists.value


def _scale(layer: Weights, picked: Array) -> None:
    """Multiply by the factor that makes a random choice unbiased, if there is one."""
    scale = layer.select.scale(layer.n_out)
    if scale != 1:
        layer.be.activation.scale(picked, picked, scale)


def by_unit(be: Backend, buf: Buffers, n: int, lists: Lists) -> tuple[Array, Array, Array, Array]:
    """(rows, begin, example, value): a choice listed by units instead of examples; see `select.invert`."""
    size = (len(lists.unit),)
    rows, begin = buf.get("rows", (n,), "int32"), buf.get("begin", (n + 1,), "int32")
    example, value = buf.get("example", size, "int32"), buf.get("value", size)
    count = buf.get("count", (1,), "int32")
    be.select.invert(rows, begin, example, value, count, *lists)
    r = int(count[0])
    return rows[:r], begin[: r + 1], example, value


def count_choice(be: Backend, hits: Array, choice: Choice, picked: Array) -> None:
    """Add to hits int64 (n_out,) for how many examples each unit was chosen with a gradient that is not zero."""
    if choice is None:
        choice = np.arange(len(hits), dtype=np.int32)
    if isinstance(choice, Lists):
        n = int(choice.start[-1])
        be.select.count_chosen(hits, choice.unit[:n], picked[:n])
    else:
        assert not isinstance(choice, Whole)
        (be.select.count_rows if choice.ndim == 1 else be.select.count_chosen)(hits, choice, picked)
