"""Kernels of the dense products: every unit of every example.

Small batches are bound by reading W once, at a speed that BLAS does not reach with so few examples: the forward
kernel holds ten dot products in registers. Some dozens of examples are transposed into panels, as in panel.py.
Large products are BLAS calls, a piece per thread, cut along the longer side of the result. Bodies of parallel loops
are functions of their own, since LLVM vectorises little of what is in the loop itself.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .blas import product
from .tile import PANEL, ROWS, transposed_block_tile, transposed_row_tile

SMALL_BATCH = 24  # examples up to which the forward product is made of dot products
STRIP = 64  # terms transposed at a time, so that both sides stay in the first-level cache


@kernel(parallel=True)
def forward_small(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(w) * p // n, len(w) * (p + 1) // n
        dot_block(y[:, lo:hi], x, w[lo:hi], b[lo:hi])


@kernel
def dot_block(y, x, w, b):
    """y = x wᵀ + b, by five examples and two rows of w at a time; examples left over take four rows, or one."""
    n, even, fives = len(w) // 4 * 4, len(w) // 2 * 2, len(x) // 5 * 5
    for o in range(0, n, 4):
        for e in range(0, fives, 5):
            _dot_two_rows(y, x, w, e, o)
            _dot_two_rows(y, x, w, e, o + 2)
        for e in range(fives, len(x)):
            _dot_four_rows(y, x, w, e, o)
    for o in range(n, even, 2):
        for e in range(0, fives, 5):
            _dot_two_rows(y, x, w, e, o)
    for o in range(n, len(w)):
        for e in range(fives if o < even else 0, len(x)):
            y[e, o] = _dot(x[e], w[o])
    add_bias(y, b)


@kernel
def _dot_two_rows(y, x, w, e, o):
    x0, x1, x2, x3, x4 = x[e], x[e + 1], x[e + 2], x[e + 3], x[e + 4]
    v0, v1 = w[o], w[o + 1]
    s0 = s1 = s2 = s3 = s4 = t0 = t1 = t2 = t3 = t4 = w.dtype.type(0)  # a plain 0 would make the sums float64
    for i in range(len(x0)):
        a, b = v0[i], v1[i]
        s0, t0 = s0 + x0[i] * a, t0 + x0[i] * b
        s1, t1 = s1 + x1[i] * a, t1 + x1[i] * b
        s2, t2 = s2 + x2[i] * a, t2 + x2[i] * b
        s3, t3 = s3 + x3[i] * a, t3 + x3[i] * b
        s4, t4 = s4 + x4[i] * a, t4 + x4[i] * b
    y[e, o], y[e, o + 1] = s0, t0
    y[e + 1, o], y[e + 1, o + 1] = s1, t1
    y[e + 2, o], y[e + 2, o + 1] = s2, t2
    y[e + 3, o], y[e + 3, o + 1] = s3, t3
    y[e + 4, o], y[e + 4, o + 1] = s4, t4


@kernel
def _dot_four_rows(y, x, w, e, o):
    x0, v0, v1, v2, v3 = x[e], w[o], w[o + 1], w[o + 2], w[o + 3]
    s0 = s1 = s2 = s3 = w.dtype.type(0)
    for i in range(len(x0)):
        a = x0[i]
        s0, s1, s2, s3 = s0 + a * v0[i], s1 + a * v1[i], s2 + a * v2[i], s3 + a * v3[i]
    y[e, o], y[e, o + 1], y[e, o + 2], y[e, o + 3] = s0, s1, s2, s3


@kernel
def _dot(x, w):
    total = w.dtype.type(0)
    for i in range(len(x)):
        total += x[i] * w[i]
    return total


@kernel
def add_bias(y, b):
    for e in range(len(y)):
        for o in range(len(b)):
            y[e, o] += b[o]


@kernel(parallel=True)
def forward_panels(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(w) * p // n, len(w) * (p + 1) // n
        panel_block(y[:, lo:hi], x, w[lo:hi], b[lo:hi])


@kernel
def panel_block(y, x, w, b):
    """y = x wᵀ + b: panels of examples, and dot products for the few that do not fill one."""
    wide = PANEL // x.itemsize
    whole, blocks = len(x) // wide * wide, len(w) // ROWS * ROWS
    panel = np.empty((x.shape[1], wide), x.dtype)
    for e in range(0, whole, wide):
        _transpose(panel, x[e : e + wide])
        for o in range(0, blocks, ROWS):
            transposed_block_tile(y, o, e, w, panel)
        for o in range(blocks, len(w)):
            transposed_row_tile(y, o, e, w, panel)
    add_bias(y[:whole], b)
    dot_block(y[whole:], x[whole:], w, b)


@kernel
def _transpose(panel, x):
    """panel = xᵀ."""
    for lo in range(0, len(panel), STRIP):
        hi = min(lo + STRIP, len(panel))
        for e in range(len(x)):
            row = x[e]
            for i in range(lo, hi):
                panel[i, e] = row[i]


@kernel(parallel=True)
def forward_blas(y, x, w, b, n):
    for p in prange(n):
        if len(w) >= len(x):
            lo, hi = len(w) * p // n, len(w) * (p + 1) // n
            product(y[:, lo:hi], x, w[lo:hi], False, True)
            add_bias(y[:, lo:hi], b[lo:hi])
        else:
            lo, hi = len(x) * p // n, len(x) * (p + 1) // n
            product(y[lo:hi], x[lo:hi], w, False, True)
            add_bias(y[lo:hi], b)


@kernel(parallel=True)
def dw_blas(dw, dy, x, n):
    for p in prange(n):
        if dw.shape[0] >= dw.shape[1]:
            lo, hi = dw.shape[0] * p // n, dw.shape[0] * (p + 1) // n
            product(dw[lo:hi], dy[:, lo:hi], x, True, False)
        else:
            lo, hi = dw.shape[1] * p // n, dw.shape[1] * (p + 1) // n
            product(dw[:, lo:hi], dy, x[:, lo:hi], True, False)


@kernel(parallel=True)
def dx_blas(dx, dy, w, n):
    for p in prange(n):
        if dx.shape[1] >= dx.shape[0]:
            lo, hi = dx.shape[1] * p // n, dx.shape[1] * (p + 1) // n
            product(dx[:, lo:hi], dy, w[:, lo:hi], False, False)
        else:
            lo, hi = dx.shape[0] * p // n, dx.shape[0] * (p + 1) // n
            product(dx[lo:hi], dy[lo:hi], w, False, False)


@kernel(parallel=True)
def db_all_pieces(db, dy, n):
    """By examples: a part of the units of every example is read slowly."""
    parts = np.empty((n, len(db)), db.dtype)
    for p in prange(n):
        db_all(parts[p], dy[len(dy) * p // n : len(dy) * (p + 1) // n])
    db_all(db, parts)


@kernel
def db_all(db, dy):
    db[:] = 0
    for e in range(len(dy)):
        for o in range(len(db)):
            db[o] += dy[e, o]


@kernel(parallel=True)
def center_pieces(xc, mean, x, rate, n):
    for p in prange(n):
        center(xc, mean, x, rate, x.shape[1] * p // n, x.shape[1] * (p + 1) // n)


@kernel
def center(xc, mean, x, rate, lo, hi):
    """The columns lo:hi of xc and mean. Four rows are added up at a time, and are then in the cache."""
    before, total = mean[lo:hi], np.zeros(hi - lo, x.dtype)
    fours, four = len(x) // 4 * 4, x.dtype.type(4)
    for e in range(0, fours, 4):
        a, b, c, d = x[e, lo:hi], x[e + 1, lo:hi], x[e + 2, lo:hi], x[e + 3, lo:hi]
        for i in range(len(total)):
            total[i] += (a[i] + b[i]) + (c[i] + d[i]) - four * before[i]
        for r in range(e, e + 4):
            _less(xc[r, lo:hi], x[r, lo:hi], before)
    for r in range(fours, len(x)):
        out = xc[r, lo:hi]
        _less(out, x[r, lo:hi], before)
        for i in range(len(total)):
            total[i] += out[i]
    share = x.dtype.type(rate / len(x))
    if rate > 0:
        for i in range(len(total)):
            before[i] += share * total[i]


@kernel(inline=True)
def _less(out, row, mean):
    for i in range(len(out)):
        out[i] = row[i] - mean[i]
