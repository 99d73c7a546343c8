"""Which units get a gradient: the top_k() of the meProp paper (section 2.2), and its unified form.

The order is by magnitude, the larger first. NaN counts as larger than infinity, so that it surfaces instead of
hiding; equal magnitudes go to the lower unit. A choice is written in ascending order of unit.
"""

import numpy as np

SCORES = ("sum", "mean", "l2", "signed")


def top_k(chosen, dy):
    """chosen[e] = the k units of largest |dy[e]|, ascending. chosen int32 (batch, k), 1 <= k <= n_out."""
    k = chosen.shape[1]
    for e, g in enumerate(dy):
        order = np.lexsort((-np.abs(g), ~np.isnan(g)))  # the last key leads; lexsort is stable
        chosen[e] = np.sort(order[:k])


def score(out, dy, kind):
    """One score per unit over the batch, (n_out,). kind is an index into SCORES:

    0 sum |dy| (the authors' code) · 1 mean |dy| (the paper's words; chooses as the sum does) ·
    2 sqrt(sum dy²) · 3 |sum dy| (the other way to read the paper's words: a different method)
    """
    if kind == 2:
        out[:] = np.sqrt(np.square(dy).sum(axis=0))
    elif kind == 3:
        out[:] = np.abs(dy.sum(axis=0))
    else:
        out[:] = np.abs(dy).sum(axis=0)
        if kind == 1:
            out /= len(dy)


def invert(rows, start, example, value, count, chosen, picked):
    """List a choice by units: for each chosen unit the examples that chose it, and their gradients there.

    chosen int32 (batch, k), each row ascending and without repeats; picked (batch, k). Writes
        count[0]             r, how many units at least one example chose
        rows[:r]             those units, ascending
        start[:r + 1]        where the list of each unit begins in `example` and `value`
        example[:batch * k]  the examples of each list, ascending
        value[:batch * k]    what they picked there
    rows has room for n_out entries, start for n_out + 1; the rest is left as it was.
    """
    units, counts = np.unique(chosen, return_counts=True)
    r = len(units)
    count[0] = r
    rows[:r] = units
    start[0] = 0
    start[1 : r + 1] = np.cumsum(counts)
    by_unit = np.argsort(chosen, axis=None, kind="stable")
    example[: chosen.size] = by_unit // chosen.shape[1]
    value[: chosen.size] = picked.ravel()[by_unit]


def count_rows(hits, rows, picked):
    """hits[rows[i]] += the number of examples whose gradient there is not zero: activeness (meSimp, section 3).

    hits int64 (n_out,), rows int32 (r,) without repeats, picked (batch, r). NaN is not zero.
    """
    hits[rows] += np.count_nonzero(picked, axis=0)


def count_chosen(hits, chosen, picked):
    """The same with a choice per example: chosen int32 (batch, k), picked (batch, k)."""
    np.add.at(hits, chosen[picked != 0], 1)
