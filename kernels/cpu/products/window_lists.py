"""Kernels of the sparse products of a convolution: sums of windows for each filter, of filters for each position.

Both read rows that lie anywhere in an array: for dW windows of the input, for dx rows of W. The sums of a part of a
run stay in registers. The work goes picture by picture, for dx also part by part of a run, so that what is read
again and again stays in the first-level cache.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .window import crop
from .window_tile import sum_lists


@kernel(parallel=True)
def dw_pieces(dw, value, x, at, tiles, start, position, positions, n):
    for p in prange(n):
        dw_lists(
            dw, value, x, at, tiles, start, position, positions, _share(start, p, n), _share(start, p + 1, n)
        )


@kernel
def _share(start, p, n):
    """The first list of piece p, such that all pieces have about as many entries."""
    lists = len(start) - 1
    return np.searchsorted(start[:lists], np.int64(start[lists]) * p // n) if p < n else lists


@kernel
def dw_lists(dw, value, x, at, tiles, start, position, positions, lo, hi):
    """dw[s] for lo <= s < hi, the sum of value[i] times the window of x that begins at at[position[i]].

    dw (r, taps). tiles: for each part of a run its place from the beginning of a window, its vectors, its place in
    dw. positions: how many a picture has.
    """
    taps, out, lists = dw.shape[1], dw.reshape(-1), hi - lo
    dw[lo:hi] = 0
    begin = start[lo]
    row = np.empty(start[hi] - begin, np.int64)
    for i in range(len(row)):
        row[i] = at[position[begin + i]]
    mine = value[begin : start[hi]]
    place = np.arange(lo, hi) * taps
    first, last = np.empty(lists, np.int64), np.empty(lists, np.int64)
    for s in range(lists):
        last[s] = start[lo + s] - begin
    for e in range(len(at) // positions):
        for s in range(lists):  # the part of each list that lies in this picture
            i, end = last[s], start[lo + s + 1] - begin
            first[s] = i
            while i < end and position[begin + i] < (e + 1) * positions:
                i += 1
            last[s] = i
        for t in range(len(tiles)):
            sum_lists(out, place, tiles[t, 2], x, tiles[t, 0], row, mine, first, last, lists, tiles[t, 1])


@kernel(parallel=True)
def dx_pieces(dx, value, w, corner, tiles, start, unit, padded, top, left, n):
    for p in prange(n):
        lo, hi = len(dx) * p // n, len(dx) * (p + 1) // n
        dx_lists(dx, value, w, corner, tiles, start, unit, padded, top, left, lo, hi)


@kernel
def dx_lists(dx, value, w, corner, tiles, start, unit, padded, top, left, lo, hi):
    """dx of the pictures lo to hi: each window gets the sum of value[i] w[unit[i]] over its list."""
    taps, weights, positions, channels = w.shape[1], w.reshape(-1), len(corner), dx.shape[3]
    line = (dx.shape[2] + 2 * left) * channels
    out, place = np.empty(padded, dx.dtype), np.empty(positions, np.int64)
    first, last = np.empty(positions, np.int64), np.empty(positions, np.int64)
    for e in range(lo, hi):
        out[:] = 0
        begin, end, n = start[e * positions], start[(e + 1) * positions], 0
        row, mine = np.empty(end - begin, np.int64), value[begin:end]
        for i in range(len(row)):
            row[i] = unit[begin + i] * taps
        for p in range(positions):  # positions without a list are passed over
            at = e * positions + p
            place[n], first[n], last[n] = corner[p] * channels, start[at] - begin, start[at + 1] - begin
            n += start[at + 1] > start[at]
        for t in range(len(tiles)):
            sum_lists(out, place, tiles[t, 0], weights, tiles[t, 2], row, mine, first, last, n, tiles[t, 1])
        crop(dx[e], out, line, channels, top, left)


@kernel(parallel=True)
def list_pieces(start, unit, value, begin, entry, picked, filters, n):
    batch = len(begin) - 1
    kept = np.zeros(n + 1, np.int64)
    for p in prange(n):
        kept[p + 1] = count(picked[begin[batch * p // n] : begin[batch * (p + 1) // n]])
    for p in range(n):
        kept[p + 1] += kept[p]
    for p in prange(n):
        lo, hi = batch * p // n, batch * (p + 1) // n
        list_positions(start, unit, value, begin, entry, picked, filters, kept[p], lo, hi)


@kernel
def count(picked):
    n = 0
    for i in range(len(picked)):
        n += picked[i] != 0
    return n


@kernel
def list_positions(start, unit, value, begin, entry, picked, filters, at, lo, hi):
    """The lists of the pictures lo to hi, from place `at` on."""
    positions = (len(start) - 1) // (len(begin) - 1)
    for e in range(lo, hi):
        i, end = begin[e], begin[e + 1]
        for p in range(positions):
            start[e * positions + p] = at
            first = p * filters
            while i < end and entry[i] < first + filters:
                if picked[i] != 0:  # what lies at the end of this piece belongs to the next
                    unit[at], value[at] = entry[i] - first, picked[i]
                    at += 1
                i += 1
    if hi == len(begin) - 1:
        start[len(start) - 1] = at
