"""Kernels of the sparse backward products: some units of every example, or some of each.

With a shared choice: a gather, and a small dense product. With a choice per example both products are one: a
sparse matrix, given as lists of (index, value), times a dense one. dx has a list of units for each example, dW a
list of examples for each unit. It is cut by columns, so that each thread reads its own part of the dense matrix;
a block of columns is finished before the next, so that its part of all rows stays in the second-level cache.
Bodies of parallel loops are functions of their own, as in dense.py.
"""

from numba import prange

from .blas import product
from .policy import kernel
from .tile import WIDE, sum_tile

BLOCK = 2 * WIDE  # bytes of a row that are finished before the next columns are begun (64-512 measured)


@kernel
def pick_rows(picked, dy, rows):
    for e in range(len(dy)):
        g, out = dy[e], picked[e]
        for s in range(len(rows)):
            out[s] = g[rows[s]]


@kernel
def pick_chosen(picked, dy, chosen):
    for e in range(len(dy)):
        g, out, units = dy[e], picked[e], chosen[e]
        for s in range(len(units)):
            out[s] = g[units[s]]


@kernel(parallel=True)
def dx_rows(dx, picked, w, rows, read, n):
    for p in prange(n):
        lo, hi = w.shape[1] * p // n, w.shape[1] * (p + 1) // n
        gather(read[:, lo:hi], w[:, lo:hi], rows)
        product(dx[:, lo:hi], picked, read[:, lo:hi], False, False)


@kernel
def gather(read, w, rows):
    for s in range(len(rows)):
        read[s] = w[rows[s]]


@kernel(parallel=True)
def times_dense_pieces(out, start, index, value, a, n):
    for p in prange(n):
        lo, hi = _columns(a, p, n)
        times_dense(out, start, index, value, a, lo, hi)


@kernel
def _columns(a, p, n):
    """The columns of piece p: whole tiles, but for the last piece; none where there are too few."""
    wide = WIDE // a.itemsize
    tiles = max(a.shape[1] // wide, 1)
    lo, hi = tiles * p // n * wide, tiles * (p + 1) // n * wide
    return lo, hi if p + 1 < n else a.shape[1]


@kernel
def times_dense(out, start, index, value, a, lo, hi):
    """out[s, lo:hi] = sum of value[i] a[index[i], lo:hi] over i in start[s]:start[s + 1]."""
    wide, block = WIDE // a.itemsize, BLOCK // a.itemsize
    if hi - lo < wide:
        for s in range(len(out)):
            _narrow(out[s, lo:hi], a, lo, hi, index, value, start[s], start[s + 1])
        return
    for b in range(lo, hi, block):
        end = min(b + block, hi)
        for s in range(len(out)):
            for c in range(b, end, wide):  # the last tile is moved back to end with the columns
                sum_tile(out, s, min(c, hi - wide), a, index, value, start[s], start[s + 1])


@kernel(parallel=True)
def times_dense_shared_pieces(out, index, value, a, n):
    for p in prange(n):
        lo, hi = _columns(a, p, n)
        times_dense_shared(out, index, value, a, lo, hi)


@kernel
def times_dense_shared(out, index, value, a, lo, hi):
    """out[s, lo:hi] = sum of value[s, i] a[index[i], lo:hi] over i: one list of rows for all."""
    wide, block = WIDE // a.itemsize, BLOCK // a.itemsize
    if hi - lo < wide:
        for s in range(len(out)):
            _narrow(out[s, lo:hi], a, lo, hi, index, value[s], 0, len(index))
        return
    for b in range(lo, hi, block):
        end = min(b + block, hi)
        for s in range(len(out)):
            for c in range(b, end, wide):
                sum_tile(out, s, min(c, hi - wide), a, index, value[s], 0, len(index))


@kernel
def _narrow(total, a, lo, hi, index, value, first, last):
    total[:] = 0
    for i in range(first, last):
        row, weight = a[index[i], lo:hi], value[i]
        for c in range(len(total)):
            total[c] += weight * row[c]


@kernel
def db_chosen(db, value, start):
    for s in range(len(db)):
        total = db.dtype.type(0)
        for i in range(start[s], start[s + 1]):
            total += value[i]
        db[s] = total
