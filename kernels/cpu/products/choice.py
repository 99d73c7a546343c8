"""A choice listed by units: which examples chose each, and how often with a gradient; see reference/select.py."""

import numpy as np

from ..policy import kernel

__all__ = ["count_chosen", "count_rows", "invert"]


def invert(rows, begin, example, value, count, start, unit, picked):
    _invert(rows, begin, example, value, count, start, unit, picked)


def count_rows(hits, rows, picked):
    _count_rows(hits, rows, picked)


def count_chosen(hits, chosen, picked):
    _count_chosen(hits, chosen.reshape(-1), picked.reshape(-1))


@kernel
def _invert(rows, begin, example, value, count, start, unit, picked):
    """A counting sort: how many examples chose each unit, where the list of each begins, then the lists."""
    at = np.zeros(
        len(rows), np.int32
    )  # of each unit: how many examples chose it, then where the next one goes
    for i in range(start[len(start) - 1]):
        at[unit[i]] += 1
    r = 0
    end = 0
    for o in range(len(rows)):
        chosen_by = at[o]
        if chosen_by > 0:
            rows[r] = o
            begin[r] = end
            at[o] = end
            end += chosen_by
            r += 1
    begin[r] = end
    count[0] = r
    for e in range(len(start) - 1):
        for i in range(start[e], start[e + 1]):
            o = unit[i]
            example[at[o]] = e
            value[at[o]] = picked[i]
            at[o] += 1


@kernel
def _count_rows(hits, rows, picked):
    for e in range(len(picked)):
        for i in range(len(rows)):
            hits[rows[i]] += picked[e, i] != 0


@kernel
def _count_chosen(hits, chosen, picked):
    for i in range(len(chosen)):
        hits[chosen[i]] += picked[i] != 0
