"""Products of a sparse layer in panels for some of its outputs, and gradients of a choice in panels.

Bodies of parallel loops are functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from ...reference.sparse import STEP
from ..policy import kernel


@kernel(parallel=True)
def dx_rows_pieces(dxt, picked, w, rows, start, source, n):
    """Pieces are vectors of examples, counted panel by panel."""
    lanes = STEP // w.itemsize
    steps = dxt.shape[2] // lanes
    work = len(dxt) * steps
    for p in prange(n):
        first, last = work * p // n, work * (p + 1) // n
        for i in range(first // steps, -(-last // steps)):
            lo, hi = max(first - i * steps, 0) * lanes, min(last - i * steps, steps) * lanes
            dx_rows(dxt[i, :, lo:hi], picked[i, :, lo:hi], w, rows, start, source)


@kernel
def dx_rows(dx, picked, w, rows, start, source):
    for i in range(len(dx)):
        dx[i] = 0
    for s in range(len(rows)):
        gradient = picked[s]
        for t in range(start[rows[s]], start[rows[s] + 1]):
            weight, out = w[t], dx[source[t]]
            for j in range(len(out)):
                out[j] += weight * gradient[j]


@kernel(parallel=True)
def lists_to_panels_pieces(picked, begin, example, value, n):
    for p in prange(n):
        lists_to_panels(
            picked, begin, example, value, (len(begin) - 1) * p // n, (len(begin) - 1) * (p + 1) // n
        )


@kernel
def lists_to_panels(picked, begin, example, value, first, last):
    picked[:, first:last] = 0
    width = picked.shape[2]
    for s in range(first, last):
        for i in range(begin[s], begin[s + 1]):
            e = example[i]
            picked[e // width, s, e % width] = value[i]


@kernel(parallel=True)
def spread_pieces(dyt, picked, rows, n):
    for p in prange(n):
        spread(dyt, picked, rows, dyt.shape[1] * p // n, dyt.shape[1] * (p + 1) // n)


@kernel
def spread(dyt, picked, rows, lo, hi):
    for p in range(len(dyt)):
        s = np.searchsorted(rows, lo)
        for o in range(lo, hi):
            out = dyt[p, o]
            if s < len(rows) and rows[s] == o:
                row = picked[p, s]
                for j in range(len(out)):
                    out[j] = row[j]
                s += 1
            else:
                for j in range(len(out)):
                    out[j] = 0
