"""The forward product of a convolution, of all columns of W or of some: plans of a size, panels, pieces."""

import threading
from functools import lru_cache

import numpy as np

from .policy import pieces
from .products import packed
from .products.packed_tile import split
from .products.window_tile import ROWS

MOST_PLANS = 256
LINE = 64  # bytes of a line of the cache
_plans: dict = {}


class _Rooms(threading.local):
    """Memory of one thread."""

    def __init__(self):
        self.known: dict = {}


_rooms = _Rooms()


def forward(y, xp, x, w, b, corner, inside, low):
    """See reference/packed.py."""
    filters, n = w.shape
    tiles = find_lanes(filters, w.itemsize)
    at, spans, inside = _plan(corner, inside, x.shape[1:], xp.shape[1:])
    wide = tiles[-1, 0] + tiles[-1, 2]
    panels, bias = room(wide * n, w.dtype, "panels"), room(wide, w.dtype, "bias")
    packed.pack(panels, bias, w, b, tiles)
    args = y, xp, x, panels, bias, tiles, at, spans, inside, _low(low, y.dtype)
    n = min(pieces(len(x) * len(corner) * w.size), len(x))
    if n > 1:
        packed.forward_pieces(*args, n)
    else:
        packed.forward(*args, 0, len(x))


def room(size, dtype, name):
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
def find_lanes(filters, itemsize):
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
