"""One direction of an LSTM whose gates have lost entries, each its own: what meSimp leaves, gate by gate.

As lstm.py, but for what holds only the entries that are left:

    place           int32 (r,)         which of the 4 size entries of the gates they are, ascending
    sums, dgates    (rows, r)          x Wᵀ + b + h' Uᵀ before the gates' functions, and its gradient
    u, w            (r, size), (r, n_in)

An entry that is gone has the sum 0, so that i, f, o are 1/2 there, and g is 0; it has no gradient. gates stays
(rows, 4 size). A choice is among the r entries. Groups of them may differ in size: group j is the entries ends[j]
to ends[j + 1], of which columns picks[j] to picks[j + 1] of `chosen` are chosen; both int32 (groups + 1,). A group
may be empty, `chosen` is not.
"""

import numpy as np

from . import lstm, select


def forward(h, c, tanh_c, gates, sums, u, active, place):
    """On entry sums is x Wᵀ + b; afterwards gates is i, f, g, o as of `lstm.forward`, and sums is undefined."""
    h[: active[0]] = 0
    c[: active[0]] = 0
    for now, state, before in lstm._steps(active):
        if now.start:
            sums[now] += h[before] @ u.T
        gates[now] = 0
        gates[now, place] = sums[now]
        lstm._cell(h, c, tanh_c, gates, now, state, before)


def backward_all(dgates, dy, gates, c, tanh_c, u, active, place, work):
    """dgates, every entry that is left sent on: dh' = dgates U."""
    _through_time(dgates, dy, gates, c, tanh_c, active, place, work, lambda now: dgates[now] @ u)


def backward_top_k(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, place, ends, picks, work):
    """Each word sends the largest |dgates| of each group to x and to the word before: dh' = picked U."""

    def send(now):
        _each_group(chosen[now], dgates[now], ends, picks, select.top_k)
        return lstm._send(picked, dx, chosen, dgates, u, w, now)

    _through_time(dgates, dy, gates, c, tanh_c, active, place, work, send)


def backward_unified(
    dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, place, ends, picks, kind, work
):
    """One choice a step for all sentences that reach it, by a score over them (kind: see select.score)."""

    def send(now):
        _each_group(chosen[now], dgates[now], ends, picks, lstm._one_for_all(kind))
        return lstm._send(picked, dx, chosen, dgates, u, w, now)

    _through_time(dgates, dy, gates, c, tanh_c, active, place, work, send)


def backward_chosen(dgates, picked, dx, chosen, dy, gates, c, tanh_c, u, w, active, place, scale, work):
    """The choice is given; picked is dgates there, times scale (columns of chosen,) in the arrays' type."""

    def send(now):
        return lstm._send(picked, dx, chosen, dgates, u, w, now, scale)

    _through_time(dgates, dy, gates, c, tanh_c, active, place, work, send)


def _through_time(dgates, dy, gates, c, tanh_c, active, place, work, send):
    """`lstm._through_time`; of each step's gradient of all entries, dgates gets those that are left."""
    every = np.empty_like(gates)

    def send_left(now):
        dgates[now] = every[now][:, place]
        return send(now)

    lstm._through_time(every, dy, gates, c, tanh_c, active, work, send_left)


def _each_group(chosen, dgates, ends, picks, top_k):
    for lo, hi, first, last in zip(ends, ends[1:], picks, picks[1:]):
        if last > first:
            units = np.empty((len(chosen), last - first), np.int32)
            top_k(units, dgates[:, lo:hi])
            chosen[:, first:last] = units + lo
