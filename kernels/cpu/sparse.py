"""Kernels of the sparse backward products: some units of every example, or some of each.

With a shared choice: a gather, and a small dense product. With a choice per example: sums of rows, four to one
pass. Bodies of parallel loops are functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from .policy import kernel

TILE = 512  # columns of a row sum kept in the first-level cache


@kernel(parallel=True)
def dw_rows(dw, dy, x, rows, turned, n):
    for p in prange(n):
        lo, hi = len(rows) * p // n, len(rows) * (p + 1) // n
        turn_rows(turned[lo:hi], dy, rows[lo:hi])
        np.dot(turned[lo:hi], x, dw[lo:hi])


@kernel
def turn_rows(turned, dy, rows):
    for e in range(len(dy)):
        for s in range(len(rows)):
            turned[s, e] = dy[e, rows[s]]


@kernel
def gather(picked, read, dy, w, rows):
    for s in range(len(rows)):
        read[s] = w[rows[s]]
        for e in range(len(dy)):
            picked[e, s] = dy[e, rows[s]]


@kernel
def db_rows(db, dy, rows):
    db[:] = 0
    for e in range(len(dy)):
        for s in range(len(rows)):
            db[s] += dy[e, rows[s]]


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
def dw_chosen(dw, dy, x, rows, start, example, n):
    total = start[len(rows)]
    for p in prange(n):
        # Pieces of equal numbers of examples, not of rows: some units are chosen by many.
        lo = np.searchsorted(start[: len(rows)], total * p // n)
        hi = np.searchsorted(start[: len(rows)], total * (p + 1) // n) if p + 1 < n else len(rows)
        dw_span(dw, dy, x, rows, start, example, lo, hi)


@kernel
def dw_span(dw, dy, x, rows, start, example, lo, hi):
    weight = np.empty(len(dy), dy.dtype)
    for s in range(lo, hi):
        who = example[start[s] : start[s + 1]]
        for i in range(len(who)):
            weight[i] = dy[who[i], rows[s]]
        _sum_rows(dw[s], x, 0, x.shape[1], who, weight, len(who))


@kernel(parallel=True)
def dx_chosen(dx, dy, w, chosen, n):
    for p in prange(n):
        dx_chosen_columns(dx, dy, w, chosen, w.shape[1] * p // n, w.shape[1] * (p + 1) // n)


@kernel
def dx_chosen_columns(dx, dy, w, chosen, first, end):
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
def db_chosen(db, dy, rows, start, example):
    for s in range(len(rows)):
        total = db.dtype.type(0)
        for i in range(start[s], start[s + 1]):
            total += dy[example[i], rows[s]]
        db[s] = total
