"""Products of a sparse layer in panels, where the batch is last: each edge is a few vectors of examples.

Work is shared out by panels, and inside of them by groups of outputs with the same inputs. Bodies of parallel
loops are functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from ...reference.sparse import STEP
from ..policy import kernel
from .sparse_tile import (
    dot_1,
    dot_2,
    dot_3,
    dot_4,
    sum_1x1,
    sum_1x2,
    sum_1x3,
    sum_1x4,
    sum_4x1,
    sum_4x2,
    sum_4x3,
    sum_4x4,
    sum_8x1,
    sum_8x2,
    turn_tile,
)
from .tile import VECTOR

WHOLE = VECTOR == STEP  # with narrower vectors, and fewer registers, tiles are one step wide


@kernel(parallel=True)
def sums_pieces(out, a, w, extra, start, source, group, member, n):
    work = len(out) * (len(group) - 1)
    for p in prange(n):
        sums(out, a, w, extra, start, source, group, member, work * p // n, work * (p + 1) // n)


@kernel
def sums(out, a, w, extra, start, source, group, member, first, last):
    """The weighted sums of rows of a, for groups first:last of all panels, counted panel by panel."""
    groups = len(group) - 1
    for p in range(first // groups, -(-last // groups)):
        lo, hi = max(first - p * groups, 0), min(last - p * groups, groups)
        steps = out.shape[2] * out.itemsize // STEP
        if WHOLE and steps == 4:
            _four(out[p], a[p], w, extra, start, source, group, member, lo, hi)
        elif WHOLE and steps == 3:
            _three(out[p], a[p], w, extra, start, source, group, member, lo, hi)
        elif WHOLE and steps == 2:
            _two(out[p], a[p], w, extra, start, source, group, member, lo, hi)
        else:
            for column in range(0, out.shape[2], STEP // out.itemsize):
                _one(out[p], a[p], w, extra, start, source, group, member, lo, hi, column)


@kernel
def _four(out, a, w, extra, start, source, group, member, lo, hi):
    for g in range(lo, hi):
        m, end = np.int64(group[g]), np.int64(group[g + 1])
        while m + 4 <= end:
            sum_4x4(out, member, m, a, w, extra, start, source, 0)
            m += 4
        for r in range(m, end):
            sum_1x4(out, member, r, a, w, extra, start, source, 0)


@kernel
def _three(out, a, w, extra, start, source, group, member, lo, hi):
    for g in range(lo, hi):
        m, end = np.int64(group[g]), np.int64(group[g + 1])
        while m + 4 <= end:
            sum_4x3(out, member, m, a, w, extra, start, source, 0)
            m += 4
        for r in range(m, end):
            sum_1x3(out, member, r, a, w, extra, start, source, 0)


@kernel
def _two(out, a, w, extra, start, source, group, member, lo, hi):
    for g in range(lo, hi):
        m, end = np.int64(group[g]), np.int64(group[g + 1])
        while m + 8 <= end:
            sum_8x2(out, member, m, a, w, extra, start, source, 0)
            m += 8
        if m + 4 <= end:
            sum_4x2(out, member, m, a, w, extra, start, source, 0)
            m += 4
        for r in range(m, end):
            sum_1x2(out, member, r, a, w, extra, start, source, 0)


@kernel
def _one(out, a, w, extra, start, source, group, member, lo, hi, column):
    for g in range(lo, hi):
        m, end = np.int64(group[g]), np.int64(group[g + 1])
        while WHOLE and m + 8 <= end:
            sum_8x1(out, member, m, a, w, extra, start, source, column)
            m += 8
        while m + 4 <= end:
            sum_4x1(out, member, m, a, w, extra, start, source, column)
            m += 4
        for r in range(m, end):
            sum_1x1(out, member, r, a, w, extra, start, source, column)


@kernel(parallel=True)
def dw_pieces(dw, dyt, xt, start, source, group, member, n):
    groups = len(group) - 1
    for p in prange(n):
        dw_groups(dw, dyt, xt, start, source, group, member, groups * p // n, groups * (p + 1) // n)


@kernel
def dw_groups(dw, dyt, xt, start, source, group, member, first, last):
    """dW of the outputs of groups first:last. The inputs of a group stay in the cache for all its outputs."""
    near, few = np.empty(VECTOR // dw.itemsize, np.int32), np.empty(VECTOR // dw.itemsize, dw.dtype)
    for m in range(group[first], group[last]):
        o = member[m]
        _dw_of(dw[start[o] : start[o + 1]], dyt, o, xt, source[start[o] : start[o + 1]], near, few)


@kernel(parallel=True)
def dw_rows_pieces(dw, picked, xt, rows, start, source, n):
    for p in prange(n):
        dw_rows(dw, picked, xt, rows, start, source, len(rows) * p // n, len(rows) * (p + 1) // n)


@kernel
def dw_rows(dw, picked, xt, rows, start, source, first, last):
    near, few = np.empty(VECTOR // dw.itemsize, np.int32), np.empty(VECTOR // dw.itemsize, dw.dtype)
    at = 0
    for s in range(last):
        inputs = source[start[rows[s]] : start[rows[s] + 1]]
        if s >= first:
            _dw_of(dw[at : at + len(inputs)], picked, s, xt, inputs, near, few)
        at += len(inputs)


@kernel
def _dw_of(dw, dyt, o, xt, inputs, near, few):
    """dW of the edges of output o. near, few: scratch, as long as a vector."""
    lanes, steps = len(few), dyt.shape[2] * dw.itemsize // STEP
    if len(dw) >= lanes:
        for e in range(0, len(dw), lanes):  # the last tile is moved back, to end with the edges
            at = min(e, len(dw) - lanes)
            _dot(dw, at, dyt, o, xt, inputs, at, steps)
    elif len(dw):
        for j in range(lanes):
            near[j] = inputs[min(j, len(dw) - 1)]
        _dot(few, 0, dyt, o, xt, near, 0, steps)
        for j in range(len(dw)):
            dw[j] = few[j]


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


@kernel
def lists_to_panels(picked, begin, example, value):
    picked[:] = 0
    width = picked.shape[2]
    for s in range(len(begin) - 1):
        for i in range(begin[s], begin[s + 1]):
            picked[example[i] // width, s, example[i] % width] = value[i]


@kernel
def spread(dyt, picked, rows):
    for p in range(len(dyt)):
        s = 0
        for o in range(dyt.shape[1]):
            out = dyt[p, o]
            if s < len(rows) and rows[s] == o:
                out[:] = picked[p, s]
                s += 1
            else:
                out[:] = 0


@kernel
def _dot(out, at, dyt, o, xt, index, first, steps):
    if steps == 4:
        dot_4(out, at, dyt, o, xt, index, first)
    elif steps == 3:
        dot_3(out, at, dyt, o, xt, index, first)
    elif steps == 2:
        dot_2(out, at, dyt, o, xt, index, first)
    else:
        dot_1(out, at, dyt, o, xt, index, first)


@kernel(parallel=True)
def to_panels_pieces(xt, x, n):
    lanes = VECTOR // x.itemsize
    blocks = max(x.shape[1] // lanes, 1)
    for p in prange(n):
        lo = blocks * p // n * lanes
        hi = blocks * (p + 1) // n * lanes if p + 1 < n else x.shape[1]
        to_panels(xt, x, lo, hi)


@kernel
def to_panels(xt, x, lo, hi):
    """The features lo:hi of x, in panels."""
    lanes, width = VECTOR // x.itemsize, xt.shape[2]
    few = np.empty((lanes, hi - lo if len(x) < len(xt) * width else 0), x.dtype)
    for e in range(0, len(xt) * width, lanes):
        p, j = e // width, e % width
        if e + lanes <= len(x):
            _turn(xt[p], j, x, e, lo, hi)
        else:
            few[:] = 0
            for r in range(len(x) - e):
                few[r] = x[e + r, lo:hi]
            _turn(xt[p, lo:hi], j, few, 0, 0, hi - lo)


@kernel
def _turn(panel, j, x, e, lo, hi):
    """panel[lo:hi, j:] = x[e:, lo:hi]ᵀ, as many examples as a vector has numbers."""
    lanes = VECTOR // x.itemsize
    if hi - lo >= lanes:
        for i in range(lo, hi, lanes):
            at = min(i, hi - lanes)
            turn_tile(panel, at, j, x, e, at)
    else:
        for i in range(lo, hi):
            for r in range(lanes):
                panel[i, j + r] = x[e + r, i]


@kernel(parallel=True)
def from_panels_pieces(y, yt, n):
    lanes = VECTOR // y.itemsize
    blocks = max(y.shape[1] // lanes, 1)
    for p in prange(n):
        lo = blocks * p // n * lanes
        hi = blocks * (p + 1) // n * lanes if p + 1 < n else y.shape[1]
        from_panels(y, yt, lo, hi)


@kernel
def from_panels(y, yt, lo, hi):
    """The features lo:hi of y, out of the panels."""
    lanes, width = VECTOR // y.itemsize, yt.shape[2]
    few = np.empty((lanes, hi - lo if len(y) % lanes else 0), y.dtype)
    for e in range(0, len(y), lanes):
        p, j = e // width, e % width
        if e + lanes <= len(y):
            _back(y, e, yt[p], j, lo, hi, 0)
        else:
            _back(few, 0, yt[p], j, lo, hi, lo)
            for r in range(len(y) - e):
                y[e + r, lo:hi] = few[r]


@kernel
def _back(y, e, panel, j, lo, hi, less):
    """y[e:, lo - less:hi - less] = panel[lo:hi, j:]ᵀ."""
    lanes = VECTOR // y.itemsize
    if hi - lo >= lanes:
        for i in range(lo, hi, lanes):
            at = min(i, hi - lanes)
            turn_tile(y, e, at - less, panel, at, j)
    else:
        for i in range(lo, hi):
            for r in range(lanes):
                y[e + r, i - less] = panel[i, j + r]
