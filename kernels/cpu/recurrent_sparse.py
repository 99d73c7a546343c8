"""Loops of an LSTM back through time in which only chosen units of the gates send their gradient on.

A step reads so few rows of U that a parallel region would cost more than the step: sentences are dealt out, each as
a whole, and one alone runs on one thread.
"""

import numpy as np
from numba import prange

from .cell import add, add_four, cell_backward, previous, starts
from .policy import kernel
from .select import choose, room, score_units


@kernel(parallel=True)
def top_k_pieces(dgates, bits, infinity, chosen, picked, dy, kept, groups, work, n):
    for p in prange(n):
        top_k(dgates, bits, infinity, chosen, picked, dy, kept, groups, work, p, n)


@kernel
def top_k(dgates, bits, infinity, chosen, picked, dy, kept, groups, work, first, stride):
    """Every stride-th sentence, from its last step to its first."""
    _, _, _, u, active = kept
    start, scratch = starts(active), room(bits.shape[1] // groups, bits.dtype)
    guess = np.zeros(groups, np.int64)  # of each group by itself: the gates' gradients differ in scale
    for e in range(first, active[0], stride):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            one_cell(dgates, dy, kept, start, work, t, e)
            each_group(chosen[row], bits[row], infinity, guess, scratch)
            pick(picked[row], dgates[row], chosen[row], picked.dtype.type(1))
            if t > 0:
                add_rows(work[0, e], picked[row], chosen[row], u)


@kernel
def steps_of(active, e):
    """How many steps sentence e has."""
    t = len(active)
    while active[t - 1] <= e:
        t -= 1
    return t


@kernel
def one_cell(dgates, dy, kept, start, work, t, e):
    gates, c, tanh_c, _, active = kept
    row, before = start[t] + e, previous(start, active, t) + e
    dh, dc = work[0, e], work[1, e]
    cell_backward(dgates[row], dh, dc, dy[row], gates[row], c[before], tanh_c[row], 0, dy.shape[1])


@kernel
def each_group(chosen, bits, infinity, guess, scratch):
    groups = len(guess)
    k, width = len(chosen) // groups, len(bits) // groups
    for g in range(groups):
        mine = chosen[g * k : (g + 1) * k]
        guess[g] = choose(mine, bits[g * width : (g + 1) * width], infinity, scratch, guess[g])
        for i in range(k):
            mine[i] += g * width


@kernel
def pick(picked, d, chosen, scale):
    for i in range(len(chosen)):
        picked[i] = scale * d[chosen[i]]


@kernel
def add_rows(out, weight, unit, u):
    """out = sum of weight[i] u[unit[i]], four rows at a time."""
    out[:] = 0
    n = len(unit) // 4 * 4
    for i in range(0, n, 4):
        a, b, c, d = u[unit[i]], u[unit[i + 1]], u[unit[i + 2]], u[unit[i + 3]]
        add_four(out, weight[i], weight[i + 1], weight[i + 2], weight[i + 3], a, b, c, d)
    for i in range(n, len(unit)):
        row, w = u[unit[i]], weight[i]
        for j in range(len(out)):
            out[j] += w * row[j]


@kernel(parallel=True)
def given_pieces(dgates, picked, chosen, dy, kept, scale, work, n):
    for p in prange(n):
        given(dgates, picked, chosen, dy, kept, scale, work, p, n)


@kernel
def given(dgates, picked, chosen, dy, kept, scale, work, first, stride):
    """Every stride-th sentence, its choices known."""
    _, _, _, u, active = kept
    start = starts(active)
    for e in range(first, active[0], stride):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            one_cell(dgates, dy, kept, start, work, t, e)
            pick(picked[row], dgates[row], chosen[row], scale)
            if t > 0:
                add_rows(work[0, e], picked[row], chosen[row], u)


@kernel
def unified(dgates, score, bits, infinity, chosen, picked, dy, kept, groups, kind, work):
    """Step by step, since all sentences of one share its choice. score: memory for one row of dgates; its bits."""
    _, _, _, u, active = kept
    start, scratch = starts(active), room(bits.shape[1] // groups, bits.dtype)
    guess = np.zeros(groups, np.int64)
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        first, end = start[t], start[t] + active[t]
        for e in range(active[t]):
            one_cell(dgates, dy, kept, start, work, t, e)
        score_units(score[0], dgates[first:end], kind)
        each_group(chosen[first], bits[0], infinity, guess, scratch)
        for row in range(first, end):
            chosen[row] = chosen[first]
            pick(picked[row], dgates[row], chosen[row], picked.dtype.type(1))
            if t > 0:
                add_rows(work[0, row - first], picked[row], chosen[row], u)


@kernel
def take(out, a, order, column):
    width = out.shape[1]
    for i in range(len(order)):
        out[i] = a[order[i], column : column + width]


@kernel
def put(out, a, order, column, more):
    width = a.shape[1]
    for i in range(len(order)):
        target = out[order[i], column : column + width]
        if more:
            add(target, a[i])
        else:
            target[:] = a[i]
