"""Kernels of the dense products: every unit of every example.

Small batches are bound by reading W once, which BLAS does not manage with so few examples: their kernels hold
five dot products in registers, or add four rows of W to every example. Large ones are BLAS, a piece per thread.
Bodies of parallel loops are functions of their own: LLVM vectorises little of what stands in the loop itself.
"""

import numpy as np
from numba import prange

from .policy import kernel

TILE = 512  # columns of a row sum kept in the first-level cache


@kernel
def dot_block(y, x, w, b):
    """y = x wᵀ + b: five examples share one pass over a row of w."""
    batch, n_in = x.shape
    zero = w.dtype.type(0)  # a plain 0 would make the sums float64
    for o in range(len(w)):
        row = w[o]
        e = 0
        while e + 5 <= batch:
            x0, x1, x2, x3, x4 = x[e], x[e + 1], x[e + 2], x[e + 3], x[e + 4]
            s0 = s1 = s2 = s3 = s4 = zero
            for i in range(n_in):
                r = row[i]
                s0 += x0[i] * r
                s1 += x1[i] * r
                s2 += x2[i] * r
                s3 += x3[i] * r
                s4 += x4[i] * r
            y[e, o] = s0 + b[o]
            y[e + 1, o] = s1 + b[o]
            y[e + 2, o] = s2 + b[o]
            y[e + 3, o] = s3 + b[o]
            y[e + 4, o] = s4 + b[o]
            e += 5
        while e < batch:
            x0 = x[e]
            s0 = zero
            for i in range(n_in):
                s0 += x0[i] * row[i]
            y[e, o] = s0 + b[o]
            e += 1


@kernel(parallel=True)
def forward_small(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(w) * p // n, len(w) * (p + 1) // n
        dot_block(y[:, lo:hi], x, w[lo:hi], b[lo:hi])


@kernel(parallel=True)
def forward_blas(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(x) * p // n, len(x) * (p + 1) // n
        np.dot(x[lo:hi], w.T, y[lo:hi])
        _add_bias(y[lo:hi], b)


@kernel
def _add_bias(y, b):
    for e in range(len(y)):
        for o in range(len(b)):
            y[e, o] += b[o]


@kernel(parallel=True)
def dw_all(dw, dy, x, turned, n):
    for p in prange(n):
        lo, hi = len(dw) * p // n, len(dw) * (p + 1) // n
        _turn(turned[lo:hi], dy[:, lo:hi])
        np.dot(turned[lo:hi], x, dw[lo:hi])


@kernel
def _turn(turned, dy):
    for e in range(len(dy)):
        for o in range(len(turned)):
            turned[o, e] = dy[e, o]


@kernel(parallel=True)
def dx_blas(dx, dy, w, n):
    for p in prange(n):
        lo, hi = len(dx) * p // n, len(dx) * (p + 1) // n
        np.dot(dy[lo:hi], w, dx[lo:hi])


@kernel(parallel=True)
def dx_small(dx, dy, w, n):
    """Pieces are columns, so that one example can use every thread."""
    for p in prange(n):
        dx_columns(dx, dy, w, w.shape[1] * p // n, w.shape[1] * (p + 1) // n)


@kernel
def dx_columns(dx, dy, w, first, end):
    for lo in range(first, end, TILE):
        _dx_tile(dx, dy, w, lo, min(lo + TILE, end))


@kernel
def _dx_tile(dx, dy, w, lo, hi):
    """Columns lo to hi of dx = dy W: four rows of W, read once, serve all examples.

    Summed up in memory of its own: the neighbour's tile shares cache lines with this one (3x, measured).
    """
    n_out = len(w)
    own = np.zeros((len(dy), hi - lo), dy.dtype)
    o = 0
    while o + 4 <= n_out:
        r0, r1, r2, r3 = w[o, lo:hi], w[o + 1, lo:hi], w[o + 2, lo:hi], w[o + 3, lo:hi]
        for e in range(len(dy)):
            out = own[e]
            w0, w1, w2, w3 = dy[e, o], dy[e, o + 1], dy[e, o + 2], dy[e, o + 3]
            for c in range(len(out)):
                out[c] += w0 * r0[c] + w1 * r1[c] + w2 * r2[c] + w3 * r3[c]
        o += 4
    while o < n_out:
        r0 = w[o, lo:hi]
        for e in range(len(dy)):
            out = own[e]
            w0 = dy[e, o]
            for c in range(len(out)):
                out[c] += w0 * r0[c]
        o += 1
    dx[:, lo:hi] = own


@kernel
def db_all(db, dy):
    db[:] = 0
    for e in range(len(dy)):
        for o in range(len(db)):
            db[o] += dy[e, o]
