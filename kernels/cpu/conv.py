"""Convolution and its backward products: plans of a size, and in how many pieces; see reference/conv.py."""

from functools import lru_cache

import numpy as np

from ..reference.conv import center
from . import columns
from .policy import pieces
from .products import dense, window, window_lists
from .products.window_tile import MOST, ROWS, VECTOR, WIDTHS, split

__all__ = [
    "backward_chosen", "center", "dw_all", "dw_rows", "dx_all", "dx_rows", "follow", "forward",
]  # fmt: skip

NONE = float("-inf")  # the least output: none is too small
DENSER = 4  # terms of a sum of rows that take as long as one element operation


def forward(y, xp, x, w, b, corner):
    filters, kh, kw, channels = w.shape
    columns.forward(y, xp, x, w.reshape(filters, -1), b, corner, _taps(kh, kw, channels, xp.shape[2]), NONE)


def dw_all(dw, dy, xp, corner, top):
    batch, positions = len(xp), len(corner)
    at = find_places(batch, corner.tobytes(), xp[0].size, xp.shape[3])
    cuts = find_cuts(batch, positions)
    lines = find_lines(corner.tobytes(), xp.shape[2], dw.shape[1], top, xp.shape[1] - 2 * top)
    _dw(dw, dy.reshape(-1, dy.shape[2]), xp, at, cuts, lines)


def dw_rows(dw, picked, xp, corner, rows):
    at = find_places(len(xp), corner.tobytes(), xp[0].size, xp.shape[3])[rows]
    _dw(dw, picked, xp, at, np.array([0, len(rows)]), _every(dw.shape[1]))


def _dw(dw, g, xp, at, cuts, lines):
    inside = _inside(*dw.shape[1:], xp.shape[2])
    sum_taps(dw.reshape(len(dw), -1), g, xp, at, inside, cuts, lines)


def sum_taps(dw, g, xp, at, inside, cuts, lines):
    """dw (filters, taps); the rest as `window.dw_taps` takes it.

    Filters that fill no whole vectors get zeros beside them: narrow tiles take as long as wide ones.
    """
    filters, lanes = len(dw), VECTOR // dw.itemsize
    wide = filters if filters * 4 <= lanes else -(-filters // lanes) * lanes
    if wide > filters:
        padded = columns.room(len(g) * wide, dw.dtype, "gradients").reshape(len(g), wide)
        padded[:, :filters], padded[:, filters:] = g, 0
        g = padded
    sums = columns.room(len(inside) * wide, dw.dtype, "sums").reshape(len(inside), wide)
    args = dw, sums, g, xp.reshape(-1), at, inside, _tiles(wide, dw.itemsize)
    n = min(pieces(dw.size * len(g)), len(inside) // ROWS)
    if n > 1:
        window.dw_pieces(*args, cuts, lines, n)
    else:
        window.dw_taps(*args, cuts, lines, 0, len(inside))


def dx_all(dx, dy, w, corner, top, left):
    batch, positions = len(dx), len(corner)
    at = find_places(batch, corner.tobytes(), 0, dx.shape[3])
    cuts = find_cuts(batch, positions)
    lines = find_lines(corner.tobytes(), dx.shape[2] + 2 * left, w.shape[1], top, dx.shape[1])
    _dx(dx, dy.reshape(-1, dy.shape[2]), w, at, cuts, lines, top, left)


def dx_rows(dx, picked, w, corner, rows, top, left):
    at = find_places(len(dx), corner.tobytes(), 0, dx.shape[3])[rows]
    cuts = np.searchsorted(rows, np.arange(len(dx) + 1) * len(corner))
    _dx(dx, picked, w, at, cuts, _every(w.shape[1]), top, left)


def _dx(dx, g, w, at, cuts, lines, top, left):
    filters, kh, kw, channels = w.shape
    height, width = dx.shape[1] + 2 * top, dx.shape[2] + 2 * left
    tiles = _run_tiles(filters, kh, kw * channels, width * channels, w.itemsize)
    panels = np.empty(w.size, w.dtype)
    window.pack_runs(panels, w.reshape(filters, -1), tiles)
    args = dx, g, panels, tiles, at, cuts, lines, height * width * channels, top, left
    n = min(pieces(len(g) * w.size), len(dx))
    if n > 1:
        window.dx_pieces(*args, n)
    else:
        window.dx_pictures(*args, 0, len(dx))


def backward_chosen(dw, count, sums, dx, begin, entry, picked, xp, w, corner, top, left):
    """Runs that do not fill their last vector are summed up with what follows them, which is then left out."""
    filters, lines, kw, channels = w.shape
    run, whole = kw * channels, VECTOR // w.itemsize
    wide = -(-run // whole) * whole
    x = _followed(xp, wide - run)
    line = xp.shape[2] * channels
    of_dw, of_dx = (
        _part_tiles(lines, wide, line, wide, w.itemsize),
        _part_tiles(lines, run, line, run, w.itemsize),
    )
    n = min(pieces(int(begin[-1]) * w[0].size // DENSER), len(xp))
    parts = np.empty((n, filters, lines * wide), w.dtype)
    places = xp[0].size, line, channels, top, left
    args = (dw, count, sums, dx, begin, entry, picked, x, w.reshape(filters, -1), corner, parts, places,
            of_dw, of_dx)  # fmt: skip
    if n > 1:
        window_lists.backward_pieces(*args, n)
    else:
        window_lists.backward(*args)


def follow(mean, x, rate):
    total = np.empty_like(mean)
    dense.db_all(total, x.reshape(-1, x.shape[3]))
    mean += mean.dtype.type(rate) * (total / mean.dtype.type(x.size // len(mean)) - mean)


def _followed(x, more):
    """x as a vector with `more` elements behind it, of any value: in its own memory where that goes on so far."""
    size, base = (x.size + more) * x.itemsize, x.base
    if isinstance(base, np.ndarray) and base.flags.c_contiguous:
        first = x.ctypes.data - base.ctypes.data
        if first + size <= base.nbytes:
            return base.reshape(-1).view(np.uint8)[first : first + size].view(x.dtype)
    return np.append(x, np.zeros(more, x.dtype))


@lru_cache(maxsize=64)
def find_cuts(batch, positions):
    return np.arange(0, batch * positions + 1, positions)


@lru_cache(maxsize=64)
def _part_tiles(lines, run, line, step, itemsize):
    """For each part of each run: its place in a window, its vectors, and its place where runs lie `step` apart."""
    parts = split(run, itemsize, MOST)
    return np.array([(i * line + at, v, i * step + at) for at, v, _ in parts for i in range(lines)], np.int64)


@lru_cache(maxsize=64)
def _tiles(n, itemsize):
    return np.array(split(n, itemsize, WIDTHS[0]), np.int64)


@lru_cache(maxsize=64)
def _run_tiles(filters, lines, run, line, itemsize):
    """For each part of each run: its place in a window, its vectors, its panel, first tap, width and line."""
    return np.array(
        [(i * line + at, vectors, (i * run + at) * filters, i * run + at, width, i)
         for i in range(lines) for at, vectors, width in split(run, itemsize, WIDTHS[0])], np.int64
    )  # fmt: skip


@lru_cache(maxsize=64)
def _taps(lines, kw, channels, width):
    """Where each tap lies from the beginning of a window."""
    return (np.arange(lines)[:, None] * (width * channels) + np.arange(kw * channels)).ravel()


@lru_cache(maxsize=64)
def _inside(lines, kw, channels, width):
    """The same in whole tiles: the last is repeated."""
    inside = _taps(lines, kw, channels, width)
    return np.append(inside, np.full(-len(inside) % ROWS, inside[-1]))


@lru_cache(maxsize=64)
def find_places(batch, corner, size, channels):
    """Where each window of a batch begins; pictures are `size` elements apart."""
    first = np.frombuffer(corner, np.int32).astype(np.int64) * channels
    return (np.arange(batch)[:, None] * size + first).ravel()


@lru_cache(maxsize=64)
def find_lines(corner, across, kh, top, height):
    """For each line of a window the first of the positions at which it lies inside the picture, and their end."""
    found, first = [], np.frombuffer(corner, np.int32) // across
    for i in range(kh):
        inside = np.flatnonzero((first + i >= top) & (first + i < top + height))
        found.append((inside[0], inside[-1] + 1) if len(inside) else (0, 0))
    return np.array(found, np.int64)


@lru_cache(maxsize=64)
def _every(kh):
    """The same for windows that are not known to lie in the order of a whole picture: all of them."""
    return np.array([(0, np.iinfo(np.int64).max // 2)] * kh)
