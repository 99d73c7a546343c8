"""The sparse backward pass of a convolution with some columns.

The kept elements of a window lie anywhere in it. So each window that has an entry is gathered once, and the sum of
its filters is spread once. Between the two everything is a sum of rows. Each thread has pictures of its own, and a
dW of its own, so that the last digits of dW depend on the number of threads.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .window import crop
from .window_lists import locate


@kernel(parallel=True)
def backward_pieces(dw, count, sums, dx, begin, entry, picked, x, w, corner, inside, places, n):
    batch = len(begin) - 1
    parts, counts = np.empty((n, *dw.shape), dw.dtype), np.empty((n, len(count)), np.int32)
    totals = np.empty((n, len(sums)), sums.dtype)
    for p in prange(n):
        lo, hi = batch * p // n, batch * (p + 1) // n
        pictures(
            parts[p], counts[p], totals[p], dx, begin, entry, picked, x, w, corner, inside, places, lo, hi
        )
    dw[:], count[:], sums[:] = parts[0], counts[0], totals[0]
    for p in range(1, n):
        dw += parts[p]
        count += counts[p]
        sums += totals[p]


@kernel
def pictures(dw, count, sums, dx, begin, entry, picked, x, w, corner, inside, places, lo, hi):
    """dW (filters, n), count and sums of the pictures lo to hi, and their dx.

    places: the elements of a padded picture, of a line of it and of a pixel, and the margins top and left.
    """
    filters, columns = w.shape
    size, line, channels, most = places[0], places[1], places[2], np.int64(0)
    for e in range(lo, hi):
        most = max(most, np.int64(begin[e + 1] - begin[e]))
    unit, row, value = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, dw.dtype)
    seen, total = np.empty(columns, dw.dtype), np.empty(columns, dw.dtype)
    out = np.empty(size if len(dx) else 0, dw.dtype)
    dw[:] = 0
    count[:] = 0
    sums[:] = 0
    for e in range(lo, hi):
        out[:] = 0
        n, j = locate(unit, row, value, entry, picked, begin[e], begin[e + 1], corner, channels, filters), 0
        while j < n:
            place = row[j]
            for t in range(columns):
                seen[t] = x[e * size + place + inside[t]]
            total[:] = 0
            while j < n and row[j] == place:
                m = unit[j]
                add(dw[m], seen, value[j])
                add(total, w[m], value[j])
                count[m] += 1
                sums[m] += value[j]
                j += 1
            if len(dx):
                for t in range(columns):
                    out[place + inside[t]] += total[t]
        if len(dx):
            crop(dx[e], out, line, channels, places[3], places[4])


@kernel
def add(out, row, weight):
    """out += weight row."""
    for t in range(len(out)):
        out[t] += weight * row[t]


@kernel
def spread(dx, picked, columns, lo, hi):
    """The rows lo to hi of dx: picked in these columns, 0 elsewhere."""
    for e in range(lo, hi):
        dx[e] = 0
        for j in range(len(columns)):
            dx[e, columns[j]] = picked[e, j]


@kernel(parallel=True)
def spread_pieces(dx, picked, columns, n):
    for p in prange(n):
        spread(dx, picked, columns, len(dx) * p // n, len(dx) * (p + 1) // n)
