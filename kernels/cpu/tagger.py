"""A tagger in one call, forward alone: look-ups, an LSTM of one direction, and the layers after it.

Some sentences at a time, so that all between the ids and the answers stays in the second-level cache, and a few of
them side by side through time, where the next one takes the place of one that ends: none is sorted, and none waits
for a longer one. That wants a U that this cache keeps as well.
"""

import numpy as np
from numba import prange

from .cell import add, cell_forward
from .chain import forward_chain
from .dense import add_bias
from .embedding import look_up
from .policy import kernel
from .sparse import times_dense_shared
from .tile import PANEL, ROWS, block_tile

WORDS = 192  # of whole sentences at a time (96 and 320 are slower)


@kernel(parallel=True)
def tag_pieces(y, ids, tables, where, start, w, u, b, weights, layers, n):
    """The place of a bad id of each piece, or -1. A piece has its share of the words, in whole sentences."""
    found = np.empty(n, np.int64)
    for p in prange(n):
        first, end = _sentence(start, p, n), _sentence(start, p + 1, n)
        found[p] = tag(y, ids, tables, where, start, w, u, b, weights, layers, first, end)
    return found


@kernel
def _sentence(start, p, n):
    return np.searchsorted(start, np.int64(start[-1]) * p // n)


@kernel
def tag(y, ids, tables, where, start, w, u, b, weights, layers, first, end):
    """Sentences first to end. Returns as `embedding.forward` does."""
    every = np.arange(max(w.shape[0], u.shape[0]), dtype=np.int32)
    most = np.int64(layers[:, 1].max())
    while first < end:
        last = first + 1
        while last < end and start[last + 1] - start[first] <= WORDS:
            last += 1
        lo, hi = np.int64(start[first]), np.int64(start[last])
        x, h = np.empty((hi - lo, w.shape[0]), w.dtype), np.empty((hi - lo, u.shape[0]), w.dtype)
        place = look_up(x, ids[lo:hi], tables, where, 0, hi - lo)
        if place >= 0:
            return place + lo * len(where)
        gates = np.empty((hi - lo, w.shape[1]), w.dtype)
        _product(gates, x, w, every[: w.shape[0]])
        add_bias(gates, b)
        _through_time(h, gates, u, start[first : last + 1] - lo, every[: u.shape[0]])
        forward_chain(y[lo:hi], h, weights, layers, np.empty((2, (hi - lo) * most), w.dtype))
        first = last
    return np.int64(-1)


@kernel
def _through_time(h, gates, u, start, every):
    """h of sentences, number i in rows start[i] to start[i + 1]. gates enters with W x + b; u (size, 4 size).

    ROWS sentences go side by side, so that u is read once for all of them; where one ends the next one begins.
    """
    size, waiting, left = u.shape[0], 0, start[-1] - start[0]
    places = ROWS if len(start) > ROWS else 1
    row, end = np.zeros(places, np.int64), np.zeros(places, np.int64)
    before, sent = np.zeros((places, size), u.dtype), np.empty((places, 4 * size), u.dtype)
    c, tanh_c = np.zeros((2, places, size), u.dtype), np.empty(size, u.dtype)
    while left > 0:
        if (row < end).any():
            _product(sent, before, u, every)
        for p in range(places):
            if row[p] < end[p]:
                add(gates[row[p]], sent[p])
            elif waiting < len(start) - 1:
                row[p], end[p], c[:, p] = start[waiting], start[waiting + 1], 0
                waiting += 1
            else:
                continue
            r, now = row[p], row[p] % 2
            cell_forward(h[r], c[now, p], tanh_c, gates[r], c[1 - now, p], 0, size)
            before[p], row[p], left = h[r], r + 1, left - 1


@kernel
def _product(out, value, a, every):
    """out = value a. Tiles of a are read where they lie: copying them first, as panel.py does, gains nothing."""
    wide = PANEL // a.itemsize
    if len(out) < ROWS or a.shape[1] < wide:
        times_dense_shared(out, every, value, a, 0, a.shape[1])
        return
    for c in range(0, a.shape[1], wide):
        column = min(c, a.shape[1] - wide)  # the last tiles are moved back to end with a and with out
        for r in range(0, len(out), ROWS):
            block_tile(out, min(r, len(out) - ROWS), column, value, a[:, column : column + wide])
