"""Convolution with some columns: plans of a size, and in how many pieces; see reference/packed.py."""

import math
from functools import lru_cache

import numpy as np

from . import conv
from .columns import find_lanes, forward
from .conv import DENSER, find_cuts, find_lines, find_places, sum_taps
from .policy import pieces
from .products import packed, packed_lists
from .products.window_tile import ROWS, VECTOR

__all__ = ["backward_chosen", "dw_all", "dx_all", "forward", "spread"]

GATHER = 10  # terms of a sum of rows that take as long as an element that is gathered and spread
NARROW = 2 * VECTOR  # bytes of a line of a window that the dense kernel spreads in many small parts


def dw_all(dw, dy, xp, corner, inside, top):
    if not dw.size:
        return
    (batch, height, width, channels), (positions, filters) = xp.shape, dy.shape[1:]
    at = find_places(batch, corner.tobytes(), xp[0].size, channels)
    taps, line = _taps(inside.tobytes(), inside.dtype, width * channels)
    lines = find_lines(corner.tobytes(), width, int(line[-1]) + 1, top, height - 2 * top)[line]
    cuts = find_cuts(batch, positions)
    sum_taps(dw, dy.reshape(-1, filters), xp, at, taps, cuts, lines)


def dx_all(dx, dy, w, corner, inside, top, left):
    tiles = find_lanes(w.shape[1], w.itemsize)
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
