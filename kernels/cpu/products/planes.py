"""Products of planes: each filter reads some channels only; see reference/sparse_conv.py.

Work is shared out by panels; of dW by outputs, each of which goes through all panels. Bodies of parallel loops are
functions of their own, as in dense.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .planes_copy import blocks, from_planes, to_planes
from .planes_tile import SEVERAL, WEIGHTS, dot_one, dot_several, dot_single, sum_one, sum_several

MANY, SOME = WEIGHTS[1], WEIGHTS[SEVERAL]


@kernel(parallel=True)
def panels_pieces(
    out,
    xq,
    x,
    a,
    room,
    way_in,
    way_out,
    sizes,
    w,
    b,
    start,
    at,
    edge,
    group,
    member,
    parts,
    shift,
    of,
    tiles,
    n,
):
    for p in prange(n):
        lo, hi = sizes[0] * p // n, sizes[0] * (p + 1) // n
        panels(
            out, xq, x, a, room[p : p + 1], way_in, way_out, sizes, w, b, start, at, edge, group, member, parts,
            shift, of, tiles, lo, hi,
        )  # fmt: skip


@kernel
def panels(
    out,
    xq,
    x,
    a,
    room,
    way_in,
    way_out,
    sizes,
    w,
    b,
    start,
    at,
    edge,
    group,
    member,
    parts,
    shift,
    of,
    tiles,
    lo,
    hi,
):
    """`out` of the panels lo:hi, one after another: each stays in the cache on its way from pictures to pictures.

    x goes into xq first, unless it has no pictures. Sums of rows of a, the planes, come to `room`, and from there
    to out. way_in, way_out: runs of pixels of x and of out. sizes: panels, pictures of each, elements from one
    panel to the next in a, and weights of an edge. parts int64 (phases + 1, 2): where the taps of each phase begin
    in shift and `of`, and its tiles.
    """
    rows, places = room.reshape(-1), room[0, 0].size
    for p in range(lo, hi):
        if len(x):
            to_planes(xq, x, way_in, sizes[1], p * blocks(x), (p + 1) * blocks(x))
        for f in range(len(parts) - 1):
            s, t = slice(parts[f, 0], parts[f + 1, 0]), slice(parts[f, 1], parts[f + 1, 1])
            _sums(
                rows, f * places, room.shape[3], a, p * sizes[2], w, sizes[3], b, start, at, edge, group, member,
                shift[s], of[s], tiles[t],
            )  # fmt: skip
        from_planes(out, room, way_out, sizes[1], p)


@kernel
def _sums(out, to, wide, a, place, w, every, b, start, at, edge, group, member, shift, of, tiles):
    """Weighted sums of shifted rows of one panel. tiles: where they begin in a row, and their vectors."""
    taps = len(shift)
    for g in range(len(group) - 1):
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
                dw, begin, row, member, m, g, x, pair, j, i - j, taps, place, vectors, panel, last, of_g, of_x,
                wide, 1,
            )  # fmt: skip
        m += 1
    while m < end:
        for j in range(weights):
            dot_single(
                dw, begin, row, member, m, g, x, pair, j, 0, taps, place, vectors, panel, last, of_g, of_x,
                wide, 1,
            )  # fmt: skip
        m += 1
