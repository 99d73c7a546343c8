"""Selection, in how many pieces; see reference/select.py for the meaning. How it is done stands in selection/."""

import numpy as np
from numba import prange

from ..reference import select as reference
from ..reference.select import LANES, SCORES
from .policy import kernel, pieces
from .products.choice import count_chosen, count_rows, invert
from .selection import batch, bottom, draw, walk, walk_all
from .selection import energy as energies
from .selection import signs as both
from .selection import top_k as largest

__all__ = [
    "LANES", "SCORES", "bottom_k", "count_chosen", "count_rows", "invert", "pack", "positions", "random_k",
    "score", "signs", "systematic", "threshold", "top_k", "top_k_batch",
]  # fmt: skip

COST = 8  # element operations that one entry costs
WALK = 4  # that it costs a walk
COLUMNS = 64  # of a score, a piece has at least so many: fewer do not fill the vectors


def top_k(chosen, dy):
    bits, infinity = largest.integers(dy)
    n = min(pieces(COST * dy.size), len(dy))
    if n > 1:
        largest.top_k_pieces(chosen, bits, infinity, n)
    else:
        largest.top_k(chosen, bits, infinity)


def top_k_batch(start, unit, value, dy, k, index, near):
    batch.top_k_batch(start, unit, value, dy, k, index, near, pieces(COST * dy.size))


def bottom_k(start, unit, value, dy, k):
    bits, infinity = largest.integers(dy)
    n = min(pieces(COST * dy.size), len(dy))
    if n > 1:
        bottom.bottom_k_pieces(start, unit, value, dy, bits, infinity, k, n)
    else:
        bottom.bottom_k(start, unit, value, dy, bits, infinity, k, 0, len(dy))


def random_k(chosen, u, n):
    cut = min(pieces(COST * chosen.size), len(chosen))
    if cut > 1:
        draw.random_k_pieces(chosen, u, n, cut)
    else:
        draw.random_k(chosen, u, n)


def positions(index, energy, g):
    bits, infinity = largest.integers(energy)
    n = min(pieces(g.size), len(g))
    if n > 1:
        energies.positions_pieces(index, energy, g, bits, infinity, n)
    else:
        energies.positions(index, energy, g, bits, infinity, 0)


def systematic(start, unit, value, dy, u, k):
    if not _walks(start, unit, value, dy, u, k, False):
        reference.systematic(start, unit, value, dy, u, k)


def threshold(start, unit, value, dy, u, k):
    if not _walks(start, unit, value, dy, u, k, True):
        reference.threshold(start, unit, value, dy, u, k)


def _walks(start, unit, value, dy, u, k, keep):
    """Whether all walks were possible, which they are unless a gradient is not finite or all but zero."""
    n = min(pieces(WALK * dy.size), len(dy))
    if len(u) == len(dy):
        if n > 1:
            return walk.each_pieces(start, unit, value, dy, u, k, keep, n)
        return walk.each(start, unit, value, dy, u, k, keep, 0, len(dy))
    if n > 1:
        return walk_all.through_all_pieces(start, unit, value, dy, u[0], k, keep, n)
    return walk_all.through_all(start, unit, value, dy, u[0], k, keep)


def signs(start, unit, value, dy, k):
    bits, infinity = largest.integers(dy)
    n = min(pieces(2 * COST * dy.size), len(dy))
    if n > 1:
        both.signs_pieces(start, unit, value, dy, bits, infinity, k, n)
    else:
        both.signs(start, unit, value, dy, bits, infinity, k, 0, len(dy))


def pack(start, unit, value, length, chosen, picked):
    _pack(start, unit, value, length, chosen, picked)


@kernel
def _pack(start, unit, value, length, chosen, picked):
    n = 0
    for e in range(len(length)):
        start[e] = n
        for i in range(length[e]):
            unit[n + i], value[n + i] = chosen[e, i], picked[e, i]
        n += length[e]
    start[len(length)] = n


def score(out, dy, kind):
    n = min(pieces(dy.size), len(out) // COLUMNS)
    if n > 1:
        _score_pieces(out, dy, kind, n)
    else:
        score_units(out, dy, kind)


@kernel(parallel=True)
def _score_pieces(out, dy, kind, n):
    for p in prange(n):
        _score_piece(out, dy, kind, len(out) * p // n, len(out) * (p + 1) // n)


@kernel
def _score_piece(out, dy, kind, lo, hi):
    """Into memory of its own first: threads that add to one line of the cache wait for each other at every row."""
    mine = np.empty(hi - lo, out.dtype)
    score_units(mine, dy[:, lo:hi], kind)
    out[lo:hi] = mine


@kernel
def score_units(out, dy, kind):
    out[:] = 0
    for e in range(len(dy)):
        g = dy[e]
        if kind == 2:
            for j in range(len(out)):
                out[j] += g[j] * g[j]
        elif kind == 3:
            for j in range(len(out)):
                out[j] += g[j]
        else:
            for j in range(len(out)):
                out[j] += abs(g[j])
    for j in range(len(out)):
        if kind == 1:
            out[j] /= len(dy)
        elif kind == 2:
            out[j] = np.sqrt(out[j])
        elif kind == 3:
            out[j] = abs(out[j])
