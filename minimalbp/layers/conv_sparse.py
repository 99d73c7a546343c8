"""The backward pass of a convolution, for each form of choice among the entries (position, filter)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from ..backend import Array, Backend, Buffers
from ..param import Param, RowGrad
from ..select import Choice, Lists, Selector, Whole, even
from .window import Window


class Choosing(Protocol):
    """What a layer has that chooses among the entries of maps."""

    be: Backend
    buf: Buffers
    select: Selector


class Filters(Choosing, Protocol):
    """What a layer has whose backward pass this is."""

    weight: Param
    bias: Param | None
    bias_rows: str
    out_channels: int
    last_xp: Array
    step_mean: Array
    _window: Window

    @property
    def mean(self) -> Param | None: ...


class Products(NamedTuple):
    """What a form of choice leaves for all of them to finish.

    rows int32 (r,) or None: the filters that have a gradient. dw (r, kh, kw, channels). chosen: the entries, or
    filters and their gradients.
    """

    rows: Array | None
    dw: Array
    sums: Array | None  # (r,): the sum of the gradients that made each dw, where it is needed
    chosen: Lists | tuple[Array, Array]


def backward(layer: Filters, dy: Array, w: Array, choice: Choice, dx: Array | None) -> Products:
    """Set the gradients of W and, unless it has one already, of the chosen filters of the bias; write dx, if any.

    dy (batch, P, filters). w (filters, kh, kw, channels).
    """
    if choice is None:
        found = _all(layer, dy, w, dx)
    elif isinstance(choice, Whole):
        found = (_channels if choice.axis == "channels" else _positions)(layer, dy, w, choice.which, dx)
    else:
        found = _lists(layer, w, as_lists(layer, dy, choice), dx)
    if layer.mean is not None:
        assert found.sums is not None
        layer.be.conv.center(found.dw, layer.step_mean, found.sums)
    values = layer.buf.get("dw", (len(found.dw), *layer.weight.value.shape[1:]))
    layer.be.activation.copy(values, found.dw.transpose(0, 3, 1, 2))
    layer.weight.grad = RowGrad(found.rows, values)
    if layer.bias is not None and layer.bias_rows == "chosen" and choice is not None:
        assert found.sums is not None
        layer.bias.grad = RowGrad(found.rows, found.sums)
    return found


def _all(layer: Filters, dy: Array, w: Array, dx: Array | None) -> Products:
    """Every entry."""
    dw, win = layer.buf.get("dw_pixels", w.shape), layer._window
    layer.be.conv.dw_all(dw, dy, layer.last_xp, win.corner, win.padding[0])
    if dx is not None:
        layer.be.conv.dx_all(dx, dy, w, win.corner, *win.padding)
    flat = dy.reshape(-1, dy.shape[2])
    return Products(None, dw, sums_of(layer, flat), (all_below(len(w)), flat))


def _channels(layer: Filters, dy: Array, w: Array, rows: Array, dx: Array | None) -> Products:
    """The same r filters at every position: the dense products of a layer of r filters."""
    buf, win, flat = layer.buf, layer._window, dy.reshape(-1, dy.shape[2])
    picked = buf.get("picked", (len(flat), len(rows)))
    layer.be.linear.pick_rows(picked, flat, rows)
    dw, gradient = buf.get("dw_pixels", (len(rows), *w.shape[1:])), picked.reshape(*dy.shape[:2], len(rows))
    layer.be.conv.dw_all(dw, gradient, layer.last_xp, win.corner, win.padding[0])
    if dx is not None:
        w_rows = buf.get("w_rows", dw.shape)
        np.take(w, rows, axis=0, out=w_rows, mode="clip")
        layer.be.conv.dx_all(dx, gradient, w_rows, win.corner, *win.padding)
    return Products(rows, dw, sums_of(layer, picked), (rows, picked))


def _positions(layer: Filters, dy: Array, w: Array, rows: Array, dx: Array | None) -> Products:
    """Every filter at r positions: the dense products of a linear layer with r examples."""
    buf, win, flat = layer.buf, layer._window, dy.reshape(-1, dy.shape[2])
    picked = buf.get("picked", (len(rows), len(w)))
    np.take(flat, rows, axis=0, out=picked, mode="clip")
    dw = buf.get("dw_pixels", w.shape)
    layer.be.conv.dw_rows(dw, picked, layer.last_xp, win.corner, rows)
    if dx is not None:
        layer.be.conv.dx_rows(dx, picked, w, win.corner, rows, *win.padding)
    return Products(None, dw, sums_of(layer, picked), (all_below(len(w)), picked))


def _lists(layer: Filters, w: Array, entries: Lists, dx: Array | None) -> Products:
    """Each picture its own entries. The optimiser sees the filters that have one that is not zero."""
    buf, win, filters = layer.buf, layer._window, len(w)
    dw, sums = buf.get("dw_pixels", w.shape), buf.get("sums", (filters,))
    count = buf.get("count", (filters,), "int32")
    none = buf.get("none", (0, *w.shape[1:]))
    layer.be.conv.backward_chosen(
        dw, count, sums, none if dx is None else dx, *entries, layer.last_xp, w, win.corner, *win.padding
    )
    rows = all_below(filters)
    if not count.all():
        rows = np.flatnonzero(count).astype(np.int32)
        dw, sums = dw[rows], sums[rows]
    return Products(rows, dw, sums, entries)


def as_lists(layer: Choosing, dy: Array, choice: Array | Lists) -> Lists:
    """A choice among the entries of each picture as lists, with their gradients."""
    if isinstance(choice, Lists):
        return choice
    batch, buf, flat = len(dy), layer.buf, dy.reshape(len(dy), -1)
    k = choice.shape[-1]
    picked, entry = buf.get("entries", (batch, k)), choice
    if choice.ndim == 1:
        layer.be.linear.pick_rows(picked, flat, choice)
        entry = buf.get("entry", (batch, k), "int32")
        layer.be.activation.copy(entry, choice)
    else:
        layer.be.linear.pick_chosen(picked, flat, choice)
    scale = layer.select.scale(flat.shape[1])
    if scale != 1:
        layer.be.activation.scale(picked, picked, scale)
    return Lists(even(batch, k), entry.reshape(-1), picked.reshape(-1))


def sums_of(layer: Filters, picked: Array) -> Array | None:
    """The sum of each column, where centring or the bias needs it."""
    if layer.mean is None and layer.bias_rows == "all":
        return None
    sums = layer.buf.get("sums", (picked.shape[1],))
    layer.be.linear.db_all(sums, picked)
    return sums


def count_choice(be: Backend, hits: Array, chosen: Lists | tuple[Array, Array]) -> None:
    """Add to hits int64 (filters,) at how many positions each was chosen with a gradient that is not zero."""
    if isinstance(chosen, Lists):
        n = int(chosen.start[-1])
        be.select.count_chosen(hits, chosen.unit[:n] % np.int32(len(hits)), chosen.value[:n])
    else:
        be.select.count_rows(hits, *chosen)


@lru_cache(maxsize=64)
def all_below(n: int) -> Array:
    return np.arange(n, dtype=np.int32)
