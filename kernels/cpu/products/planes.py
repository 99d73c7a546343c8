"""Products of planes: each filter reads some channels only; see reference/sparse_conv.py.

Work is shared out by panels, and inside of them by groups of outputs with the same inputs; of dW by outputs alone,
each of which goes through all panels. Bodies of parallel loops are functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .planes_tile import SEVERAL, WEIGHTS, dot_one, dot_several, dot_single, sum_one, sum_several

MANY, SOME = WEIGHTS[1], WEIGHTS[SEVERAL]


@kernel(parallel=True)
def sums_pieces(out, a, sizes, w, b, start, at, edge, group, member, shift, of, tiles, n):
    work = sizes[0] * (len(group) - 1)
    for p in prange(n):
        lo, hi = work * p // n, work * (p + 1) // n
        sums(out, a, sizes, w, b, start, at, edge, group, member, shift, of, tiles, lo, hi)


@kernel
def sums(out, a, sizes, w, b, start, at, edge, group, member, shift, of, tiles, lo, hi):
    """Weighted sums of shifted rows, for groups lo:hi of all panels, counted panel by panel.

    sizes: panels, elements from one to the next in `out` and in a, elements before the first row of out, width of a
    row, and weights of an edge. tiles: where they begin in a row, and their vectors.
    """
    groups, taps = len(group) - 1, len(shift)
    wide, every = sizes[4], sizes[5]
    for p in range(lo // groups, -(-hi // groups)):
        to, place = p * sizes[1] + sizes[3], p * sizes[2]
        for g in range(max(lo - p * groups, 0), min(hi - p * groups, groups)):
            m, end = np.int64(group[g]), np.int64(group[g + 1])
            while m + SEVERAL <= end:
                for i in range(len(tiles)):
                    q, vectors = tiles[i, 0], tiles[i, 1]
                    sum_several(
                        out, to + q, wide, member, m, start, at, edge, a, place + q, shift, of, taps, w, every, b,
                        vectors,
                    )  # fmt: skip
                m += SEVERAL
            while m < end:
                for i in range(len(tiles)):
                    q, vectors = tiles[i, 0], tiles[i, 1]
                    sum_one(
                        out, to + q, wide, member, m, start, at, edge, a, place + q, shift, of, taps, w, every, b,
                        vectors,
                    )  # fmt: skip
                m += 1


@kernel(parallel=True)
def dots_pieces(dw, g, x, sizes, first, row, start, begin, at, group, member, shift, n):
    for p in prange(n):
        lo, hi = len(member) * p // n, len(member) * (p + 1) // n
        dots(dw, g, x, sizes, first, row, start, begin, at, group, member, shift, lo, hi)


@kernel
def dots(dw, g, x, sizes, first, row, start, begin, at, group, member, shift, lo, hi):
    """dW of member[lo:hi]: products of the rows of an output with those that its weights see.

    Output number s has the edges start[first[s]]:start[first[s] + 1], from begin[s] on in dw, and is row[s] of g.
    sizes: panels, how many of them are near enough to be gone through at a time, elements from one to the next in g
    and in x, width of a row, where rows begin, and their vectors.
    """
    taps, most = len(shift), np.int64(0)
    for m in range(lo, hi):
        s = member[m]
        fan = np.int64(start[first[s] + 1] - start[first[s]])
        most = max(most, fan)
        dw[begin[s] * taps : (begin[s] + fan) * taps] = 0
    pair = np.empty(most * taps, np.int64)
    for panel in range(0, sizes[0], sizes[1]):
        last = min(panel + sizes[1], sizes[0])
        for i in range(len(group) - 1):
            m, end = max(np.int64(group[i]), lo), min(np.int64(group[i + 1]), hi)
            if m < end:
                near = np.int64(start[first[member[m]]])
                count = np.int64(start[first[member[m]] + 1]) - near
                for k in range(count):
                    for t in range(taps):
                        pair[k * taps + t] = at[near + k] + shift[t]
                _dots(dw, g, x, sizes, row, begin, member, m, end, pair, count * taps, taps, panel, last)


@kernel
def _dots(dw, g, x, sizes, row, begin, member, m, end, pair, weights, taps, panel, last):
    """Of member[m:end], whose weights see the same rows pair[:weights], in panel:last.

    The last tile of weights is moved back, to end with them, and leaves out those that another tile has.
    """
    of_g, of_x, wide, place, vectors = sizes[2], sizes[3], sizes[4], sizes[5], sizes[6]
    while m + SEVERAL <= end and weights >= SOME:
        for i in range(0, weights, SOME):
            j = min(i, weights - SOME)
            dot_several(
                dw, begin, row, member, m, g, x, pair, j, i - j, taps, place, vectors, panel, last, of_g, of_x,
                wide, 1,
            )  # fmt: skip
        m += SEVERAL
    while m < end and weights >= MANY:
        for i in range(0, weights, MANY):
            j = min(i, weights - MANY)
            dot_one(
                dw,
                begin,
                row,
                member,
                m,
                g,
                x,
                pair,
                j,
                i - j,
                taps,
                place,
                vectors,
                panel,
                last,
                of_g,
                of_x,
                wide,
                1,
            )
        m += 1
    while m < end:
        for j in range(weights):
            dot_single(
                dw,
                begin,
                row,
                member,
                m,
                g,
                x,
                pair,
                j,
                0,
                taps,
                place,
                vectors,
                panel,
                last,
                of_g,
                of_x,
                wide,
                1,
            )
        m += 1
