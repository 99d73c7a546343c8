"""Kernels of the sparse backward products, for shared rows and for a choice per example.

With a choice per example dx and dW are one operation: a sparse matrix, given as lists of (index, value), times a
dense one. dx has a list of units for each example, dW a list of examples for each unit.

Threads share the lists. But where the dense matrix exceeds the second-level cache and each row is used many times,
they share its columns, and copy a narrow block of them before using it: rows whose length is a power of two would
otherwise compete for the same few lines of the cache. If there are many rows (for dW the examples of a large
batch), they copy as many at a time as that cache holds. Bodies of parallel loops are functions of their own, as in
dense.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .tile import WIDE, add_tile, columns, copy_wide_tile, sum_tile

LARGE = 1 << 20  # bytes of a matrix that a second-level cache does not hold beside others
OFTEN = 8  # uses of a row, and entries of a list, from which copying rows pays
KEPT = 1024  # rows, as wide as a tile, that this cache holds beside the sums of a few hundred lists


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
def pick_chosen_pieces(picked, dy, chosen, n):
    for p in prange(n):
        lo, hi = len(dy) * p // n, len(dy) * (p + 1) // n
        pick_chosen(picked[lo:hi], dy[lo:hi], chosen[lo:hi])


@kernel
def times_dense(out, start, index, value, a, first, last):
    """out[s] = sum of value[i] a[index[i]] over i in start[s]:start[s + 1], for first <= s < last."""
    n, wide = a.shape[1], WIDE // a.itemsize
    for s in range(first, last):
        if n < wide:
            _narrow(out[s], a, index, value, start[s], start[s + 1])
        for c in range(
            0, n if n >= wide else 0, wide
        ):  # the last tile is moved back, to end with the columns
            sum_tile(out, s, min(c, n - wide), a, index, value, start[s], start[s + 1])


@kernel(parallel=True)
def times_dense_pieces(out, start, index, value, a, n):
    for p in prange(n):
        times_dense(out, start, index, value, a, _share(start, p, n), _share(start, p + 1, n))


@kernel
def _share(start, p, n):
    """The first list of piece p, such that all pieces have about as many entries."""
    lists = len(start) - 1
    return np.searchsorted(start[:lists], np.int64(start[lists]) * p // n) if p < n else lists


def rows_at_once(rows, lists, entries):
    """How many rows to copy at a time: all, or as many as the cache holds if lists have enough entries for that."""
    parts = -(-rows // KEPT)
    return KEPT if parts > 1 and entries >= OFTEN * lists * parts else rows


@kernel(parallel=True)
def times_dense_columns(out, start, index, value, a, rows, n):
    for p in prange(n):
        lo, hi = columns(a, p, n, WIDE)
        times_columns(out, start, index, value, a, rows, lo, hi)


@kernel
def times_columns(out, start, index, value, a, rows, lo, hi):
    """out[:, lo:hi] of the same product, with `rows` rows of a copied at a time. The lists are ascending."""
    wide = WIDE // a.itemsize
    if hi - lo < wide:
        for s in range(len(out)):
            _narrow(out[s, lo:hi], a[:, lo:hi], index, value, start[s], start[s + 1])
        return
    cuts, below = _cuts(start, index, rows, len(a)), index % rows
    block = np.empty((rows, wide), a.dtype)
    totals = np.empty((len(out) if rows < len(a) else 0, wide), a.dtype)
    for c in range(lo, hi, wide):
        column = min(c, hi - wide)
        total = totals[:, 0:wide] if len(totals) else out[:, column : column + wide]
        for p in range(len(cuts) - 1):
            for r in range(p * rows, min((p + 1) * rows, len(a))):
                copy_wide_tile(block, r - p * rows, a, r, column)
            for s in range(len(out)):
                if p == 0:
                    sum_tile(total, s, 0, block, below, value, cuts[p, s], cuts[p + 1, s])
                else:
                    add_tile(total, s, 0, block, below, value, cuts[p, s], cuts[p + 1, s])
        for s in range(len(totals)):
            copy_wide_tile(out[:, column:], s, totals, s, 0)


@kernel
def _cuts(start, index, rows, most):
    """cuts[p, s]: where in list s the indices from p * rows on begin."""
    parts = -(-most // rows)
    cuts = np.empty((parts + 1, len(start) - 1), np.int64)
    for s in range(len(start) - 1):
        mine = index[start[s] : start[s + 1]]
        for p in range(parts + 1):
            cuts[p, s] = start[s] + np.searchsorted(mine, p * rows)
    return cuts


@kernel(parallel=True)
def times_dense_shared_pieces(out, index, value, a, n):
    for p in prange(n):
        lo, hi = columns(a, p, n, WIDE)
        times_dense_shared(out, index, value, a, lo, hi)


@kernel
def times_dense_shared(out, index, value, a, lo, hi):
    """out[s, lo:hi] = sum of value[s, i] a[index[i], lo:hi] over i: one list of rows for every s."""
    wide = WIDE // a.itemsize
    for s in range(len(out)):
        if hi - lo < wide:
            _narrow(out[s, lo:hi], a[:, lo:hi], index, value[s], 0, len(index))
        for c in range(lo, hi if hi - lo >= wide else lo, wide):
            sum_tile(out, s, min(c, hi - wide), a, index, value[s], 0, len(index))


@kernel
def _narrow(total, a, index, value, first, last):
    total[:] = 0
    for i in range(first, last):
        row, weight = a[index[i]], value[i]
        for c in range(len(total)):
            total[c] += weight * row[c]


@kernel
def db_chosen(db, value, start):
    for s in range(len(db)):
        total = db.dtype.type(0)
        for i in range(start[s], start[s + 1]):
            total += value[i]
        db[s] = total
