"""Kernels of the dense backward products of a convolution, without a lowered matrix: windows are read in place.

A window of pixels is a few runs, one for each of its lines. dx holds ROWS windows at a time, and a panel of a run;
dW holds ROWS taps of the window for a panel of filters. All work picture by picture, which the nearer caches hold.
Bodies of parallel loops are functions of their own, as in dense.py. The forward product is in packed.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .window_tile import ROWS, outer, scatter

BLOCK = 64  # rows of a matrix that is transposed at a time: their lines stay in the first-level cache
_scatters, _scatter = scatter(ROWS), scatter(1)


@kernel
def pad(xp, x):
    """Copy a picture into the middle of its padded one."""
    top, left, run = (xp.shape[0] - x.shape[0]) // 2, (xp.shape[1] - x.shape[1]) // 2, x[0].size
    out, lines = xp.reshape(-1), x.reshape(-1)
    for i in range(len(x)):
        begin = ((top + i) * xp.shape[1] + left) * x.shape[2]
        for j in range(run):
            out[begin + j] = lines[i * run + j]


@kernel(parallel=True)
def dw_pieces(dw, sums, g, x, at, inside, tiles, cuts, lines, n):
    blocks = len(inside) // ROWS
    for p in prange(n):
        dw_taps(
            dw,
            sums,
            g,
            x,
            at,
            inside,
            tiles,
            cuts,
            lines,
            blocks * p // n * ROWS,
            blocks * (p + 1) // n * ROWS,
        )


@kernel
def dw_taps(dw, sums, g, x, at, inside, tiles, cuts, lines, lo, hi):
    """Rows lo to hi of dWᵀ in `sums` (taps, wide), and from there into dw (filters, taps).

    g (r, wide): the gradients of r windows, of which x has the first element at[i]; wide is at least filters.
    inside: where the taps lie in a window, in whole tiles of ROWS. cuts: numbers of windows; those between two of
    them are near each other. lines (kh, 2): from which of them to which a line of the window is not all margin.
    """
    (filters, taps), wide = dw.shape, g.shape[1]
    out, gradients = sums.reshape(-1), g.reshape(-1)
    sums[lo:hi] = 0
    run = taps // len(lines)
    for c in range(len(cuts) - 1):
        for t in range(len(tiles)):
            m, vectors = tiles[t, 0], tiles[t, 1]
            for tap in range(lo, hi, ROWS):
                first, last = cuts[c + 1], cuts[c]
                for i in range(min(tap, taps - 1) // run, (min(tap + ROWS, taps) - 1) // run + 1):
                    first = min(first, cuts[c] + lines[i, 0])
                    last = max(last, min(cuts[c] + lines[i, 1], cuts[c + 1]))
                place = tap * wide + m
                outer(out, place, wide, x, at, first, last, inside, tap, gradients, m, wide, vectors)
    for begin in range(lo, min(hi, taps), BLOCK):
        for m in range(filters):
            for tap in range(begin, min(begin + BLOCK, hi, taps)):
                dw[m, tap] = sums[tap, m]


@kernel(parallel=True)
def dx_pieces(dx, g, panels, tiles, at, cuts, lines, padded, top, left, n):
    for p in prange(n):
        lo, hi = len(dx) * p // n, len(dx) * (p + 1) // n
        dx_pictures(dx, g, panels, tiles, at, cuts, lines, padded, top, left, lo, hi)


@kernel
def dx_pictures(dx, g, panels, tiles, at, cuts, lines, padded, top, left, lo, hi):
    """dx of the pictures lo to hi. g (r, filters): the gradients of the windows, cuts[e]:cuts[e + 1] of picture e.

    at: where each window begins in its padded picture, an array of the length `padded`. tiles (tiles, 4): the place
    of a run's part from the beginning of a window, its width and where its panel is.
    """
    filters, gradients = g.shape[1], g.reshape(-1)
    line, channels = (dx.shape[2] + 2 * left) * dx.shape[3], dx.shape[3]
    out = np.empty(padded, dx.dtype)
    for e in range(lo, hi):
        out[:] = 0
        for t in range(len(tiles)):
            shift, vectors, panel, i = tiles[t, 0], tiles[t, 1], tiles[t, 2], tiles[t, 5]
            first, last = cuts[e] + lines[i, 0], min(cuts[e] + lines[i, 1], cuts[e + 1])
            if last - first >= ROWS:
                for p in range(first, last, ROWS):
                    r = min(p, last - ROWS)
                    _scatters(
                        out, at, r, shift, p - r, gradients, r * filters, filters, panels, panel, vectors
                    )
            else:
                for r in range(first, last):
                    _scatter(out, at, r, shift, 0, gradients, r * filters, filters, panels, panel, vectors)
        crop(dx[e], out, line, channels, top, left)


@kernel
def crop(dx, out, line, channels, top, left):
    """The middle of a padded picture."""
    run, lines = dx[0].size, dx.reshape(-1)
    for i in range(len(dx)):
        begin = (top + i) * line + left * channels
        for j in range(run):
            lines[i * run + j] = out[begin + j]


@kernel
def pack_runs(panels, w, tiles):
    """The parts of the runs: the panel (filters, width) of a tile is w[:, tap:] of that width."""
    for t in range(len(tiles)):
        begin, tap, width = tiles[t, 2], tiles[t, 3], tiles[t, 4]
        panel = panels[begin : begin + len(w) * width].reshape((len(w), width))
        for m in range(len(w)):
            panel[m] = w[m, tap : tap + width]
