"""The backward pass of a convolution on a graph, for each form of choice. conv_sparse.py has that of a dense one.

The gradient goes into planes, with zeros where nothing was chosen. The products are the dense ones of the filters
that have an entry. To gather the inputs of each chosen entry would touch one number at a time, where planes take a
vector of them: that could pay only where fewer than about one in sixteen is chosen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np

from ..backend import Array
from ..param import Param, RowGrad
from ..select import Choice, Lists, Whole
from .conv_sparse import Choosing, all_below, as_lists
from .edges import Edges
from .packed_sparse import whole_positions
from .planes import Planes


class OnGraph(Choosing, Protocol):
    """What a layer has whose backward pass this is."""

    weight: Param
    bias: Param | None
    bias_rows: str
    out_channels: int
    edges: Edges
    last_xq: Array
    last_planes: Planes


def backward(layer: OnGraph, dy: Array, choice: Choice, dx: Array | None) -> Lists | tuple[Array, Array]:
    """Set the gradients of W and, unless it has one already, of the chosen filters of the bias; write dx, if any.

    dy (batch, P, filters). Returns the entries that were chosen, or filters and their gradients.
    """
    if choice is None:
        _products(layer, dy, None, all_below(layer.out_channels), dx)
        return all_below(layer.out_channels), dy.reshape(-1, dy.shape[2])
    if isinstance(choice, Whole) and choice.axis == "channels":
        return _channels(layer, dy, choice.which, dx)
    every = isinstance(choice, Whole)
    entries = whole_positions(dy, choice.which) if isinstance(choice, Whole) else as_lists(layer, dy, choice)
    _entries(layer, dy, entries, dx, every=every)
    return entries


def _channels(layer: OnGraph, dy: Array, rows: Array, dx: Array | None) -> tuple[Array, Array]:
    """The same r filters at every position: the products of a layer of r filters."""
    buf, flat = layer.buf, dy.reshape(-1, dy.shape[2])
    picked, row = buf.get("picked", (len(flat), len(rows))), buf.get("row", (layer.out_channels,), "int32")
    layer.be.linear.pick_rows(picked, flat, rows)
    row[...] = -1
    row[rows] = all_below(len(rows))
    _products(layer, picked.reshape(*dy.shape[:2], len(rows)), rows, row, dx)
    _bias(layer, rows, picked)
    return rows, picked


def _entries(layer: OnGraph, dy: Array, entries: Lists, dx: Array | None, *, every: bool) -> None:
    """Each picture its own entries. The optimiser sees `every` filter, or those that have one that is not zero."""
    buf, n = layer.buf, layer.out_channels
    chosen, count = buf.get("chosen", dy.shape), buf.get("count", (n,), "int32")
    layer.be.sparse_conv.spread(chosen, count, *entries)
    rows = None if every else np.flatnonzero(count).astype(np.int32)
    row = all_below(n) if every else np.where(count, all_below(n), np.int32(-1))
    _products(layer, chosen, rows, row, dx)
    _bias(layer, rows, chosen.reshape(-1, n))


def _products(layer: OnGraph, dy: Array, rows: Array | None, row: Array, dx: Array | None) -> None:
    """dW of the edges of the filters `rows`, or of all, and dx.

    row int32 (filters,): where each filter stands in dy (batch, P, r), -1 for none.
    """
    kernels, buf, plan, edges, w = (
        layer.be.sparse_conv,
        layer.buf,
        layer.last_planes,
        layer.edges,
        layer.weight,
    )
    batch, positions, n = dy.shape
    dyq = plan.room(buf, "dyq", batch, n)
    kernels.to_planes(dyq, dy, plan.position)
    dw, total, groups = buf.get("dw", w.value.shape), batch * positions, (edges.group, edges.member)
    if rows is None:
        w.grad, rows = RowGrad(None, dw), all_below(layer.out_channels)
    else:
        count = int((edges.start[rows + 1] - edges.start[rows]).sum())
        mine, dw, groups = buf.get("edges", (len(dw),), "int32")[:count], dw[:count], _alone(len(rows))
        layer.be.sparse.edges_of(mine, rows, edges.start)
        w.grad = RowGrad(mine, dw)
    tables = plan.tap, edges.start, edges.source, rows, row, *groups, plan.position
    kernels.dw(as_rows(dw), dyq, layer.last_xq, *tables, total)
    if dx is not None:
        pixels = dx.reshape(batch, -1, dx.shape[3])
        of_inputs = edges.back, edges.target, edges.edge, row, edges.back_group, edges.back_member
        kernels.dx(pixels, dyq, as_rows(w.value), plan.tap, *of_inputs, plan.pixel, total)


def as_rows(w: Array) -> Array:
    """(edges, kh, kw) as (edges, taps)."""
    return w.reshape(len(w), w.shape[1] * w.shape[2])


def _bias(layer: OnGraph, rows: Array | None, dy: Array) -> None:
    """The gradient of the bias, where it is that of the chosen entries. dy has the filters `rows`, or all."""
    if layer.bias is None or layer.bias_rows == "all":
        return
    sums = layer.buf.get("sums", (dy.shape[1],))
    layer.be.linear.db_all(sums, dy)
    if rows is not None and len(rows) < len(sums):
        sums = sums[rows]
    layer.bias.grad = RowGrad(rows, sums)


@lru_cache(maxsize=64)
def _alone(n: int) -> tuple[Array, Array]:
    """Each of n outputs in a group of its own."""
    return np.arange(n + 1, dtype=np.int32), all_below(n)
