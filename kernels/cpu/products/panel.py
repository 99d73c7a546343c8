"""A dense product in panels: out = value a[index], for products with one small side.

BLAS first copies both sides into an order of its own. That does not pay where one side has a few dozen rows, and
the rows of a would have to be gathered for it before. Here the rows of a are copied once, in panels as wide as a
tile, and each panel serves all rows of the result.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .tile import PANEL, ROWS, block_tile, columns, copy_tile, row_tile

DEEP = 256  # terms from which a copy of a transposed value pays


@kernel(parallel=True)
def panel_product_pieces(out, value, a, index, n):
    """Pieces are columns of a."""
    for p in prange(n):
        lo, hi = columns(a, p, n, PANEL)
        panel_product(out, value, a, index, lo, hi)


@kernel
def panel_product(out, value, a, index, lo, hi):
    """out[:, lo:hi] = value a[index, lo:hi]. value (rows, terms) may be transposed."""
    if len(index) < DEEP or value.strides[1] == value.itemsize:
        _columns(out, value, a, index, lo, hi)
    else:
        _columns(out, value.copy(), a, index, lo, hi)


@kernel
def _columns(out, value, a, index, lo, hi):
    wide = PANEL // a.itemsize
    if hi - lo < wide:
        _narrow(out[:, lo:hi], value, a, index, lo, hi)
        return
    panel = np.empty((len(index), wide), a.dtype)
    blocks = len(out) // ROWS * ROWS
    for c in range(lo, hi, wide):
        column = min(c, hi - wide)  # the last panel is moved back, to end with the columns
        for i in range(len(index)):
            copy_tile(panel, i, a, index[i], column)
        for r in range(0, blocks, ROWS):
            block_tile(out, r, column, value, panel)
        for r in range(blocks, len(out)):
            row_tile(out, r, column, value, panel)


@kernel
def _narrow(out, value, a, index, lo, hi):
    out[:] = 0
    for r in range(len(out)):
        for i in range(len(index)):
            row, weight = a[index[i], lo:hi], value[r, i]
            for c in range(len(row)):
                out[r, c] += weight * row[c]
