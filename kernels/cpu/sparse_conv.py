"""Convolution on a graph of channels: plans of a size, and in how many pieces; see reference/sparse_conv.py."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..reference.sparse_conv import MORE
from . import columns
from .policy import pieces
from .products import planes, planes_copy
from .products.planes_tile import MOST
from .products.window_tile import VECTOR

__all__ = ["MORE", "dw", "dx", "forward", "spread", "to_planes"]

COPY = 2  # numbers turned into planes or back that take as long as one element operation
QUICK = 8  # multiply-adds of planes that take as long as one element operation
CACHE = 1 << 20  # bytes of planes of x and dy that dW goes through at a time: half of the second-level cache


def to_planes(xq, x, place):
    if not x.size:  # no channel was chosen
        return
    args, n = (xq, x, *_runs(place.tobytes(), x.shape[1], x.itemsize)), pieces(x.size // COPY)
    if n > 1:
        planes_copy.to_planes_pieces(*args, n)
    else:
        planes_copy.to_planes(*args, 0, len(xq) * planes_copy.blocks(x))


def forward(y, xq, x, w, b, tap, start, source, group, member, pixel, position):
    (_, _, n_in, width), taps = xq.shape, w.shape[1]
    at, shift = source * np.int64(width), _shift(tap.tobytes(), n_in * width)
    tiles, edge, of = (
        _tiles(position.tobytes(), 1, w.itemsize),
        _every(len(w), np.int32),
        _every(taps, np.int64),
    )
    parts = np.array([(0, 0), (taps, len(tiles[0]))])
    tables = start, at, edge, group, member, parts, shift, of, tiles[0]
    _panels(y, xq, x, xq, w, b, tables, pixel, position, 1)


def dx(dx, dyq, w, tap, back, target, edge, row, group, member, pixel, total):
    (_, _, n_in), width, at = dx.shape, dyq.shape[3], row[target]
    if len(at) and at.min() < 0:
        there = at >= 0
        back = np.append(0, np.cumsum(there))[back].astype(np.int32)
        at, edge = at[there], edge[there]
    phases = int(pixel[:, 0].max()) + 1
    tiles, of = _tiles(pixel.tobytes(), phases, w.itemsize), np.argsort(tap[:, 0], kind="stable")
    taps = np.searchsorted(tap[of, 0], np.arange(phases + 1))
    parts = np.stack([taps, np.append(0, np.cumsum([len(t) for t in tiles]))], axis=-1)
    shift = -tap[of, 1].astype(np.int64)
    tables = back, at * np.int64(width), edge, group, member, parts, shift, of, np.concatenate(tiles)
    none = dx[:0]
    _panels(dx, dyq, none, dyq, w, _zeros(n_in, w.dtype), tables, pixel, pixel, phases)


def _panels(out, xq, x, a, w, b, tables, way_in, way_out, phases):
    """See products/planes.py."""
    panels, width, n = len(a), a.shape[3], out.shape[2]
    runs, pictures = _runs(way_out.tobytes(), out.shape[1], w.itemsize)
    of_x = _runs(way_in.tobytes(), x.shape[1], w.itemsize)[0]
    work = len(tables[1]) * w.shape[1] * out.size // max(n, 1)
    parts = max(1, min(pieces(work // QUICK + out.size // COPY), panels))
    room = columns.room(parts * phases * n * width, w.dtype, "planes").reshape(parts, phases, n, width)
    sizes = np.array([panels, pictures, a[0].size, w.shape[1]])
    args = out, xq, x, a.reshape(-1), room, of_x, runs, sizes, w.reshape(-1), b, *tables
    if parts > 1:
        planes.panels_pieces(*args, parts)
    else:
        planes.panels(*args, 0, panels)


def dw(dw, dyq, xq, tap, start, source, rows, row, group, member, position, total):
    width, q = xq.shape[3], position[:, 1]
    lo, hi = int(q.min()), int(q.max()) + 1
    vectors = -(-(hi - lo) * dw.itemsize // VECTOR)
    near = max(1, CACHE // max(1, (dyq[0].size + xq[0].size) * dw.itemsize))
    sizes = np.array([len(xq), near, dyq[0].size, xq[0].size, width, lo, vectors])
    begin = np.append(0, np.cumsum(start[rows + 1] - start[rows]))
    at, shift = source * np.int64(width), _shift(tap.tobytes(), xq[0, 0].size)
    planes_of = dw.reshape(-1), dyq.reshape(-1), xq.reshape(-1)
    args = *planes_of, sizes, rows, row[rows], start, begin, at, group, member, shift
    n = min(pieces(dw.size * total // QUICK), len(rows))
    if n > 1:
        planes.dots_pieces(*args, n)
    else:
        planes.dots(*args, 0, len(rows))


def spread(dy, count, begin, entry, picked):
    planes_copy.spread(dy.reshape(len(dy), -1), count, begin, entry, picked)


@lru_cache(maxsize=256)
def _shift(tap, size):
    """How far from a position each tap is, in phases of this size."""
    phase, shift = np.frombuffer(tap, np.int32).reshape(-1, 2).astype(np.int64).T
    return phase * size + shift


@lru_cache(maxsize=64)
def _every(n, dtype):
    return np.arange(n, dtype=dtype)


@lru_cache(maxsize=64)
def _zeros(n, dtype):
    return np.zeros(n, dtype)


@lru_cache(maxsize=256)
def _tiles(place, phases, itemsize):
    """For each phase the tiles that cover all places, int64 (tiles, 2): where they begin, and their vectors."""
    phase, q = np.frombuffer(place, np.int32).reshape(-1, 2).T
    return [_cover(np.unique(q[phase == f]).astype(np.int64), VECTOR // itemsize) for f in range(phases)]


def _cover(q, lanes):
    found, i = [], 0
    while i < len(q):
        vectors, following = 0, i
        while following < len(q) and q[following] < q[i] + (vectors + 1) * lanes:
            vectors += 1
            following = int(np.searchsorted(q, q[i] + vectors * lanes))
        parts = -(-vectors // MOST)
        ends = [vectors * part // parts for part in range(parts + 1)]
        found += [(q[i] + first * lanes, last - first) for first, last in pairwise(ends)]
        i = following
    return np.array(found, np.int64).reshape(-1, 2)


@lru_cache(maxsize=256)
def _runs(place, pixels, itemsize):
    """Runs of pixels, as planes_copy takes them, and pictures in a panel. No run goes over the end of a picture."""
    phase, q = np.frombuffer(place, np.int32).reshape(-1, 2).T.astype(np.int64)
    lanes, found = VECTOR // itemsize, list[tuple[int, int, int, int, int]]()
    for i in np.lexsort((q, phase)):
        if found:
            f, first, begin, step, length = found[-1]
            step = i - begin if length == 1 else step
            follows = (phase[i], q[i], i) == (f, first + length, begin + length * step)
            if follows and length < lanes and i // pixels == begin // pixels:
                found[-1] = f, first, begin, step, length + 1
                continue
        found.append((phase[i], q[i], i, 1, 1))
    return np.array(found, np.int64).reshape(-1, 5), len(q) // pixels
