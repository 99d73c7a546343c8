"""The largest gradients of each sign; see reference/select.py."""

import numpy as np
from numba import prange

from ..policy import kernel
from .join import join
from .top_k import choose
from .top_k import room as room_of_top_k


@kernel(parallel=True)
def signs_pieces(start, unit, value, dy, bits, infinity, k, n):
    for p in prange(n):
        signs(start, unit, value, dy, bits, infinity, k, len(dy) * p // n, len(dy) * (p + 1) // n)
    join(start, unit, value, np.arange(0, len(dy) * k + 1, k), n)


@kernel
def signs(start, unit, value, dy, bits, infinity, k, lo, hi):
    """The lists of the examples lo:hi, from k lo on."""
    sides = room(bits, k)
    at = k * lo
    for e in range(lo, hi):
        at += of_each_sign(unit, value, at, dy[e], bits[e], infinity, sides)
        start[e + 1] = at
    start[0] = 0


@kernel
def room(bits, k):
    """The scratch memory of `of_each_sign`."""
    n = bits.shape[1]
    one_side, above, below = (
        np.empty(n, bits.dtype),
        np.empty((k + 1) // 2, np.int32),
        np.empty(k // 2, np.int32),
    )
    return one_side, above, below, room_of_top_k(n, bits.dtype)


@kernel
def of_each_sign(unit, value, at, g, bits, infinity, sides):
    """List from `at` on the largest of each sign; returns how many. One side has zeros for the other."""
    side, above, below, top = sides
    zero = g.dtype.type(0)
    for j in range(len(g)):
        side[j] = 0 if g[j] < zero else bits[j]
    choose(above, side, infinity, top, np.int64(0))
    if len(below) > 0:
        for j in range(len(g)):
            side[j] = bits[j] if g[j] < zero else 0
        choose(below, side, infinity, top, np.int64(0))
    n = a = b = 0
    while a < len(above) or b < len(below):
        if b == len(below) or (a < len(above) and above[a] < below[b]):
            j, mine = above[a], not g[above[a]] <= zero
            a += 1
        else:
            j, mine = below[b], g[below[b]] < zero
            b += 1
        if mine:
            unit[at + n], value[at + n] = j, g[j]
            n += 1
    return n
