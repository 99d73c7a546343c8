"""The sparse backward pass of a convolution: sums of windows for each filter, and of filters for each position.

Both read rows that lie anywhere in an array: for dW windows of the input, for dx rows of W. The sums of a part of a
run stay in registers. All work on one picture is done at a time, with its lists, its windows and its dx in the
nearer caches. Each thread has pictures of its own, and a dW of its own, so that the last digits of dW depend on the
number of threads.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .window import crop
from .window_tile import sum_lists


@kernel(parallel=True)
def backward_pieces(dw, count, sums, dx, begin, entry, picked, x, w, corner, parts, places, of_dw, of_dx, n):
    batch = len(begin) - 1
    counts, totals = np.empty((n, len(count)), np.int32), np.empty((n, len(sums)), sums.dtype)
    for p in prange(n):
        pictures(
            parts[p], counts[p], totals[p], dx, begin, entry, picked, x, w, corner, places, of_dw, of_dx,
            batch * p // n, batch * (p + 1) // n,
        )  # fmt: skip
    for p in prange(n):
        gather(dw, parts, len(dw) * p // n, len(dw) * (p + 1) // n)
    count[:], sums[:] = 0, 0
    for p in range(n):
        count += counts[p]
        sums += totals[p]


@kernel
def backward(dw, count, sums, dx, begin, entry, picked, x, w, corner, parts, places, of_dw, of_dx):
    pictures(
        parts[0], count, sums, dx, begin, entry, picked, x, w, corner, places, of_dw, of_dx, 0, len(begin) - 1
    )  # fmt: skip
    gather(dw, parts, 0, len(dw))


@kernel
def pictures(dw, count, sums, dx, begin, entry, picked, x, w, corner, places, of_dw, of_dx, lo, hi):
    """dW (filters, wide taps), count and sums of the pictures lo to hi, and their dx.

    w (filters, taps). places: the elements of a padded picture, of a line of it and of a pixel, and the margins top
    and left. of_dw, of_dx: for each part of a run its place from the beginning of a window, its vectors, its place
    in a row of dW or W.
    """
    filters, taps = w.shape
    size, line, channels = places[0], places[1], places[2]
    weights, sums_of_w, most = w.reshape(-1), dw.reshape(-1), np.int64(0)
    for e in range(lo, hi):
        most = max(most, np.int64(begin[e + 1] - begin[e]))
    unit, row, value = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, dw.dtype)
    window, sorted_value = np.empty(most, np.int64), np.empty(most, dw.dtype)
    place, first, last = np.empty((3, max(len(corner), filters)), np.int64)
    here = np.empty(filters, np.int64)
    out = np.empty(size if len(dx) else 0, dw.dtype)
    sums_of_w[:] = 0
    count[:] = 0
    sums[:] = 0
    for e in range(lo, hi):
        n = locate(unit, row, value, entry, picked, begin[e], begin[e + 1], corner, channels, filters)
        if len(dx):
            used = by_positions(place, first, last, row, n)
            for j in range(n):
                window[j] = unit[j] * taps
            out[:] = 0
            for t in range(len(of_dx)):
                to, vectors, of = of_dx[t, 0], of_dx[t, 1], of_dx[t, 2]
                sum_lists(out, place, to, weights, of, window, value, first, last, used, vectors)
            crop(dx[e], out, line, channels, places[3], places[4])
        used = by_filters(
            count, place, first, last, window, sorted_value, here, unit, row, value, n, e * size, dw.shape[1]
        )
        for j in range(n):
            sums[unit[j]] += value[j]
        for t in range(len(of_dw)):
            of, vectors, to = of_dw[t, 0], of_dw[t, 1], of_dw[t, 2]
            sum_lists(sums_of_w, place, to, x, of, window, sorted_value, first, last, used, vectors)


@kernel
def locate(unit, row, value, entry, picked, begin, end, corner, channels, filters):
    """Filter, place of the window and gradient of each entry that is not zero; returns how many.

    No branch and no division of integers: both would take longer than all else.
    """
    n, inverse = 0, 1.0 / filters
    for i in range(begin, end):
        p = np.int64((entry[i] + 0.5) * inverse)
        unit[n], row[n], value[n] = entry[i] - p * filters, np.int64(corner[p]) * channels, picked[i]
        n += picked[i] != 0
    return n


@kernel
def by_positions(place, first, last, row, n):
    """The entries come by positions: those of each are a list. Returns how many lists there are."""
    used = 0
    for j in range(n):
        if j == 0 or row[j] != row[j - 1]:
            place[used], first[used] = row[j], j
            used += 1
        last[used - 1] = j + 1
    return used


@kernel
def by_filters(count, place, first, last, window, sorted_value, here, unit, row, value, n, begin, taps):
    """The same by filters, whose rows in dW are `taps` apart: a counting sort. Adds their numbers to count."""
    here[:] = 0
    for j in range(n):
        here[unit[j]] += 1
    used, at = 0, 0
    for m in range(len(here)):
        first[used], last[used], place[used] = at, at, m * taps
        at += here[m]
        used += here[m] > 0
        count[m] += here[m]
        here[m] = used - 1  # the number of its list
    for j in range(n):
        s = here[unit[j]]
        window[last[s]], sorted_value[last[s]] = begin + row[j], value[j]
        last[s] += 1
    return used


@kernel
def gather(dw, parts, lo, hi):
    """The filters lo to hi of dW: the sum of the threads' own, without what fills the last vector of a run."""
    lines, run = dw.shape[1], dw.shape[2] * dw.shape[3]
    wide = parts.shape[2] // lines
    for m in range(lo, hi):
        row = dw[m].reshape((lines, run))
        for i in range(lines):
            for j in range(run):
                row[i, j] = parts[0, m, i * wide + j]
            for p in range(1, len(parts)):
                for j in range(run):
                    row[i, j] += parts[p, m, i * wide + j]
