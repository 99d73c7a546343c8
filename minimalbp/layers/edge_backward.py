"""The backward pass of a sparse layer, for each form of choice. sparse.py has that of a dense one.

From FEW examples on they lie in panels, with the batch last (kernels/reference/sparse.py). A choice becomes a list
of the chosen outputs, with their gradients in panels. Where few entries are chosen, lists of these are quicker.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..backend import Array, Backend, Buffers
from ..param import Param, RowGrad
from ..select import Choice, Lists, Selector, Whole, even
from .edges import Edges
from .sparse import by_unit

MANY = (
    6  # where more than one output in MANY is chosen, dx of all of them is quicker (measured at 1024 outputs)
)


class SparseWeights(Protocol):
    """What a layer has whose backward pass this is."""

    be: Backend
    buf: Buffers
    weight: Param
    bias: Param | None
    bias_rows: str
    select: Selector
    n_out: int
    edges: Edges
    last_x: Array
    last_xt: Array | None


def panels(be: Backend, buf: Buffers, name: str, batch: int, n: int) -> Array:
    """Memory for `batch` examples of n features, with the batch last: (panels, n, width)."""
    size = np.dtype(buf.dtype).itemsize
    count = -(-batch * size // be.sparse.WIDE)
    width = -(-batch * size // (count * be.sparse.STEP)) * be.sparse.STEP // size
    return buf.get(name, (count, n, width))


def backward(layer: SparseWeights, dy: Array, choice: Choice, dx: Array | None) -> Array:
    """Set the gradients of W and, unless it has one already, of the chosen units of the bias; write dx, if any.

    Returns the gradients of the chosen units.
    """
    assert not isinstance(choice, Whole)  # refused by SparseLinear
    if choice is None:
        (_few if layer.last_xt is None else _all)(layer, dy, dx)
        return dy
    if isinstance(choice, Lists):
        _lists(layer, choice, dx)
        return choice.value
    batch, k = len(dy), choice.shape[-1]
    picked = layer.buf.get("picked", (batch, k))
    if choice.ndim == 1:
        layer.be.linear.pick_rows(picked, dy, choice)
    else:
        layer.be.linear.pick_chosen(picked, dy, choice)
    _scale(layer, picked)
    if choice.ndim == 1 and layer.last_xt is not None:
        _rows(layer, choice, picked, dx)
        return picked
    if choice.ndim == 1:
        units = layer.buf.get("units", (batch, k), "int32")
        units[...] = choice
        choice = units
    _lists(layer, Lists(even(batch, k), choice.reshape(-1), picked.reshape(-1)), dx)
    return picked


def _all(layer: SparseWeights, dy: Array, dx: Array | None) -> None:
    """dW of every edge, and dx = dy W."""
    sparse, edges = layer.be.sparse, layer.edges
    dyt = panels(layer.be, layer.buf, "dyt", len(dy), layer.n_out)
    sparse.to_panels(dyt, dy)
    dw = layer.buf.get("dw", layer.weight.value.shape)
    sparse.dw(dw, dyt, layer.last_xt, edges.start, edges.source, edges.group, edges.member, len(dy))
    layer.weight.grad = RowGrad(None, dw)
    if dx is not None:
        _dx_all(layer, dyt, dx)


def _dx_all(layer: SparseWeights, dyt: Array, dx: Array) -> None:
    sparse, edges, w = layer.be.sparse, layer.edges, layer.weight.value
    dxt = panels(layer.be, layer.buf, "dxt", *dx.shape)
    tables = edges.back, edges.target, edges.edge, edges.back_group, edges.back_member
    sparse.dx(dxt, dyt, w, *tables, len(dx))
    sparse.from_panels(dx, dxt)


def _few(layer: SparseWeights, dy: Array, dx: Array | None) -> None:
    """The same for a few examples, edge by edge."""
    sparse, edges = layer.be.sparse, layer.edges
    dw = layer.buf.get("dw", layer.weight.value.shape)
    sparse.dw_few(dw, dy, layer.last_x, edges.start, edges.source)
    layer.weight.grad = RowGrad(None, dw)
    if dx is not None:
        sparse.dx_few(dx, dy, layer.weight.value, edges.back, edges.target, edges.edge)


def _rows(layer: SparseWeights, rows: Array, picked: Array, dx: Array | None) -> None:
    """The same r units for every example: a layer of r units."""
    if layer.bias is not None and layer.bias_rows == "chosen":
        db = layer.buf.get("db", (layer.n_out,))[: len(rows)]
        layer.be.linear.db_all(db, picked)
        layer.bias.grad = RowGrad(rows, db)
    inside = panels(layer.be, layer.buf, "picked_panels", len(picked), len(rows))
    layer.be.sparse.to_panels(inside, picked)
    _panels(layer, rows, inside, dx)


def _lists(layer: SparseWeights, lists: Lists, dx: Array | None) -> None:
    """Each example its own units. The optimiser sees the union of the choices."""
    be, buf, edges, batch = layer.be, layer.buf, layer.edges, len(layer.last_x)
    rows, begin, example, value = by_unit(be, buf, layer.n_out, lists)
    if layer.bias is not None and layer.bias_rows == "chosen":
        db = buf.get("db", (layer.n_out,))[: len(rows)]
        be.linear.db_chosen(db, value, begin)
        layer.bias.grad = RowGrad(rows, db)
    entries = int(lists.start[-1])
    if layer.last_xt is not None and entries * be.sparse.LISTED > batch * layer.n_out:
        inside = panels(be, buf, "chosen_panels", batch, layer.n_out)[:, : len(rows)]
        be.sparse.lists_to_panels(inside, begin, example, value, batch)
        _panels(layer, rows, inside, dx)
        return
    dw = _room(layer, rows)
    be.sparse.dw_chosen(dw, value, layer.last_x, begin, example, rows, edges.start, edges.source)
    if dx is not None:
        w = layer.weight.value
        be.sparse.dx_chosen(dx, lists.value, w, lists.start, lists.unit, edges.start, edges.source)


def _panels(layer: SparseWeights, rows: Array, picked: Array, dx: Array | None) -> None:
    """dW of the chosen outputs, and dx of them, from their gradients in panels."""
    sparse, edges, batch = layer.be.sparse, layer.edges, len(layer.last_x)
    sparse.dw_rows(_room(layer, rows), picked, layer.last_xt, rows, edges.start, edges.source, batch)
    if dx is None:
        return
    if MANY * len(rows) > layer.n_out:
        dyt = panels(layer.be, layer.buf, "dyt", batch, layer.n_out)
        sparse.spread(dyt, picked, rows, batch)
        _dx_all(layer, dyt, dx)
        return
    dxt = panels(layer.be, layer.buf, "dxt", *dx.shape)
    sparse.dx_rows(dxt, picked, layer.weight.value, rows, edges.start, edges.source, batch)
    sparse.from_panels(dx, dxt)


def _room(layer: SparseWeights, rows: Array) -> Array:
    """Memory for dW of these outputs, which becomes the gradient of the weights."""
    edges, buf, w = layer.edges, layer.buf, layer.weight
    if w.width > 1:  # all outputs have as many edges: each is a row of the gradient
        dw = buf.get("dw", w.value.shape)[: len(rows) * w.width]
        w.grad = RowGrad(rows, dw)
        return dw
    count = int((edges.start[rows + 1] - edges.start[rows]).sum())
    mine = buf.get("edges", w.value.shape, "int32")[:count]
    layer.be.sparse.edges_of(mine, rows, edges.start)
    dw = buf.get("dw", w.value.shape)[:count]
    w.grad = RowGrad(mine, dw)
    return dw


def _scale(layer: SparseWeights, picked: Array) -> None:
    """Multiply by the factor that makes a random choice unbiased, if there is one."""
    scale = layer.select.scale(layer.n_out)
    if scale != 1:
        layer.be.activation.scale(picked, picked, scale)
