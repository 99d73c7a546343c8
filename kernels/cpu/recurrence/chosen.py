"""Loops of an LSTM back through time in which only the chosen units of the gates send their gradient on.

A step reads so few rows of U that a parallel region would cost more than the step. So threads share sentences, each
as a whole. For one sentence, one thread runs the time loop; a second follows one step behind and computes dx. The
second is then awake for what follows the loop (a thread that sleeps takes 50 microseconds to start).
"""

import numpy as np
from numba import prange

from ..policy import kernel
from ..select import score_units
from ..selection.top_k import choose, room
from .cell import add, add_rows, cell_backward, previous, starts
from .flag import publish, wait_for


@kernel(parallel=True)
def top_k_pieces(dgates, bits, infinity, chosen, picked, dx, dy, kept, groups, work, n):
    done = np.zeros(1, np.int64)
    for p in prange(n):
        if len(work[0]) > 1:
            top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, groups, work, done, p, n)
        elif p == 0:
            top_k(dgates, bits, infinity, chosen, picked, dx[:0], dy, kept, groups, work, done, 0, 1)
        else:
            follow(dx, picked, chosen, kept, done)


@kernel
def top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, groups, work, done, first, stride):
    """Every stride-th sentence, from its last step to its first: the cell, the choice, and what it sends on.

    bits: dgates as integers, see `choose`. done: how many rows are chosen, for the thread that follows.
    """
    active = kept[5]
    start, scratch = starts(active), room(bits.shape[1] // groups, bits.dtype)
    guess = np.zeros(groups, np.int64)  # one for each group, since the gradients of the gates differ in scale
    for e in range(first, active[0], stride):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            cell(dgates, dy, kept, start, work, t, e)
            each_group(chosen[row], bits[row], infinity, guess, scratch)
            pick(picked[row], dgates[row], chosen[row], picked.dtype.type(1))
            pass_on(dx, picked, chosen, kept, work, done, t, row, e)


@kernel
def steps_of(active, e):
    """How many steps sentence e has."""
    t = len(active)
    while active[t - 1] <= e:
        t -= 1
    return t


@kernel
def cell(dgates, dy, kept, start, work, t, e):
    gates, c, tanh_c, _, _, active = kept
    row, before, dh, dc = start[t] + e, previous(start, active, t) + e, work[0, e], work[1, e]
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
def pass_on(dx, picked, chosen, kept, work, done, t, row, e):
    """Send the picked gradients of a row to the step before and, unless dx is empty, to x."""
    _, _, _, u, w, _ = kept
    publish(done, len(picked) - row)
    if t > 0:
        sum_rows(work[0, e], picked[row], chosen[row], u)
    if len(dx):
        sum_rows(dx[row], picked[row], chosen[row], w)


@kernel
def follow(dx, picked, chosen, kept, done):
    """dx of one sentence, each step as soon as its units have been chosen."""
    for row in range(len(dx) - 1, -1, -1):
        wait_for(done, len(dx) - row)
        sum_rows(dx[row], picked[row], chosen[row], kept[4])
    wait_for(done, len(picked))  # stays awake to the end, also where dx is not wanted


@kernel
def sum_rows(out, weight, unit, a):
    """out = sum of weight[i] a[unit[i]]."""
    out[:] = 0
    add_rows(out, weight, unit, a)


@kernel(parallel=True)
def given_pieces(dgates, picked, dx, chosen, dy, kept, scale, work, n):
    done = np.zeros(1, np.int64)
    for p in prange(n):
        if len(work[0]) > 1:
            given(dgates, picked, dx, chosen, dy, kept, scale, work, done, p, n)
        elif p == 0:
            given(dgates, picked, dx[:0], chosen, dy, kept, scale, work, done, 0, 1)
        else:
            follow(dx, picked, chosen, kept, done)


@kernel
def given(dgates, picked, dx, chosen, dy, kept, scale, work, done, first, stride):
    """As `top_k`, with a given choice."""
    active = kept[5]
    start = starts(active)
    for e in range(first, active[0], stride):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            cell(dgates, dy, kept, start, work, t, e)
            pick(picked[row], dgates[row], chosen[row], scale)
            pass_on(dx, picked, chosen, kept, work, done, t, row, e)


@kernel
def unified(dgates, score, bits, infinity, chosen, picked, dx, dy, kept, groups, kind, work, done):
    """Step by step, since all sentences of a step share its choice. score (1, 4 size): scratch; bits: its bits."""
    active = kept[5]
    start, scratch = starts(active), room(bits.shape[1] // groups, bits.dtype)
    guess = np.zeros(groups, np.int64)
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        first, end = start[t], start[t] + active[t]
        for e in range(active[t]):
            cell(dgates, dy, kept, start, work, t, e)
        score_units(score[0], dgates[first:end], kind)
        each_group(chosen[first], bits[0], infinity, guess, scratch)
        for row in range(first, end):
            chosen[row] = chosen[first]
            pick(picked[row], dgates[row], chosen[row], picked.dtype.type(1))
            pass_on(dx, picked, chosen, kept, work, done, t, row, row - first)


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
