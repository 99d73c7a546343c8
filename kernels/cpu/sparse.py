"""A sparse layer: in how many pieces its products go; see reference/sparse.py for what they mean."""

import numpy as np

from ..reference.sparse import FEW, LISTED, STEP, WIDE
from .policy import pieces
from .products import sparse_chain as chains
from .products import sparse_edges as by_edge
from .products import sparse_panels as panels
from .products import sparse_rows as some

__all__ = [
    "FEW", "LISTED", "STEP", "WIDE", "chain", "dw", "dw_chosen", "dw_few", "dw_rows", "dx", "dx_chosen", "dx_few",
    "dx_rows", "edges_of", "forward", "forward_few", "from_panels", "lists_to_panels", "spread", "to_panels",
]  # fmt: skip

QUICK = 8  # multiply-adds in panels that take as long as one element operation
COPY = 2  # the same of numbers that are turned into panels or back


def to_panels(xt, x):
    n = pieces(xt.size // COPY)
    if n > 1:
        panels.to_panels_pieces(xt, x, n)
    else:
        panels.to_panels(xt, x, 0, panels.blocks(x) * len(xt))


def from_panels(y, yt):
    n = pieces(yt.size // COPY)
    if n > 1:
        panels.from_panels_pieces(y, yt, n)
    else:
        panels.from_panels(y, yt, 0, panels.blocks(y) * len(yt))


def forward(yt, xt, w, b, start, source, group, member, batch):
    _sums(yt, xt, w, b, start, source, group, member)


def dx(dxt, dyt, w, back, target, edge, group, member, batch):
    _sums(dxt, dyt, w, edge, back, target, group, member)


def _sums(out, a, w, extra, start, source, group, member):
    n = min(pieces(w.size * len(a) * a.shape[2] // QUICK), len(out) * (len(group) - 1))
    if n > 1:
        panels.sums_pieces(out, a, w, extra, start, source, group, member, n)
    else:
        panels.sums(out, a, w, extra, start, source, group, member, 0, len(out) * (len(group) - 1))


def dw(dw, dyt, xt, start, source, group, member, batch):
    _dw(dw, dyt, xt, start, source, member, False)


def dw_rows(dw, picked, xt, rows, start, source, batch):
    _dw(dw, picked, xt, start, source, rows, True)


def _dw(dw, dyt, xt, start, source, outputs, packed):
    n = min(pieces(dw.size * len(xt) * xt.shape[2] // QUICK), len(outputs))
    if n > 1:
        panels.dw_pieces(dw, dyt, xt, start, source, outputs, packed, n)
    else:
        panels.dw_outputs(dw, dyt, xt, start, source, outputs, packed, 0, len(outputs))


def lists_to_panels(picked, begin, example, value, batch):
    n = min(pieces(picked.size // QUICK), len(begin) - 1)
    if n > 1:
        some.lists_to_panels_pieces(picked, begin, example, value, n)
    else:
        some.lists_to_panels(picked, begin, example, value, 0, len(begin) - 1)


def spread(dyt, picked, rows, batch):
    n = min(pieces(dyt.size // QUICK), dyt.shape[1])
    if n > 1:
        some.spread_pieces(dyt, picked, rows, n)
    else:
        some.spread(dyt, picked, rows, 0, dyt.shape[1])


def dx_rows(dxt, picked, w, rows, start, source, batch):
    work = _share(w, len(rows), start) * len(dxt) * dxt.shape[2]
    n = min(pieces(work // QUICK), dxt.size // dxt.shape[1] * dxt.itemsize // STEP)
    if n > 1:
        some.dx_rows_pieces(dxt, picked, w, rows, start, source, n)
    else:
        for out, gradient in zip(dxt, picked):
            some.dx_rows(out, gradient, w, rows, start, source)


def _share(w, rows, start):
    """About how many edges so many outputs have, or entries of lists of them."""
    return rows * len(w) // max(len(start) - 1, 1)


def forward_few(y, x, w, b, start, source):
    n = min(pieces(len(x) * w.size), y.shape[1])
    if n > 1:
        by_edge.forward_few_pieces(y, x, w, b, start, source, n)
    else:
        by_edge.forward_few(y, x, w, b, start, source, 0, y.shape[1])


def dx_few(dx, dy, w, back, target, edge):
    n = min(pieces(len(dy) * w.size), dx.shape[1])
    if n > 1:
        by_edge.dx_few_pieces(dx, dy, w, back, target, edge, n)
    else:
        by_edge.dx_few(dx, dy, w, back, target, edge, 0, dx.shape[1])


def dw_few(dw, dy, x, start, source):
    n = min(pieces(len(x) * dw.size), dy.shape[1])
    if n > 1:
        by_edge.dw_few_pieces(dw, dy, x, start, source, n)
    else:
        by_edge.dw_few(dw, dy, x, start, source, 0, dy.shape[1])


def edges_of(edges, rows, start):
    by_edge.edges_of(edges, rows, start)


def dw_chosen(dw, value, x, begin, example, rows, start, source):
    n = min(pieces(_share(source, int(begin[-1]), start)), len(rows))
    if n > 1:
        by_edge.dw_chosen_pieces(dw, value, x, begin, example, rows, start, source, n)
    else:
        by_edge.dw_chosen(dw, value, x, begin, example, rows, start, source, 0, len(rows))


def dx_chosen(dx, value, w, begin, unit, start, source):
    n = min(pieces(_share(source, int(begin[-1]), start)), len(dx))
    if n > 1:
        by_edge.dx_chosen_pieces(dx, value, w, begin, unit, start, source, n)
    else:
        by_edge.dx_chosen(dx, value, w, begin, unit, start, source, 0, len(dx))


def chain(y, alive, live, x, w, b, group, member, first, source, ceiling):
    if x.dtype not in (np.uint8, y.dtype):  # each type is compiled anew, for seconds
        x = x.view(np.uint8) if x.dtype == np.bool_ else x.astype(y.dtype)
    high, count = np.array([ceiling], y.dtype), max(chains.panels_of(y, x), 1)
    n = min(pieces(len(x) * w.size // QUICK), count)
    of_pieces = np.zeros((n, len(w)), live.dtype)
    alive.fill(False)
    if n > 1:
        chains.chain_pieces(y, alive, of_pieces, x, w, b, group, member, first, source, high, n)
    else:
        chains.chain(y, alive, of_pieces[0], x, w, b, group, member, first, source, high, 0, count)
    live[...] = of_pieces.sum(axis=0)
