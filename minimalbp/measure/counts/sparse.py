"""Counts of a sparse layer: an operation for each edge and example. Zeros that fill panels up are not counted."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import INDEX, Count, size_in_bytes

__all__ = [
    "chain", "dw", "dw_chosen", "dw_few", "dw_rows", "dx", "dx_chosen", "dx_few", "dx_rows", "edges_of", "forward",
    "forward_few", "from_panels", "lists_to_panels", "spread", "to_panels",
]  # fmt: skip


def to_panels(xt: Any, x: Any) -> Count:
    """A copy: bytes, and no operation."""
    return Count("other", 0, 2 * x.nbytes)


def from_panels(y: Any, yt: Any) -> Count:
    return Count("other", 0, 2 * y.nbytes)


def forward(
    yt: Any, xt: Any, w: Any, b: Any, start: Any, source: Any, group: Any, member: Any, batch: int
) -> Count:
    tables = size_in_bytes(w, b, start, source, group, member)
    return Count("forward", batch * w.size, _examples(batch, yt, xt) + tables)


def dx(
    dxt: Any, dyt: Any, w: Any, back: Any, target: Any, edge: Any, group: Any, member: Any, batch: int
) -> Count:
    tables = size_in_bytes(w, back, target, edge, group, member)
    return Count("dx", batch * w.size, _examples(batch, dxt, dyt) + tables)


def dw(dw: Any, dyt: Any, xt: Any, start: Any, source: Any, group: Any, member: Any, batch: int) -> Count:
    tables = size_in_bytes(dw, start, source, group, member)
    return Count("dw", batch * dw.size, _examples(batch, dyt, xt) + tables)


def lists_to_panels(picked: Any, begin: Any, example: Any, value: Any, batch: int) -> Count:
    """One operation for each entry of the lists, as picking counts them."""
    entries = int(begin[-1])
    read = entries * (INDEX + value.itemsize)
    return Count("dw", entries, read + begin.nbytes + _examples(batch, picked))


def spread(dyt: Any, picked: Any, rows: Any, batch: int) -> Count:
    return Count("dx", batch * len(rows), _examples(batch, dyt, picked) + rows.nbytes)


def dx_rows(dxt: Any, picked: Any, w: Any, rows: Any, start: Any, source: Any, batch: int) -> Count:
    edges = int(_fan(start)[rows].sum())
    read = edges * (w.itemsize + INDEX) + 3 * rows.nbytes
    return Count("dx", batch * edges, _examples(batch, dxt, picked) + read)


def dw_rows(dw: Any, picked: Any, xt: Any, rows: Any, start: Any, source: Any, batch: int) -> Count:
    read = dw.nbytes + dw.size * INDEX + 3 * rows.nbytes
    return Count("dw", batch * dw.size, _examples(batch, picked, xt) + read)


def forward_few(y: Any, x: Any, w: Any, b: Any, start: Any, source: Any) -> Count:
    return Count("forward", len(x) * w.size, size_in_bytes(y, x, w, b, start, source))


def dx_few(dx: Any, dy: Any, w: Any, back: Any, target: Any, edge: Any) -> Count:
    return Count("dx", len(dx) * w.size, size_in_bytes(dx, dy, w, back, target, edge))


def dw_few(dw: Any, dy: Any, x: Any, start: Any, source: Any) -> Count:
    return Count("dw", len(x) * dw.size, size_in_bytes(dw, dy, x, start, source))


def edges_of(edges: Any, rows: Any, start: Any) -> Count:
    """Indices only: bytes, and no operation."""
    return Count("dw", 0, size_in_bytes(edges, rows) + 2 * rows.nbytes)


def dw_chosen(
    dw: Any, value: Any, x: Any, begin: Any, example: Any, rows: Any, start: Any, source: Any
) -> Count:
    """The inputs of an output for each entry of its list, as dw_chosen of a dense layer reads them."""
    fan, lists = _fan(start)[rows], _fan(begin)
    pairs, terms = int(begin[-1]), int(fan @ lists)
    read = pairs * (value.itemsize + INDEX) + terms * x.itemsize + dw.size * INDEX
    return Count("dw", terms, size_in_bytes(dw, begin) + read + 3 * rows.nbytes)


def dx_chosen(dx: Any, value: Any, w: Any, begin: Any, unit: Any, start: Any, source: Any) -> Count:
    """The edges of a unit for each entry of the lists."""
    pairs = int(begin[-1])
    terms = int(_fan(start)[unit[:pairs]].sum())
    read = pairs * (value.itemsize + 3 * INDEX) + terms * (w.itemsize + INDEX)
    return Count("dx", terms, size_in_bytes(dx, begin) + read)


def chain(
    y: Any,
    alive: Any,
    live: Any,
    x: Any,
    w: Any,
    b: Any,
    group: Any,
    member: Any,
    first: Any,
    source: Any,
    ceiling: Any,
) -> Count:
    """The edges of each layer, for the examples that are left before it. Results of inner layers are no bytes."""
    outputs, inputs = (np.diff(a).astype("int64") for a in (group, first))
    edges, before = (outputs * inputs).sum(axis=1), [len(x), *live[:-1].tolist()]
    tables = (
        size_in_bytes(b, group, member, first) + int(edges.sum()) * w.itemsize + int(inputs.sum()) * INDEX
    )
    rows = min(int(live[-1]), len(y)) * y.shape[1] * y.itemsize
    return Count("forward", int(edges @ before), size_in_bytes(x, alive, live) + rows + tables)


def _fan(start: Any) -> Any:
    """How many entries each list has."""
    return start[1:].astype("int64") - start[:-1]


def _examples(batch: int, *panels: Any) -> int:
    """Bytes of the examples that panels hold, without the zeros that fill them up."""
    return sum(batch * a.shape[1] * a.itemsize for a in panels)
