"""Loops back through time in which only chosen entries send their gradient on, where gates have lost entries.

Sentences are dealt out among the threads as in recurrent_sparse.py; of a single one there is one thread.
"""

import numpy as np
from numba import prange

from .cell import cell_left, starts
from .policy import kernel
from .recurrent_sparse import steps_of, sum_rows
from .select import choose, room, score_units


@kernel(parallel=True)
def top_k_pieces(dgates, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, work, n):
    for p in prange(n):
        top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, work, p, n)


@kernel
def top_k(dgates, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, work, p, n):
    """Every n-th sentence, from its last step to its first. Each step: the cell, the choice, what it sends."""
    active, one = kept[5], picked.dtype.type(1)
    start, scratch, every = starts(active), room(bits.shape[1], bits.dtype), np.empty_like(kept[0][0])
    guess = np.zeros(len(ends) - 1, np.int64)
    scale = np.full(chosen.shape[1], one)
    for e in range(p, active[0], n):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            row = start[t] + e
            cell_left(dgates, every, dy, kept, start, work, t, e)
            each_group(chosen[row], bits[row], infinity, ends, picks, guess, scratch)
            pass_on(dx, picked, chosen, dgates, kept, work, scale, t, row, e)


@kernel
def each_group(chosen, bits, infinity, ends, picks, guess, scratch):
    key, near, place, hit = scratch
    for g in range(len(guess)):
        mine, width = chosen[picks[g] : picks[g + 1]], ends[g + 1] - ends[g]
        if len(mine) == 0:
            continue
        whole = (width + 7) // 8 * 8
        hit[width:whole] = 0  # of a wider group
        room = key[:width], near[:width], place[: width + 2], hit[:whole]
        guess[g] = choose(mine, bits[ends[g] : ends[g + 1]], infinity, room, guess[g])
        for i in range(len(mine)):
            mine[i] += ends[g]


@kernel
def pass_on(dx, picked, chosen, dgates, kept, work, scale, t, row, e):
    """What was chosen, and that to the step before and, where dx is wanted, to x."""
    _, _, _, u, w, _, _ = kept
    for i in range(picked.shape[1]):
        picked[row, i] = scale[i] * dgates[row, chosen[row, i]]
    if t > 0:
        sum_rows(work[0, e], picked[row], chosen[row], u)
    if len(dx):
        sum_rows(dx[row], picked[row], chosen[row], w)


@kernel(parallel=True)
def given_pieces(dgates, picked, dx, chosen, dy, kept, scale, work, n):
    for p in prange(n):
        given(dgates, picked, dx, chosen, dy, kept, scale, work, p, n)


@kernel
def given(dgates, picked, dx, chosen, dy, kept, scale, work, p, n):
    """As `top_k`, the choice being known."""
    active = kept[5]
    start, every = starts(active), np.empty_like(kept[0][0])
    for e in range(p, active[0], n):
        work[:, e] = 0
        for t in range(steps_of(active, e) - 1, -1, -1):
            cell_left(dgates, every, dy, kept, start, work, t, e)
            pass_on(dx, picked, chosen, dgates, kept, work, scale, t, start[t] + e, e)


@kernel
def unified(dgates, score, bits, infinity, chosen, picked, dx, dy, kept, ends, picks, kind, work):
    """Step by step, since all sentences of one share its choice. score: memory for one row of dgates; its bits."""
    active, one = kept[5], picked.dtype.type(1)
    start, scratch, every = starts(active), room(bits.shape[1], bits.dtype), np.empty_like(kept[0][0])
    guess = np.zeros(len(ends) - 1, np.int64)
    scale = np.full(chosen.shape[1], one)
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        first, end = start[t], start[t] + active[t]
        for e in range(active[t]):
            cell_left(dgates, every, dy, kept, start, work, t, e)
        score_units(score[0], dgates[first:end], kind)
        each_group(chosen[first], bits[0], infinity, ends, picks, guess, scratch)
        for row in range(first, end):
            chosen[row] = chosen[first]
            pass_on(dx, picked, chosen, dgates, kept, work, scale, t, row, row - first)
