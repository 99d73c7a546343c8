"""Convolution and its backward products: plans of a size, and in how many pieces; see reference/conv.py."""

from functools import lru_cache

import numpy as np

from ..reference.conv import center, dw_chosen, dx_chosen, follow, list_positions
from .policy import pieces
from .products import window
from .products.window_tile import ROWS

__all__ = [
    "center", "dw_all", "dw_chosen", "dw_rows", "dx_all", "dx_chosen", "dx_rows", "follow", "forward",
    "list_positions",
]  # fmt: skip


def forward(y, xp, x, w, b, corner):
    filters, kh, kw, _ = w.shape
    tiles = _tiles(filters, w.itemsize)
    panels = np.empty(w.size, w.dtype)
    window.pack_filters(panels, w.reshape(filters, -1), tiles)
    n = min(pieces(len(x) * len(corner) * w.size), len(x))
    if n > 1:
        window.forward_pieces(y, xp, x, panels, tiles, b, corner, kh, kw, n)
    else:
        window.forward(y, xp, x, panels, tiles, b, corner, kh, kw, 0, len(x))


def dw_all(dw, dy, xp, corner):
    batch, positions = len(xp), len(corner)
    at = _places(batch, corner.tobytes(), xp[0].size, xp.shape[3])
    _dw(dw, dy.reshape(-1, dy.shape[2]), xp, at, np.arange(0, batch * positions + 1, positions))


def dw_rows(dw, picked, xp, corner, rows):
    at = _places(len(xp), corner.tobytes(), xp[0].size, xp.shape[3])[rows]
    _dw(dw, picked, xp, at, np.array([0, len(rows)]))


def _dw(dw, g, xp, at, cuts):
    inside = _inside(*dw.shape[1:], xp.shape[2])
    sums = np.empty((len(inside), len(dw)), dw.dtype)
    args = dw.reshape(len(dw), -1), sums, g, xp.reshape(-1), at, inside, _tiles(len(dw), dw.itemsize), cuts
    n = min(pieces(dw.size * len(g)), len(inside) // ROWS)
    if n > 1:
        window.dw_pieces(*args, n)
    else:
        window.dw_taps(*args, 0, len(inside))


def dx_all(dx, dy, w, corner, top, left):
    batch, positions = len(dx), len(corner)
    at = _places(batch, corner.tobytes(), 0, dx.shape[3])
    _dx(dx, dy.reshape(-1, dy.shape[2]), w, at, np.arange(0, batch * positions + 1, positions), top, left)


def dx_rows(dx, picked, w, corner, rows, top, left):
    at = _places(len(dx), corner.tobytes(), 0, dx.shape[3])[rows]
    cuts = np.searchsorted(rows, np.arange(len(dx) + 1) * len(corner))
    _dx(dx, picked, w, at, cuts, top, left)


def _dx(dx, g, w, at, cuts, top, left):
    filters, kh, kw, channels = w.shape
    height, width = dx.shape[1] + 2 * top, dx.shape[2] + 2 * left
    tiles = _run_tiles(filters, kh, kw * channels, width * channels, w.itemsize)
    panels = np.empty(w.size, w.dtype)
    window.pack_runs(panels, w.reshape(filters, -1), tiles)
    args = dx, g, panels, tiles, at, cuts, height * width * channels, kw, top, left
    n = min(pieces(len(g) * w.size), len(dx))
    if n > 1:
        window.dx_pieces(*args, n)
    else:
        window.dx_pictures(*args, 0, len(dx))


@lru_cache(maxsize=64)
def _tiles(n, itemsize):
    return window.split(n, itemsize)


@lru_cache(maxsize=64)
def _run_tiles(filters, lines, run, line, itemsize):
    """For each part of each run: its place in a window, its width's index, its panel, its first tap, its width."""
    return np.array(
        [(i * line + at, which, (i * run + at) * filters, i * run + at, width)
         for i in range(lines) for at, which, width in window.split(run, itemsize)], np.int64
    )  # fmt: skip


@lru_cache(maxsize=64)
def _inside(lines, kw, channels, width):
    """Where each tap lies from the beginning of a window; the last is repeated up to a whole tile."""
    run = kw * channels
    inside = (np.arange(lines)[:, None] * (width * channels) + np.arange(run)).ravel()
    return np.append(inside, np.full(-len(inside) % ROWS, inside[-1]))


@lru_cache(maxsize=64)
def _places(batch, corner, size, channels):
    """Where each window of a batch begins; pictures are `size` elements apart."""
    first = np.frombuffer(corner, np.int32).astype(np.int64) * channels
    return (np.arange(batch)[:, None] * size + first).ravel()
