"""Walks that keep a gradient unbiased: systematic and threshold sampling; see reference/select.py.

LANES units are added up side by side, each lane in a sum of its own, at the speed of the processor's vectors. For
that every lane has to know where it starts: so the lanes are summed once before. No kernel here walks where steps
are no numbers; those of the contract say so by returning False.
"""

import numpy as np
from numba import prange

from ...reference.select import LANES
from ..policy import kernel
from .join import join
from .top_k import list_hits


@kernel(parallel=True)
def each_pieces(start, unit, value, dy, u, k, keep, n):
    done = np.empty(n, np.bool_)
    for p in prange(n):
        done[p] = each(start, unit, value, dy, u, k, keep, len(dy) * p // n, len(dy) * (p + 1) // n)
    join(start, unit, value, np.arange(0, len(dy) * k + 1, k), n)
    return done.all()


@kernel
def each(start, unit, value, dy, u, k, keep, lo, hi):
    """A walk through each of the examples lo:hi. Their lists begin at k lo."""
    position, index, hit = room(dy)
    at, done = k * lo, True
    for e in range(lo, hi):
        g = dy[e]
        if keep:
            n = draw_below(unit, value, at, k, g, u[e], position, index, hit)
        else:
            n = draw(unit, value, at, k, g, u[e], position, index, hit)
        done &= n >= 0
        at += max(n, 0)
        start[e + 1] = at
    start[0] = 0
    return done


@kernel
def room(dy):
    """The scratch memory of a walk through rows of dy: position, index, hit."""
    n = dy.shape[1]
    return np.empty(n + 2 * LANES, dy.dtype), np.empty(n + 2, np.int32), np.zeros((n + 7) // 8 * 8, np.uint8)


@kernel(inline=True)
def draw(unit, value, at, k, g, u, position, index, hit):
    """Systematic sampling of one example. Lists from `at` on what is kept; returns how many, -1 if none can be."""
    total = sum_of(position, g)
    if total == 0:
        return 0
    if not can_walk(total, k, g.dtype):
        return -1
    return walk(unit, value, at, k, g, total / k, u, position, index, hit)


@kernel(inline=True)
def draw_below(unit, value, at, k, g, u, position, index, hit):
    """Threshold sampling of one example, in the same way."""
    tau, sure, total = g.dtype.type(np.inf), np.int64(0), sum_of(position, g)
    if total == 0:
        return 0
    while can_walk(total, k - sure, g.dtype):
        tau = g.dtype.type(total / (k - sure))
        total, more = sum_below(position, g, tau)
        if more == sure:
            return walk_below(unit, value, at, k, g, tau, total / (k - sure), u, position, index, hit)
        sure = more
    if sure > 0 and (total == 0 or sure == k):  # ties may take every point and leave next to nothing
        return walk_below(unit, value, at, k, g, tau, np.inf, u, position, index, hit)
    return -1


@kernel(inline=True)
def can_walk(total, points, dtype):
    """Whether steps of total / points are numbers, and so are their inverses."""
    return total > 0 and points > 0 and total < np.inf and total > points / float(np.finfo(dtype).max)


@kernel(inline=True)
def sum_of(position, g):
    """The sum of |g|. The sums of the lanes end position."""
    n, total = len(g), 0.0
    position[:LANES] = 0
    for j in range(n):
        position[j + LANES] = position[j] + abs(g[j])
    for i in range(LANES):
        total += float(position[n + i])
    return total


@kernel
def sum_below(position, g, tau):
    """(the same of the entries below tau, how many are not)."""
    zero, sure, total = g.dtype.type(0), np.int32(0), 0.0
    position[:LANES] = 0
    for j in range(len(g)):
        a = abs(g[j])
        position[j + LANES] = position[j] + (a if a < tau else zero)
    for j in range(len(g)):
        sure = np.int32(sure + np.int32(not abs(g[j]) < tau))
    for i in range(LANES):
        total += float(position[len(g) + i])
    return total, np.int64(sure)


@kernel(inline=True)
def walk(unit, value, at, most, g, step, u, position, index, hit):
    """List at most `most` entries that a walk keeps, after `sum_of` of them. It begins u steps ahead."""
    inverse = g.dtype.type(1 / step)
    start_lanes(position, len(g), 1 / step, u)
    for j in range(len(g)):
        here = position[j]
        there = here + inverse * abs(g[j])
        position[j + LANES] = there
        hit[j] = np.int32(there) != np.int32(here)
    size = g.dtype.type(step)
    found = min(list_hits(index, hit.view(np.uint64)), most)  # more only by rounding
    for i in range(found):
        j = index[i]
        passed = np.int32(np.int32(position[j + LANES]) - np.int32(position[j]))
        unit[at + i], value[at + i] = j, np.copysign(size * g.dtype.type(passed), g[j])
    return found


@kernel
def walk_below(unit, value, at, most, g, tau, step, u, position, index, hit):
    """The same where entries of at least tau are kept without a walk, after `sum_below`."""
    inverse, zero, size = g.dtype.type(1 / step), g.dtype.type(0), g.dtype.type(step)
    start_lanes(position, len(g), 1 / step, u)
    for j in range(len(g)):
        a, here = abs(g[j]), position[j]
        there = here + (inverse * a if a < tau else zero)
        position[j + LANES] = there
        hit[j] = (np.int32(there) != np.int32(here)) | (not a < tau)
    found = min(list_hits(index, hit.view(np.uint64)), most)
    for i in range(found):
        j = index[i]
        unit[at + i], value[at + i] = j, np.copysign(size, g[j]) if abs(g[j]) < tau else g[j]
    return found


@kernel(inline=True)
def start_lanes(position, n, inverse, u):
    """position[i] = where lane i begins. On entry position n + i holds the sum of lane (n + i) % LANES."""
    for i in range(LANES):
        position[n + LANES + ((n + i) & (LANES - 1))] = position[n + i]
    for i in range(LANES):
        position[i] = u
        u += position[n + LANES + i] * inverse
