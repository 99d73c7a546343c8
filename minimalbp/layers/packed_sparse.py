"""The backward pass of a convolution with some columns, for each form of choice, as in conv_sparse.py."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ..backend import Array
from ..param import RowGrad
from ..select import Choice, Lists, Whole
from .conv_sparse import Filters, all_below, as_lists, sums_of

Chosen = Lists | tuple[Array, Array]


class Columns(Filters, Protocol):
    """What a layer has whose backward pass this is: a weight (filters, n), too."""


def backward(layer: Columns, dy: Array, inside: Array, choice: Choice, dx: Array | None) -> Chosen:
    """Set the gradients of W and, unless it has one already, of the chosen filters of the bias; write dx, if any.

    dy (batch, P, filters). inside: where the columns lie in a window. Returns the entries that were chosen, or
    filters and their gradients.
    """
    if choice is None:
        return _rows(layer, dy, inside, None, dx)
    if isinstance(choice, Whole):
        if choice.axis == "channels":
            return _rows(layer, dy, inside, choice.which, dx)
        return _lists(layer, inside, whole_positions(dy, choice.which), dx, every=True)
    return _lists(layer, inside, as_lists(layer, dy, choice), dx)


def _rows(layer: Columns, dy: Array, inside: Array, rows: Array | None, dx: Array | None) -> Chosen:
    """The same r filters at every position, or all: the dense products of a layer of these filters."""
    buf, win, w, gradient = layer.buf, layer._window, layer.weight.value, dy
    if rows is not None:
        gradient = buf.get("picked", (*dy.shape[:2], len(rows)))
        layer.be.linear.pick_rows(gradient.reshape(-1, len(rows)), dy.reshape(-1, dy.shape[2]), rows)
        w = buf.get("w_rows", (len(rows), w.shape[1]))
        np.take(layer.weight.value, rows, axis=0, out=w, mode="clip")
    dw = buf.get("dw", w.shape)
    layer.be.packed.dw_all(dw, gradient, layer.last_xp, win.corner, inside, win.padding[0])
    if dx is not None:
        layer.be.packed.dx_all(dx, gradient, w, win.corner, inside, *win.padding)
    layer.weight.grad, flat = RowGrad(rows, dw), gradient.reshape(-1, len(w))
    if rows is not None and layer.bias is not None and layer.bias_rows == "chosen":
        sums = sums_of(layer, flat)
        assert sums is not None
        layer.bias.grad = RowGrad(rows, sums)
    return (all_below(len(w)) if rows is None else rows), flat


def _lists(layer: Columns, inside: Array, entries: Lists, dx: Array | None, every: bool = False) -> Lists:
    """Each picture its own entries. The optimiser sees `every` filter, or those that have one that is not zero."""
    buf, win, w = layer.buf, layer._window, layer.weight.value
    dw, sums = buf.get("dw", w.shape), buf.get("sums", (len(w),))
    count = buf.get("count", (len(w),), "int32")
    dx = buf.get("none", (0, 1, 1, 1)) if dx is None else dx
    layer.be.packed.backward_chosen(
        dw, count, sums, dx, *entries, layer.last_xp, w, win.corner, inside, *win.padding
    )
    rows = None if every else all_below(len(w))
    if not every and not count.all():
        rows = np.flatnonzero(count).astype(np.int32)
        dw, sums = dw[rows], sums[rows]
    layer.weight.grad = RowGrad(rows, dw)
    if layer.bias is not None and layer.bias_rows == "chosen":
        layer.bias.grad = RowGrad(rows, sums)
    return entries


def whole_positions(dy: Array, which: Array) -> Lists:
    """Every filter at some positions of the batch, as lists of entries."""
    batch, positions, filters = dy.shape
    example, position = np.divmod(which, positions)
    begin = np.searchsorted(example, np.arange(batch + 1)) * filters
    entry = (position[:, None] * filters + np.arange(filters)).ravel()
    return Lists(begin.astype(np.int32), entry.astype(np.int32), dy.reshape(-1, filters)[which].ravel())
