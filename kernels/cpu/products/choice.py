"""A choice listed by units: which examples chose each, and how often with a gradient; see reference/select.py."""

import numpy as np

from ..policy import kernel

__all__ = ["count_chosen", "count_rows", "invert"]


def invert(rows, start, example, value, count, chosen, picked):
    _invert(rows, start, example, value, count, chosen, picked, len(rows))


def count_rows(hits, rows, picked):
    _count_rows(hits, rows, picked)


def count_chosen(hits, chosen, picked):
    _count_chosen(hits, chosen, picked)


@kernel
def _invert(rows, start, example, value, count, chosen, picked, n_out):
    """A counting sort: how many examples chose each unit, where the list of each begins, then the lists."""
    batch, k = chosen.shape
    at = np.zeros(n_out, np.int32)  # of each unit: how many examples chose it, then where the next one goes
    for e in range(batch):
        for j in range(k):
            at[chosen[e, j]] += 1
    r = 0
    begin = 0
    for o in range(n_out):
        chosen_by = at[o]
        if chosen_by > 0:
            rows[r] = o
            start[r] = begin
            at[o] = begin
            begin += chosen_by
            r += 1
    start[r] = begin
    count[0] = r
    for e in range(batch):
        for j in range(k):
            o = chosen[e, j]
            example[at[o]] = e
            value[at[o]] = picked[e, j]
            at[o] += 1


@kernel
def _count_rows(hits, rows, picked):
    for e in range(len(picked)):
        for i in range(len(rows)):
            hits[rows[i]] += picked[e, i] != 0


@kernel
def _count_chosen(hits, chosen, picked):
    for e in range(len(chosen)):
        for i in range(chosen.shape[1]):
            hits[chosen[e, i]] += picked[e, i] != 0
