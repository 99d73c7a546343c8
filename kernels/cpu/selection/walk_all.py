"""One walk through all examples of a batch; see walk.py for the steps of it."""

import numpy as np
from numba import prange

from ...reference.select import LANES
from ..policy import kernel
from .join import join
from .walk import can_walk, room, sum_below, sum_of, walk, walk_below


@kernel(parallel=True)
def through_all_pieces(start, unit, value, dy, u, k, keep, n):
    batch, points = len(dy), k * len(dy)
    totals, sures = np.empty(batch), np.zeros(batch, np.int64)
    tau, sure = dy.dtype.type(np.inf), np.int64(0)
    for p in prange(n):
        sums(totals, sures, dy, tau, batch * p // n, batch * (p + 1) // n)
    total = add(totals)
    possible = total == 0 or can_walk(total, points, dy.dtype)
    while keep and can_walk(total, points - sure, dy.dtype):
        tau = dy.dtype.type(total / (points - sure))
        for p in prange(n):
            sums(totals, sures, dy, tau, batch * p // n, batch * (p + 1) // n)
        total, more = add(totals), add(sures)
        if more == sure:
            break
        sure = more
    step, first, begin = divide(totals, sures, total, sure, points, possible, u, dy.dtype)
    for p in prange(n):
        _part(start, unit, value, dy, tau, step, first, begin, batch * p // n, batch * (p + 1) // n)
    join(start, unit, value, first, n)
    return step >= 0


@kernel
def through_all(start, unit, value, dy, u, k, keep):
    tau, step, first, begin = plan(dy, u, k, keep)
    _part(start, unit, value, dy, tau, step, first, begin, 0, len(dy))
    return step >= 0


@kernel
def plan(dy, u, k, keep):
    """(tau, step, first, begin) of one walk through dy, which begins u steps ahead; see `divide`."""
    batch, points = len(dy), k * len(dy)
    totals, sures = np.empty(batch), np.zeros(batch, np.int64)
    tau, sure = dy.dtype.type(np.inf), np.int64(0)
    sums(totals, sures, dy, tau, 0, batch)
    total = add(totals)
    possible = total == 0 or can_walk(total, points, dy.dtype)
    while keep and can_walk(total, points - sure, dy.dtype):
        tau = dy.dtype.type(total / (points - sure))
        sums(totals, sures, dy, tau, 0, batch)
        total, more = add(totals), add(sures)
        if more == sure:
            break
        sure = more
    step, first, begin = divide(totals, sures, total, sure, points, possible, u, dy.dtype)
    return tau, step, first, begin


@kernel
def sums(totals, sures, dy, tau, lo, hi):
    """Of the examples lo:hi: the sums of the entries below tau, and how many are not. No tau is infinity."""
    position = np.empty(dy.shape[1] + LANES, dy.dtype)
    for e in range(lo, hi):
        if tau < np.inf:
            totals[e], sures[e] = sum_below(position, dy[e], tau)
        else:
            totals[e] = sum_of(position, dy[e])


@kernel
def add(numbers):
    """Their sum, in the same order however many pieces there are."""
    total = numbers.dtype.type(0)
    for e in range(len(numbers)):
        total += numbers[e]
    return total


@kernel
def divide(totals, sures, total, sure, points, possible, u, dtype):
    """(step, first, begin): how a walk is shared out among the examples.

    The list of example e has room for first[e + 1] - first[e] entries, and its part of the walk begins begin[e]
    steps after a point. A negative step says that no walk is possible.
    """
    batch = len(totals)
    first, begin = np.zeros(batch + 1, np.int64), np.empty(batch)
    walks = can_walk(total, points - sure, dtype)
    if not possible or (total > 0 and sure < points and not walks):
        return -1.0, first, begin
    step = total / (points - sure) if walks else np.inf
    for e in range(batch):
        begin[e] = u
        u += totals[e] / step
        passed = np.int64(u)
        u -= passed
        first[e + 1] = min(first[e] + passed + sures[e], points)  # more only by rounding
    return step, first, begin


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
        sum_below(position, g, tau)
        return walk_below(unit, value, at, most, g, tau, step, begin, position, index, hit)
    sum_of(position, g)
    return walk(unit, value, at, most, g, step, begin, position, index, hit)
