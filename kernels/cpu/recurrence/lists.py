"""Loops of an LSTM back through time in which each word lists as many units as it needs.

Threads share sentences, as in chosen.py. Rows that share a walk are drawn step by step, on one thread. A table is
(length, chosen, picked): row i has the first length[i] entries of chosen[i] and picked[i].
"""

import numpy as np
from numba import prange

from ..policy import kernel
from ..selection import signs, walk, walk_all
from ..selection.top_k import choose
from .cell import starts
from .chosen import cell, steps_of, sum_rows
from .flag import publish, wait_for


@kernel(parallel=True)
def each_pieces(dgates, bits, infinity, table, dx, dy, kept, k, kind, points, work, n):
    done = np.zeros(1, np.int64)
    for p in prange(n):
        if len(work[0]) > 1:
            each(dgates, bits, infinity, table, dx, dy, kept, k, kind, points, work, done, p, n)
        elif p == 0:
            each(dgates, bits, infinity, table, dx[:0], dy, kept, k, kind, points, work, done, 0, 1)
        else:
            follow(dx, table, kept, done)


@kernel
def each(dgates, bits, infinity, table, dx, dy, kept, k, kind, points, work, done, first, stride):
    """Every stride-th sentence, from its last step to its first: the cell, the lists, and what they send on."""
    active, (length, chosen, picked), groups = kept[5], table, points.shape[1]
    start, scratch = starts(active), room(dgates, bits, groups, k)
    for e in range(first, active[0], stride):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            cell(dgates, dy, kept, start, work, t, e)
            length[row] = 0
            for g in range(groups):
                d, b, lo = of_group(dgates[row], bits[row], g, groups)
                n = length[row]
                found = draw(chosen[row], picked[row], n, d, b, infinity, points[row, g], k, kind, scratch)
                length[row] = add_to_units(chosen[row], n, found, lo)
            pass_on(dx, table, kept, work, done, t, row, e)


@kernel
def together(dgates, bits, infinity, table, dx, dy, kept, k, keep, points, work, done):
    """Step by step: one walk through all rows of a step. keep: whether it is that of `threshold`."""
    active, (length, chosen, picked), groups = kept[5], table, points.shape[1]
    start, scratch = starts(active), room(dgates, bits, groups, k)
    position, index, hit = scratch[0]
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        first, end = start[t], start[t] + active[t]
        for e in range(active[t]):
            cell(dgates, dy, kept, start, work, t, e)
        length[first:end] = 0
        for g in range(groups):
            width = dgates.shape[1] // groups
            rows = dgates[first:end, g * width : (g + 1) * width].copy()
            tau, step, most, begin = walk_all.plan(rows, points[t, g], k, keep)
            for e in range(active[t]):
                row, n = first + e, length[first + e]
                if step < 0:
                    _, b, _ = of_group(dgates[row], bits[row], g, groups)
                    found = largest(chosen[row], picked[row], n, rows[e], b, infinity, scratch)
                else:
                    share = most[e + 1] - most[e]
                    found = walk_all.part(
                        chosen[row], picked[row], n, share, rows[e], tau, step, begin[e], position, index, hit
                    )
                length[row] = add_to_units(chosen[row], n, found, g * width)
        for row in range(first, end):
            pass_on(dx, table, kept, work, done, t, row, row - first)


@kernel
def room(dgates, bits, groups, k):
    """Scratch memory: of walks, of signs, and a choice."""
    width = dgates.shape[1] // groups
    return walk.room(dgates[:, :width]), signs.room(bits[:, :width], k), np.empty(k, np.int32)


@kernel
def of_group(d, bits, g, groups):
    """The columns of group g, and the first of them."""
    width = len(d) // groups
    return d[g * width : (g + 1) * width], bits[g * width : (g + 1) * width], g * width


@kernel
def draw(unit, value, at, d, bits, infinity, u, k, kind, scratch):
    """List from `at` on what a word chooses of a group, by the kernel LISTS[kind]; returns how many."""
    position, index, hit = scratch[0]
    if kind == 0:
        found = walk.draw(unit, value, at, k, d, u, position, index, hit)
    elif kind == 1:
        found = walk.draw_below(unit, value, at, k, d, u, position, index, hit)
    else:
        found = signs.of_each_sign(unit, value, at, d, bits, infinity, scratch[1])
    return found if found >= 0 else largest(unit, value, at, d, bits, infinity, scratch)


@kernel
def largest(unit, value, at, d, bits, infinity, scratch):
    """Where no walk is possible: list the k largest from `at` on, but for zeros; returns how many."""
    mine, n = scratch[2], 0
    choose(mine, bits, infinity, scratch[1][3], np.int64(0))
    for i in range(len(mine)):
        if d[mine[i]] != 0:
            unit[at + n], value[at + n] = mine[i], d[mine[i]]
            n += 1
    return n


@kernel
def add_to_units(unit, n, found, lo):
    """Number the entries from n on across all groups. Returns how many entries there are now."""
    for i in range(n, n + found):
        unit[i] += lo
    return n + found


@kernel
def pass_on(dx, table, kept, work, done, t, row, e):
    """Send the gradients of a row to the step before and, unless dx is empty, to x."""
    length, chosen, picked = table
    publish(done, len(length) - row)
    if t > 0:
        sum_rows(work[0, e], picked[row, : length[row]], chosen[row, : length[row]], kept[3])
    if len(dx):
        sum_rows(dx[row], picked[row, : length[row]], chosen[row, : length[row]], kept[4])


@kernel
def follow(dx, table, kept, done):
    """dx of one sentence, each step as soon as its units are listed."""
    length, chosen, picked = table
    for row in range(len(dx) - 1, -1, -1):
        wait_for(done, len(dx) - row)
        sum_rows(dx[row], picked[row, : length[row]], chosen[row, : length[row]], kept[4])
    wait_for(done, len(length))  # stays awake to the end, also where dx is not wanted
