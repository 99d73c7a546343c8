"""Convolution on a graph of channels: plans of a size, and in how many pieces; see reference/sparse_conv.py."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..reference.sparse_conv import MORE
from .policy import pieces
from .products import planes, planes_copy
from .products.planes_tile import MOST
from .products.window_tile import VECTOR

__all__ = ["MORE", "dw", "dx", "forward", "from_planes", "spread", "to_planes"]

COPY = 2  # numbers turned into planes or back that take as long as one element operation
QUICK = 8  # multiply-adds of planes that take as long as one element operation
CACHE = 1 << 20  # bytes of planes of x and dy that dW goes through at a time: half of the second-level cache


def to_planes(xq, x, place):
    args, n = (xq, x, *_runs(place.tobytes(), x.shape[1], x.itemsize)), pieces(x.size // COPY)
    if n > 1:
        planes_copy.to_planes_pieces(*args, n)
    else:
        planes_copy.to_planes(*args, 0, len(xq) * planes_copy.blocks(x))


def from_planes(x, xq, place):
    args, n = (x, xq, *_runs(place.tobytes(), x.shape[1], x.itemsize)), pieces(x.size // COPY)
    if n > 1:
        planes_copy.from_planes_pieces(*args, n)
    else:
        planes_copy.from_planes(*args, 0, len(xq) * planes_copy.blocks(x))


def forward(yq, xq, w, b, tap, start, source, group, member, place, total):
    width, taps = xq.shape[3], w.shape[1]
    at, shift = source * np.int64(width), _shift(tap.tobytes(), xq[0, 0].size)
    tiles, of = _tiles(place.tobytes(), 0, xq.itemsize), _every(taps, np.int64)
    sizes = np.array([len(xq), yq[0].size, xq[0].size, 0, width, taps])
    edge = _every(len(w), np.int32)
    _sums(yq, xq, sizes, w, b, start, at, edge, group, member, shift, of, tiles, w.size * total)


def dx(dxq, dyq, w, tap, back, target, edge, row, group, member, place, total):
    (panels, phases, n_in, width), at = dxq.shape, row[target]
    if len(at) and at.min() < 0:
        there = at >= 0
        back = np.append(0, np.cumsum(there))[back].astype(np.int32)
        at, edge = at[there], edge[there]
    at, zeros = at * np.int64(width), _zeros(n_in, w.dtype)
    for phase in range(phases):
        of = np.flatnonzero(tap[:, 0] == phase)
        shift = -tap[of, 1].astype(np.int64)
        tiles = _tiles(place.tobytes(), phase, w.itemsize)
        sizes = np.array([panels, dxq[0].size, dyq[0].size, phase * n_in * width, width, w.shape[1]])
        work = len(at) * len(of) * total // phases
        _sums(dxq, dyq, sizes, w, zeros, back, at, edge, group, member, shift, of, tiles, work)


def _sums(out, a, sizes, w, b, start, at, edge, group, member, shift, of, tiles, work):
    most = len(out) * (len(group) - 1)
    args = (
        out.reshape(-1), a.reshape(-1), sizes, w.reshape(-1), b, start, at, edge, group, member, shift, of, tiles,
    )  # fmt: skip
    n = min(pieces(work // QUICK), most)
    if n > 1:
        planes.sums_pieces(*args, n)
    else:
        planes.sums(*args, 0, most)


def dw(dw, dyq, xq, tap, start, source, rows, row, group, member, place, total):
    width, q = xq.shape[3], place[:, 1]
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
def _tiles(place, phase, itemsize):
    """Tiles that cover all places of a phase, int64 (tiles, 2): where they begin, and their vectors."""
    phases, q = np.frombuffer(place, np.int32).reshape(-1, 2).T
    q, lanes, found, i = np.unique(q[phases == phase]).astype(np.int64), VECTOR // itemsize, [], 0
    while i < len(q):
        vectors, next_one = 0, i
        while next_one < len(q) and q[next_one] < q[i] + (vectors + 1) * lanes:
            vectors += 1
            next_one = int(np.searchsorted(q, q[i] + vectors * lanes))
        parts = -(-vectors // MOST)
        ends = [vectors * part // parts for part in range(parts + 1)]
        found += [(q[i] + first * lanes, last - first) for first, last in pairwise(ends)]
        i = next_one
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
