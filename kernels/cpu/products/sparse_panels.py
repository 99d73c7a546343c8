"""Products of a sparse layer in panels, where the batch is last: each edge is a few vectors of examples.

Work is shared out by panels, and inside of them by groups of outputs with the same inputs. Bodies of parallel
loops are functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from ...reference.sparse import STEP
from ..policy import kernel
from .sparse_tile import dot_1, dot_2, sum_1x1, sum_1x2, sum_4x1, sum_4x2, sum_8x1, sum_8x2, turn_tile
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
        if WHOLE and steps == 2:
            _two(out[p], a[p], w, extra, start, source, group, member, lo, hi)
        else:
            for column in range(0, out.shape[2], STEP // out.itemsize):
                _one(out[p], a[p], w, extra, start, source, group, member, lo, hi, column)


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
def dw_pieces(dw, dyt, xt, start, source, outputs, packed, n):
    for p in prange(n):
        first, last = len(outputs) * p // n, len(outputs) * (p + 1) // n
        dw_outputs(dw, dyt, xt, start, source, outputs, packed, first, last)


@kernel
def dw_outputs(dw, dyt, xt, start, source, outputs, packed, first, last):
    """dW of outputs[first:last]. Of neighbours with the same inputs the first brings these into the cache.

    packed: output number s has row s of dyt, and dw holds the edges of these outputs only. Otherwise both hold all.
    """
    lanes, steps, at = VECTOR // dw.itemsize, dyt.shape[2] * dw.itemsize // STEP, np.int64(0)
    near, few = np.empty(lanes, np.int32), np.empty(lanes, dw.dtype)
    for s in range(first if packed else 0):
        at += start[outputs[s] + 1] - start[outputs[s]]
    for s in range(first, last):
        o = np.int64(outputs[s])
        begin, end = np.int64(start[o]), np.int64(start[o + 1])
        row, skip = (s, at - begin) if packed else (o, 0)
        if end - begin >= lanes:
            for e in range(begin, end, lanes):  # the last tile is moved back, to end with the edges
                edge = min(e, end - lanes)
                _dot(dw, edge + skip, dyt, row, xt, source, edge, steps)
        elif end > begin:
            for j in range(lanes):
                near[j] = source[min(begin + j, end - 1)]
            _dot(few, 0, dyt, row, xt, near, 0, steps)
            for j in range(end - begin):
                dw[begin + skip + j] = few[j]
        at += end - begin


@kernel
def _dot(out, at, dyt, o, xt, index, first, steps):
    if steps == 2:
        dot_2(out, at, dyt, o, xt, index, first)
    else:
        dot_1(out, at, dyt, o, xt, index, first)


@kernel(parallel=True)
def to_panels_pieces(xt, x, n):
    work = len(xt) * blocks(x)
    for p in prange(n):
        to_panels(xt, x, work * p // n, work * (p + 1) // n)


@kernel
def blocks(x):
    """How many blocks of features x has, each as wide as a vector; the last one may be wider."""
    return max(x.shape[1] * x.itemsize // VECTOR, 1)


@kernel
def _features(x, block):
    """Where a block of features begins."""
    return block * (VECTOR // x.itemsize) if block < blocks(x) else x.shape[1]


@kernel
def to_panels(xt, x, first, last):
    """The blocks first:last of features of x, counted panel by panel, in panels."""
    count, width = blocks(x), xt.shape[2]
    for p in range(first // count, -(-last // count)):
        lo, hi = max(first - p * count, 0), min(last - p * count, count)
        _to_panel(xt[p], x[p * width : (p + 1) * width], _features(x, lo), _features(x, hi))


@kernel
def _to_panel(panel, x, lo, hi):
    lanes = VECTOR // x.itemsize
    few = np.zeros((lanes, lanes), x.dtype)
    for j in range(0, panel.shape[1], lanes):
        there = max(min(lanes, len(x) - j), 0)
        if hi - lo < lanes:
            for i in range(lo, hi):
                for r in range(lanes):
                    panel[i, j + r] = x[j + r, i] if r < there else 0
            continue
        for i in range(lo, hi, lanes):
            at = min(i, hi - lanes)  # the last tile is moved back, to end with the features
            if there == lanes:
                turn_tile(panel, at, j, x, j, at)
                continue
            for r in range(lanes):
                for c in range(lanes):
                    few[r, c] = x[j + r, at + c] if r < there else 0
            turn_tile(panel, at, j, few, 0, 0)


@kernel(parallel=True)
def from_panels_pieces(y, yt, n):
    work = len(yt) * blocks(y)
    for p in prange(n):
        from_panels(y, yt, work * p // n, work * (p + 1) // n)


@kernel
def from_panels(y, yt, first, last):
    """The blocks first:last of features of y, counted panel by panel, out of the panels."""
    count, width = blocks(y), yt.shape[2]
    for p in range(first // count, -(-last // count)):
        lo, hi = max(first - p * count, 0), min(last - p * count, count)
        _from_panel(y[p * width : (p + 1) * width], yt[p], _features(y, lo), _features(y, hi))


@kernel
def _from_panel(y, panel, lo, hi):
    lanes = VECTOR // y.itemsize
    few = np.empty((lanes, lanes), y.dtype)
    for j in range(0, len(y), lanes):
        there = min(lanes, len(y) - j)
        if hi - lo < lanes:
            for i in range(lo, hi):
                for r in range(there):
                    y[j + r, i] = panel[i, j + r]
            continue
        for i in range(lo, hi, lanes):
            at = min(i, hi - lanes)
            if there == lanes:
                turn_tile(y, j, at, panel, at, j)
                continue
            turn_tile(few, 0, 0, panel, at, j)
            for r in range(there):
                for c in range(lanes):
                    y[j + r, at + c] = few[r, c]
