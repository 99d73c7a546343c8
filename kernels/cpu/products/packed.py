"""Kernels of a convolution with all columns of W or some: windows are read where they lie, but only these columns.

Picture by picture, as in window.py. The forward product is that of dense convolutions too: to be told where each
column lies costs nothing. dW is that of window.py, with other places of its taps.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .packed_tile import picks
from .window import crop, pad
from .window_tile import ROWS

_picks, _pick = picks(ROWS), picks(1)


@kernel(parallel=True)
def forward_pieces(y, xp, x, panels, bias, tiles, at, spans, inside, low, n):
    for p in prange(n):
        forward(y, xp, x, panels, bias, tiles, at, spans, inside, low, len(x) * p // n, len(x) * (p + 1) // n)


@kernel
def forward(y, xp, x, panels, bias, tiles, at, spans, inside, low, lo, hi):
    """y of the pictures lo to hi, which are copied into xp first. panels, bias: as `pack` writes them.

    at int64 (P,): where each window begins in its padded picture. spans int64 (tiles of windows, 3): the first
    window of each tile, and the first column and the end of those that do not lie in the margin for all of them.
    low (1,): the least that y may be.
    """
    positions, filters, columns = y.shape[1], y.shape[2], len(inside)
    out, flat, size = y.reshape(-1), xp.reshape(-1), xp[0].size
    for e in range(lo, hi):
        pad(xp[e], x[e])
        here = flat[e * size : (e + 1) * size]
        for t in range(len(tiles)):
            m, vectors, used = tiles[t, 0], tiles[t, 1], tiles[t, 3]
            place, panel = e * positions * filters + m, m * columns
            if positions >= ROWS:
                for s in range(len(spans)):
                    first, begin, end = spans[s, 0], spans[s, 1], spans[s, 2]
                    _picks(
                        out, place + first * filters, filters, here, at, first, inside, begin, end, panels, panel,
                        bias, m, low, used, vectors,
                    )  # fmt: skip
            else:
                for first in range(positions):
                    _pick(
                        out, place + first * filters, filters, here, at, first, inside, 0, columns, panels, panel,
                        bias, m, low, used, vectors,
                    )  # fmt: skip


@kernel
def pack(panels, bias, w, b, tiles):
    """The filters of each tile side by side, padded with zeros: panel (n, width) of filter m begins at m n."""
    filters, n = w.shape
    for t in range(len(tiles)):
        m, width = tiles[t, 0], tiles[t, 2]
        real = min(width, filters - m)
        panel = panels[m * n : (m + width) * n].reshape((n, width))
        for j in range(real):
            for k in range(n):
                panel[k, j] = w[m + j, k]
            bias[m + j] = b[m + j]
        for j in range(real, width):
            for k in range(n):
                panel[k, j] = 0
            bias[m + j] = 0


@kernel(parallel=True)
def dx_pieces(dx, g, panels, tiles, at, inside, padded, top, left, n):
    for p in prange(n):
        lo, hi = len(dx) * p // n, len(dx) * (p + 1) // n
        dx_pictures(dx, g, panels, tiles, at, inside, padded, top, left, lo, hi)


@kernel
def dx_pictures(dx, g, panels, tiles, at, inside, padded, top, left, lo, hi):
    """dx of the pictures lo to hi. g (batch, P, filters). panels: as `pack_columns` writes them.

    A tile of sums, of some windows and columns, is made in registers. Then its entries go to their places one by
    one.
    at: where each window begins in its padded picture, an array of the length `padded`.
    """
    positions, filters = g.shape[1], g.shape[2]
    gradients, line, channels = g.reshape(-1), (dx.shape[2] + 2 * left) * dx.shape[3], dx.shape[3]
    every, where = np.arange(filters), np.arange(positions) * filters
    out, most = np.empty(padded, dx.dtype), np.int64(0)
    for t in range(len(tiles)):
        most = max(most, tiles[t, 2])
    sums, zeros = np.empty(ROWS * most, dx.dtype), np.zeros(most, dx.dtype)
    least = np.full(1, -np.inf, dx.dtype)
    for e in range(lo, hi):
        out[:] = 0
        mine = gradients[e * positions * filters : (e + 1) * positions * filters]
        for t in range(len(tiles)):
            column, vectors, width, used = tiles[t, 0], tiles[t, 1], tiles[t, 2], tiles[t, 3]
            real, panel = min(width, len(inside) - column), column * filters
            if positions >= ROWS:
                for p in range(0, positions, ROWS):
                    first = min(p, positions - ROWS)
                    _picks(
                        sums, 0, width, mine, where, first, every, 0, filters, panels, panel, zeros, 0, least, used,
                        vectors,
                    )  # fmt: skip
                    for r in range(p - first, ROWS):
                        add_columns(out, at[first + r], inside, column, real, sums, r * width)
            else:
                for r in range(positions):
                    _pick(
                        sums, 0, width, mine, where, r, every, 0, filters, panels, panel, zeros, 0, least, used,
                        vectors,
                    )  # fmt: skip
                    add_columns(out, at[r], inside, column, real, sums, 0)
        crop(dx[e], out, line, channels, top, left)


@kernel
def add_columns(out, place, inside, column, real, sums, begin):
    """Add `real` sums to their places in the window of `out` that begins at `place`."""
    for j in range(real):
        out[place + inside[column + j]] += sums[begin + j]


@kernel
def pack_columns(panels, w, tiles):
    """The columns of each tile side by side, padded with zeros: panel (filters, width) begins at column filters."""
    filters, n = w.shape
    for t in range(len(tiles)):
        column, width = tiles[t, 0], tiles[t, 2]
        real = min(width, n - column)
        panel = panels[column * filters : (column + width) * filters].reshape((filters, width))
        for m in range(filters):
            for j in range(real):
                panel[m, j] = w[m, column + j]
            for j in range(real, width):
                panel[m, j] = 0
