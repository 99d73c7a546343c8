"""y = x Wᵀ + b and its backward products; see reference/linear.py for what each one means.

Small batches are bound by reading W once, which BLAS does not manage with so few examples: their kernels hold
five dot products in registers. Large ones are BLAS, a piece per thread. A sparse product with a shared choice is
a gather and a small dense product; with a choice per example it is sums of rows, four at a time. A product in
one piece goes to NumPy outside any parallel region: there BLAS may use its own threads.
"""

import numpy as np
from numba import prange

from ..reference import linear as reference
from ..reference.linear import work_size
from .policy import kernel, pieces

__all__ = [
    "db_all", "db_chosen", "db_rows", "dw_all", "dw_chosen", "dw_rows",
    "dx_all", "dx_chosen", "dx_rows", "forward", "work_size",
]  # fmt: skip

SMALL_BATCH = 24  # below it the register kernels beat a BLAS call (784x500 and 500x500, measured)
TILE = 512  # columns of a row sum kept in the first-level cache


def forward(y, x, w, b):
    n = pieces(x.size * len(w))
    if len(x) <= SMALL_BATCH:
        _forward_small(y, x, w, b, n) if n > 1 else _dot_block(y, x, w, b)
    elif n > 1:
        _forward_blas(y, x, w, b, n)
    else:
        reference.forward(y, x, w, b)


def dw_all(dw, dy, x, work):
    batch, n_out = dy.shape
    n = pieces(dw.size * batch)
    if n > 1:
        _dw_all(dw, dy, x, work[: n_out * batch].reshape(n_out, batch), n)
    else:
        reference.dw_all(dw, dy, x, work)


def dw_rows(dw, dy, x, rows, work):
    r, batch = len(rows), len(dy)
    turned = work[: r * batch].reshape(r, batch)
    n = pieces(dw.size * batch)
    if n > 1:
        _dw_rows(dw, dy, x, rows, turned, n)
    else:
        _turn_rows(turned, dy, rows)
        np.dot(turned, x, out=dw)


def dw_chosen(dw, dy, x, rows, start, example):
    n = pieces(example.size * x.shape[1])
    if n > 1:
        _dw_chosen(dw, dy, x, rows, start, example, n)
    else:
        _dw_span(dw, dy, x, rows, start, example, 0, len(rows))


def dx_all(dx, dy, w, work):
    n = pieces(dy.size * w.shape[1])
    if len(dy) <= SMALL_BATCH:
        _dx_small(dx, dy, w, n) if n > 1 else _dx_columns(dx, dy, w, 0, w.shape[1])
    elif n > 1:
        _dx_blas(dx, dy, w, n)
    else:
        reference.dx_all(dx, dy, w, work)


def dx_rows(dx, dy, w, rows, work):
    r, (batch, n_in) = len(rows), dx.shape
    picked = work[: r * batch].reshape(batch, r)
    read = work[r * batch : r * (batch + n_in)].reshape(r, n_in)
    _gather(picked, read, dy, w, rows)
    dx_all(dx, picked, read, work)


def dx_chosen(dx, dy, w, chosen):
    n = pieces(chosen.size * w.shape[1])
    _dx_chosen(dx, dy, w, chosen, n) if n > 1 else _dx_chosen_columns(dx, dy, w, chosen, 0, w.shape[1])


def db_all(db, dy):
    _db_all(db, dy)


def db_rows(db, dy, rows):
    _db_rows(db, dy, rows)


def db_chosen(db, dy, rows, start, example):
    _db_chosen(db, dy, rows, start, example)


# ---------------------------------------------------------------------------------------------- forward


@kernel
def _dot_block(y, x, w, b):
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
def _forward_small(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(w) * p // n, len(w) * (p + 1) // n
        _dot_block(y[:, lo:hi], x, w[lo:hi], b[lo:hi])


@kernel(parallel=True)
def _forward_blas(y, x, w, b, n):
    for p in prange(n):
        lo, hi = len(x) * p // n, len(x) * (p + 1) // n
        np.dot(x[lo:hi], w.T, y[lo:hi])
        _add_bias(y[lo:hi], b)


@kernel
def _add_bias(y, b):
    for e in range(len(y)):
        for o in range(len(b)):
            y[e, o] += b[o]


# ---------------------------------------------------------------------------------------------- dW


@kernel(parallel=True)
def _dw_all(dw, dy, x, turned, n):
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
def _dw_rows(dw, dy, x, rows, turned, n):
    for p in prange(n):
        lo, hi = len(rows) * p // n, len(rows) * (p + 1) // n
        _turn_rows(turned[lo:hi], dy, rows[lo:hi])
        np.dot(turned[lo:hi], x, dw[lo:hi])


@kernel
def _turn_rows(turned, dy, rows):
    for e in range(len(dy)):
        for s in range(len(rows)):
            turned[s, e] = dy[e, rows[s]]


@kernel
def _sum_rows(out, a, lo, hi, which, weight, count):
    """out = sum of weight[i] a[which[i], lo:hi] over i < count; four rows of `a` to one pass over `out`."""
    n = len(out)
    i = count % 4
    if i == 0:
        for c in range(n):
            out[c] = 0
    else:
        w0 = w1 = w2 = weight[0]
        r0 = r1 = r2 = a[which[0], lo:hi]
        if i > 1:
            w1, r1 = weight[1], a[which[1], lo:hi]
        if i > 2:
            w2, r2 = weight[2], a[which[2], lo:hi]
        if i == 1:
            for c in range(n):
                out[c] = w0 * r0[c]
        elif i == 2:
            for c in range(n):
                out[c] = w0 * r0[c] + w1 * r1[c]
        else:
            for c in range(n):
                out[c] = w0 * r0[c] + w1 * r1[c] + w2 * r2[c]
    while i < count:
        w0, w1, w2, w3 = weight[i], weight[i + 1], weight[i + 2], weight[i + 3]
        r0, r1 = a[which[i], lo:hi], a[which[i + 1], lo:hi]
        r2, r3 = a[which[i + 2], lo:hi], a[which[i + 3], lo:hi]
        for c in range(n):
            out[c] += w0 * r0[c] + w1 * r1[c] + w2 * r2[c] + w3 * r3[c]
        i += 4


@kernel(parallel=True)
def _dw_chosen(dw, dy, x, rows, start, example, n):
    total = start[len(rows)]
    for p in prange(n):
        # Pieces of equal numbers of examples, not of rows: some units are chosen by many.
        lo = np.searchsorted(start[: len(rows)], total * p // n)
        hi = np.searchsorted(start[: len(rows)], total * (p + 1) // n) if p + 1 < n else len(rows)
        _dw_span(dw, dy, x, rows, start, example, lo, hi)


@kernel
def _dw_span(dw, dy, x, rows, start, example, lo, hi):
    weight = np.empty(len(dy), dy.dtype)
    for s in range(lo, hi):
        who = example[start[s] : start[s + 1]]
        for i in range(len(who)):
            weight[i] = dy[who[i], rows[s]]
        _sum_rows(dw[s], x, 0, x.shape[1], who, weight, len(who))


# ---------------------------------------------------------------------------------------------- dx


@kernel(parallel=True)
def _dx_blas(dx, dy, w, n):
    for p in prange(n):
        lo, hi = len(dx) * p // n, len(dx) * (p + 1) // n
        np.dot(dy[lo:hi], w, dx[lo:hi])


@kernel(parallel=True)
def _dx_small(dx, dy, w, n):
    """Pieces are columns, so that one example can use every thread."""
    for p in prange(n):
        _dx_columns(dx, dy, w, w.shape[1] * p // n, w.shape[1] * (p + 1) // n)


@kernel
def _dx_columns(dx, dy, w, first, end):
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


@kernel(parallel=True)
def _dx_chosen(dx, dy, w, chosen, n):
    for p in prange(n):
        _dx_chosen_columns(dx, dy, w, chosen, w.shape[1] * p // n, w.shape[1] * (p + 1) // n)


@kernel
def _dx_chosen_columns(dx, dy, w, chosen, first, end):
    k = chosen.shape[1]
    weight, own = np.empty(k, dy.dtype), np.empty(min(TILE, end - first), dy.dtype)
    for lo in range(first, end, TILE):
        hi = min(lo + TILE, end)
        for e in range(len(dy)):
            for j in range(k):
                weight[j] = dy[e, chosen[e, j]]
            _sum_rows(own[: hi - lo], w, lo, hi, chosen[e], weight, k)
            dx[e, lo:hi] = own[: hi - lo]


@kernel
def _gather(picked, read, dy, w, rows):
    for s in range(len(rows)):
        read[s] = w[rows[s]]
        for e in range(len(dy)):
            picked[e, s] = dy[e, rows[s]]


# ---------------------------------------------------------------------------------------------- db


@kernel
def _db_all(db, dy):
    db[:] = 0
    for e in range(len(dy)):
        for o in range(len(db)):
            db[o] += dy[e, o]


@kernel
def _db_rows(db, dy, rows):
    db[:] = 0
    for e in range(len(dy)):
        for s in range(len(rows)):
            db[s] += dy[e, rows[s]]


@kernel
def _db_chosen(db, dy, rows, start, example):
    for s in range(len(rows)):
        total = db.dtype.type(0)
        for i in range(start[s], start[s + 1]):
            total += dy[example[i], rows[s]]
        db[s] = total
