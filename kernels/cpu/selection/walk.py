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
    total = _sum(position, g)
    if total == 0:
        return 0
    if not can_walk(total, k, g.dtype):
        return -1
    return _walk(unit, value, at, k, g, total / k, u, position, index, hit)


@kernel(inline=True)
def draw_below(unit, value, at, k, g, u, position, index, hit):
    """Threshold sampling of one example, in the same way."""
    tau, sure, total = g.dtype.type(np.inf), np.int64(0), _sum(position, g)
    if total == 0:
        return 0
    while can_walk(total, k - sure, g.dtype):
        tau = g.dtype.type(total / (k - sure))
        total, more = _sum_below(position, g, tau)
        if more == sure:
            return _walk_below(unit, value, at, k, g, tau, total / (k - sure), u, position, index, hit)
        sure = more
    if sure > 0 and (total == 0 or sure == k):  # ties may take every point and leave next to nothing
        return _walk_below(unit, value, at, k, g, tau, np.inf, u, position, index, hit)
    return -1


@kernel(inline=True)
def can_walk(total, points, dtype):
    """Whether steps of total / points are numbers, and so are their inverses."""
    return total > 0 and points > 0 and total < np.inf and total > points / float(np.finfo(dtype).max)


@kernel(inline=True)
def _sum(position, g):
    """The sum of |g|. The sums of the lanes end position."""
    n, total = len(g), 0.0
    position[:LANES] = 0
    for j in range(n):
        position[j + LANES] = position[j] + abs(g[j])
    for i in range(LANES):
        total += float(position[n + i])
    return total


@kernel
def _sum_below(position, g, tau):
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
def _walk(unit, value, at, most, g, step, u, position, index, hit):
    """List at most `most` entries that a walk keeps, after `_sum` of them. It begins u steps ahead."""
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
def _walk_below(unit, value, at, most, g, tau, step, u, position, index, hit):
    """The same where entries of at least tau are kept without a walk, after `_sum_below`."""
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


@kernel(parallel=True)
def through_all_pieces(start, unit, value, dy, u, k, keep, n):
    tau, step, first, begin = plan(dy, u, k, keep)
    for p in prange(n):
        _part(start, unit, value, dy, tau, step, first, begin, len(dy) * p // n, len(dy) * (p + 1) // n)
    join(start, unit, value, first, n)
    return step >= 0


@kernel
def through_all(start, unit, value, dy, u, k, keep):
    """One walk through all examples."""
    tau, step, first, begin = plan(dy, u, k, keep)
    _part(start, unit, value, dy, tau, step, first, begin, 0, len(dy))
    return step >= 0


@kernel
def plan(dy, u, k, keep):
    """(tau, step, first, begin) of one walk through dy, which begins u steps ahead.

    The list of example e has room for first[e + 1] - first[e] entries, and its part of the walk begins begin[e]
    steps after a point. A negative step says that no walk is possible.
    """
    batch, points = len(dy), k * len(dy)
    position, totals, sures = (
        np.empty(dy.shape[1] + LANES, dy.dtype),
        np.empty(batch),
        np.zeros(batch, np.int64),
    )
    tau, sure, total = dy.dtype.type(np.inf), np.int64(0), 0.0
    for e in range(batch):
        totals[e] = _sum(position, dy[e])
        total += totals[e]
    possible = total == 0 or can_walk(total, points, dy.dtype)
    while keep and can_walk(total, points - sure, dy.dtype):
        tau = dy.dtype.type(total / (points - sure))
        total, more = 0.0, np.int64(0)
        for e in range(batch):
            totals[e], sures[e] = _sum_below(position, dy[e], tau)
            total += totals[e]
            more += sures[e]
        if more == sure:
            break
        sure = more
    first, begin = np.zeros(batch + 1, np.int64), np.empty(batch)
    walks = can_walk(total, points - sure, dy.dtype)
    if not possible or (total > 0 and sure < points and not walks):
        return tau, -1.0, first, begin
    step = total / (points - sure) if walks else np.inf
    for e in range(batch):
        begin[e] = u
        u += totals[e] / step
        passed = np.int64(u)
        u -= passed
        first[e + 1] = min(first[e] + passed + sures[e], points)  # more only by rounding
    return tau, step, first, begin


@kernel
def _part(start, unit, value, dy, tau, step, first, begin, lo, hi):
    """The lists of the examples lo:hi, from first[lo] on."""
    position, index, hit = room(dy)
    at = first[lo]
    for e in range(lo, hi):
        most = first[e + 1] - first[e]
        at += part(unit, value, at, most, dy[e], tau, step, begin[e], position, index, hit)
        start[e + 1] = at
    start[0] = 0


@kernel(inline=True)
def part(unit, value, at, most, g, tau, step, begin, position, index, hit):
    """List from `at` on what one example keeps of a walk through all; returns how many, at most `most`."""
    if most == 0:
        return 0
    if tau < np.inf:
        _sum_below(position, g, tau)
        return _walk_below(unit, value, at, most, g, tau, step, begin, position, index, hit)
    _sum(position, g)
    return _walk(unit, value, at, most, g, step, begin, position, index, hit)
