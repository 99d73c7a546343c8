"""Convolution with some columns: plans of a size, and in how many pieces; see reference/packed.py."""

import math
import threading
from functools import lru_cache

import numpy as np

from . import conv
from .conv import DENSER, find_lines, find_places, find_tiles
from .policy import pieces
from .products import packed, packed_lists, window
from .products.packed_tile import split
from .products.window_tile import ROWS, VECTOR

__all__ = ["backward_chosen", "dw_all", "dx_all", "forward", "spread"]

GATHER = 10  # terms of a sum of rows that take as long as an element that is gathered and spread
NARROW = 2 * VECTOR  # bytes of a line of a window that the dense kernel spreads in many small parts
MOST_PLANS = 256
LINE = 64  # bytes of a line of the cache
_plans: dict = {}


class _Rooms(threading.local):
    """Memory of one thread."""

    def __init__(self):
        self.known: dict = {}


_rooms = _Rooms()


def forward(y, xp, x, w, b, corner, inside, low):
    filters, n = w.shape
    tiles = _tiles(filters, w.itemsize)
    at, spans, inside = _plan(corner, inside, x.shape[1:], xp.shape[1:])
    wide = tiles[-1, 0] + tiles[-1, 2]
    panels, bias = _room(wide * n, w.dtype, "panels"), _room(wide, w.dtype, "bias")
    packed.pack(panels, bias, w, b, tiles)
    args = y, xp, x, panels, bias, tiles, at, spans, inside, _low(low, y.dtype)
    n = min(pieces(len(x) * len(corner) * w.size), len(x))
    if n > 1:
        packed.forward_pieces(*args, n)
    else:
        packed.forward(*args, 0, len(x))


def dw_all(dw, dy, xp, corner, inside, top):
    if not dw.size:
        return
    (batch, height, width, channels), (positions, filters) = xp.shape, dy.shape[1:]
    at = find_places(batch, corner.tobytes(), xp[0].size, channels)
    taps, line = _taps(inside.tobytes(), inside.dtype, width * channels)
    lines = find_lines(corner.tobytes(), width, int(line[-1]) + 1, top, height - 2 * top)[line]
    cuts = np.arange(0, batch * positions + 1, positions)
    sums, g = np.empty((len(taps), filters), dw.dtype), dy.reshape(-1, filters)
    args = dw, sums, g, xp.reshape(-1), at, taps, find_tiles(filters, dw.itemsize), cuts, lines
    n = min(pieces(dw.size * len(g)), len(taps) // ROWS)
    if n > 1:
        window.dw_pieces(*args, n)
    else:
        window.dw_taps(*args, 0, len(taps))


def dx_all(dx, dy, w, corner, inside, top, left):
    tiles = _tiles(w.shape[1], w.itemsize)
    panels = np.empty((tiles[-1, 0] + tiles[-1, 2] if len(tiles) else 0) * len(w), w.dtype)
    packed.pack_columns(panels, w, tiles)
    at = find_places(1, corner.tobytes(), 0, dx.shape[3])
    size = (dx.shape[1] + 2 * top) * (dx.shape[2] + 2 * left) * dx.shape[3]
    args = dx, dy, panels, tiles, at, inside.astype(np.int64), size, top, left
    n = min(pieces(dy.size * w.shape[1]), len(dx))
    if n > 1:
        packed.dx_pieces(*args, n)
    else:
        packed.dx_pictures(*args, 0, len(dx))


def backward_chosen(dw, count, sums, dx, begin, entry, picked, xp, w, corner, inside, top, left):
    """By the dense kernel where that is quicker: it reads windows as vectors, and need not gather elements."""
    (filters, n), entries = w.shape, int(begin[-1])
    windows = min(entries, len(xp) * len(corner))
    shape, where = _box(inside.tobytes(), inside.dtype, xp.shape[2], xp.shape[3])
    taps = math.prod(shape)
    narrow = len(dx) and shape[1] * shape[2] * w.itemsize < NARROW
    if not narrow and (entries + GATHER * filters) * taps < (entries + GATHER * windows) * n:
        dense_w, dense_dw = np.empty((2, filters, taps), w.dtype)
        packed_lists.spread(dense_w, w, where, 0, filters)
        dense = dense_dw.reshape(filters, *shape), dense_w.reshape(filters, *shape)
        conv.backward_chosen(dense[0], count, sums, dx, begin, entry, picked, xp, dense[1], corner, top, left)
        np.take(dense_dw, where, axis=1, out=dw, mode="clip")
        return
    places = xp[0].size, xp.shape[2] * xp.shape[3], xp.shape[3], top, left
    args = (
        dw,
        count,
        sums,
        dx,
        begin,
        entry,
        picked,
        xp.reshape(-1),
        w,
        corner,
        inside.astype(np.int64),
        places,
    )
    n = min(pieces(int(begin[-1]) * w.shape[1] // DENSER), len(xp))
    if n > 1:
        packed_lists.backward_pieces(*args, n)
    else:
        packed_lists.pictures(*args, 0, len(xp))


def spread(dx, picked, columns):
    n = min(pieces(dx.size), len(dx))
    if n > 1:
        packed_lists.spread_pieces(dx, picked, columns, n)
    else:
        packed_lists.spread(dx, picked, columns, 0, len(dx))


def _room(size, dtype, name):
    """Memory of this thread that begins a line of the cache, to be overwritten by the next call.

    New memory comes from the system page by page, which takes longer than to fill it.
    """
    rooms, key = _rooms.known, (name, dtype)
    if key not in rooms or len(rooms[key]) < size:
        memory = np.zeros(size * dtype.itemsize + LINE, np.uint8)
        first = -memory.ctypes.data % LINE
        rooms[key] = memory[first : first + size * dtype.itemsize].view(dtype)
    return rooms[key][:size]


@lru_cache(maxsize=8)
def _low(low, dtype):
    return np.array([low], dtype)


@lru_cache(maxsize=64)
def _tiles(filters, itemsize):
    return split(filters, itemsize)


def _plan(corner, inside, size, padded):
    """Where windows begin, tiles of windows with their columns, and where columns lie: as the kernels take them.

    Found by the arrays themselves, which are kept too. To compare what is in them takes as long as a small product.
    """
    key = id(corner), id(inside), size, padded
    if key not in _plans:
        if len(_plans) >= MOST_PLANS:
            _plans.clear()
        _plans[key] = corner, inside, _make_plan(corner, inside.astype(np.int64), size, padded)
    return _plans[key][2]


def _make_plan(corner, inside, size, padded):
    line, top, channels = padded[1] * padded[2], (padded[0] - size[0]) // 2, padded[2]
    at, columns = corner.astype(np.int64) * channels, inside // line
    spans = []
    for p in range(0, len(corner) if len(corner) >= ROWS else 0, ROWS):
        first = min(p, len(corner) - ROWS)  # the last tile is moved back, to end with the positions
        lowest, highest = corner[first + ROWS - 1] // padded[1], corner[first] // padded[1]
        begin = np.searchsorted(columns, top - lowest)
        spans.append((first, begin, max(begin, np.searchsorted(columns, top + size[0] - highest))))
    return at, np.array(spans, np.int64).reshape(-1, 3), inside


@lru_cache(maxsize=256)
def _box(inside, dtype, width, channels):
    """The smallest dense window (kh, kw, channels) with all columns, and their places in it."""
    found = np.frombuffer(inside, dtype).astype(np.int64)
    line, rest = np.divmod(found, width * channels)
    kh, kw = line.max(initial=0) + 1, rest.max(initial=0) // channels + 1
    return (int(kh), int(kw), channels), line * kw * channels + rest


@lru_cache(maxsize=256)
def _taps(inside, dtype, line):
    """Where columns lie, the last repeated up to a whole tile, and the line of the window of each column."""
    found = np.frombuffer(inside, dtype).astype(np.int64)
    return np.append(found, np.full(-len(found) % ROWS, found[-1])), found // line
