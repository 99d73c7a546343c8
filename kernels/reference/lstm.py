"""One direction of an LSTM, and minimal-effort back propagation through time.

Rows are words in the order of their time steps: first those of step 0 of every sentence, longest sentence first,
then those of step 1, and so on. `active` int32 (steps,) says how many sentences reach each step; it never rises, so
that the sentences of a step are the first of those of the step before. `batch` = active[0] sentences.

    gates, dgates   (rows, 4 size)    input i, forget f, cell g and output o, one after another
    h, c            (batch + rows, size)    the first `batch` rows are the states before step 0: zero
    tanh_c, dy      (rows, size)      tanh c, for the backward pass; the gradient of h from the layer above
    u, w            (4 size, size), (4 size, n_in)    recurrent weights, and those of the inputs
    work            (2, batch, size)  scratch

The backward kernels get gates, c and tanh_c as `forward` left them. A choice is int32 (rows, groups k), ascending,
among the 4 size entries of dgates: k units of each gate with groups = 4, k units of all gates with groups = 1.
`picked` holds the chosen entries of dgates; dgates itself is always dense. The kernels with a choice also compute
dx = picked W, which can be done beside the loop; a dx without rows is not computed. All other products are kernels
of `linear`.
"""

from itertools import pairwise

import numpy as np

from . import activation, select

LISTS = ("systematic", "threshold", "signs")  # kernels of `select` that list units, by index


def _steps(active):
    """For each step: its rows in gates, its rows in h and c, and the rows of the step before in h and c."""
    batch, first, before = int(active[0]), 0, 0
    for n in map(int, active):
        yield slice(first, first + n), slice(batch + first, batch + first + n), slice(before, before + n)
        before = batch + first
        first += n


def forward(h, c, tanh_c, gates, u, active):
    """On entry gates is x Wᵀ + b, afterwards i, f, g, o.

    i, f, o = σ(x Wᵀ + b + h' Uᵀ),  g = tanh(...),  c = f c' + i g,  h = o tanh c;  h', c' of the step before.
    """
    h[: active[0]] = 0
    c[: active[0]] = 0
    for now, state, before in _steps(active):
        if now.start:  # there is no state before step 0, and nothing is multiplied
            gates[now] += h[before] @ u.T
        _cell(h, c, tanh_c, gates, now, state, before)


def backward_all(dgates, dy, gates, c, tanh_c, u, active, work):
    """dgates, all of whose units send their gradient to the step before: dh' = dgates U."""
    _through_time(dgates, dy, gates, c, tanh_c, active, work, lambda now: dgates[now] @ u)


def backward_top_k(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, work):
    """Each word sends its k largest |dgates| of each group to the word before: dh' = picked U; dx = picked W."""

    def send(now):
        _each_group(chosen[now], dgates[now], groups, select.top_k)
        return _send(picked, dx, chosen, dgates, u, w, now)

    _through_time(dgates, dy, gates, c, tanh_c, active, work, send)


def backward_unified(dgates, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, kind, work):
    """The same with one choice at each step for all its sentences, by their score (kind: see select.score)."""

    def send(now):
        _each_group(chosen[now], dgates[now], groups, _one_for_all(kind))
        return _send(picked, dx, chosen, dgates, u, w, now)

    _through_time(dgates, dy, gates, c, tanh_c, active, work, send)


def backward_chosen(dgates, picked, dx, chosen, dy, gates, c, tanh_c, u, w, active, scale, work):
    """The same with a given choice (random-k); picked is `scale` times the chosen entries of dgates."""

    def send(now):
        return _send(picked, dx, chosen, dgates, u, w, now, scale)

    _through_time(dgates, dy, gates, c, tanh_c, active, work, send)


def backward_lists(
    dgates, length, chosen, picked, dx, dy, gates, c, tanh_c, u, w, active, groups, k, kind, points, work
):
    """The same with lists: row i has the first length[i] entries of chosen[i] and picked[i]. length int32 (rows,).

    For each group the kernel LISTS[kind] of `select` lists units and their gradients, for k units of a row. Its u
    are numbers of `points`, which is (rows, groups) for a walk through each row, and (steps, groups) for a walk
    through all rows of a step; "signs" reads none. The tables have room for the longest list: groups k entries of a
    row or, where rows share a walk, 4 size.
    """
    step, each = iter(range(len(active) - 1, -1, -1)), len(points) == len(dgates)

    def send(now):
        t = next(step)
        length[now] = 0
        for g, mine in enumerate(np.split(dgates[now], groups, axis=1)):
            begin = points[now, g] if each else points[t : t + 1, g]
            _list(length[now], chosen[now], picked[now], mine, begin, k, kind, g)
        values, units = ([row[:n] for row, n in zip(a[now], length[now])] for a in (picked, chosen))
        return _products(values, units, dx, u, w, now)

    _through_time(dgates, dy, gates, c, tanh_c, active, work, send)


def _cell(h, c, tanh_c, gates, now, state, before):
    """The cells of one step. On entry gates is x Wᵀ + b + h' Uᵀ."""
    i, f, g, o = np.split(gates[now], 4, axis=1)
    for gate in (i, f, o):
        activation.sigmoid(gate, gate)
    np.tanh(g, out=g)
    c[state] = f * c[before] + i * g
    np.tanh(c[state], out=tanh_c[now])
    h[state] = o * tanh_c[now]


def _through_time(dgates, dy, gates, c, tanh_c, active, work, send):
    """From the last step to the first; `send(rows of a step)` returns the gradient of the states h before it."""
    work[:] = 0
    dh, dc = work
    for now, _, before in reversed(list(_steps(active))):
        n = now.stop - now.start
        i, f, g, o = np.split(gates[now], 4, axis=1)
        di, df, dg, do = np.split(dgates[now], 4, axis=1)
        dh[:n] += dy[now]
        do[:] = dh[:n] * tanh_c[now] * o * (1 - o)
        dc[:n] += dh[:n] * o * (1 - tanh_c[now] ** 2)
        di[:] = dc[:n] * g * i * (1 - i)
        df[:] = dc[:n] * c[before] * f * (1 - f)
        dg[:] = dc[:n] * i * (1 - g**2)
        dc[:n] *= f
        dh[:n] = send(now)


def _each_group(chosen, dgates, groups, top_k):
    """Choose in each group of columns. Units are numbered across all groups."""
    width, k = dgates.shape[1] // groups, chosen.shape[1] // groups
    for g in range(groups):
        units = np.empty((len(chosen), k), np.int32)
        top_k(units, dgates[:, g * width : (g + 1) * width])
        chosen[:, g * k : (g + 1) * k] = units + g * width


def _one_for_all(kind):
    """A top_k that makes one choice for all rows, by their score."""

    def top_k(chosen, dy):
        score = np.empty((1, dy.shape[1]), dy.dtype)
        select.score(score[0], dy, kind)
        select.top_k(chosen[:1], score)
        chosen[:] = chosen[0]

    return top_k


def _send(picked, dx, chosen, dgates, u, w, now, scale=1.0):
    """Pick the chosen entries of the rows `now`, and send them on."""
    picked[now] = np.take_along_axis(dgates[now], chosen[now], axis=1) * dgates.dtype.type(scale)
    return _products(picked[now], chosen[now], dx, u, w, now)


def _list(length, chosen, picked, dgates, begin, k, kind, g):
    """Add to the lists what rows choose of group g, whose columns dgates has."""
    rows, width = dgates.shape
    start, unit, value = (
        np.empty(n, t) for n, t in ((rows + 1, "i4"), (rows * k, "i4"), (rows * k, dgates.dtype))
    )
    drawn = () if LISTS[kind] == "signs" else (begin,)
    getattr(select, LISTS[kind])(start, unit, value, dgates, *drawn, k)
    for e, (lo, hi) in enumerate(pairwise(start)):
        at = slice(length[e], length[e] + hi - lo)
        chosen[e, at], picked[e, at] = unit[lo:hi] + g * width, value[lo:hi]
        length[e] += hi - lo


def _products(picked, chosen, dx, u, w, now):
    """Set dx of the rows `now`, and return the gradient of the states before, from their chosen entries."""
    dh = np.empty((now.stop - now.start, u.shape[1]), u.dtype)
    for out, a in ((dx[now], w), (dh, u)) if len(dx) else ((dh, u),):
        for row, value, units in zip(out, picked, chosen):
            row[:] = value @ a[units]
    return dh


def take(out, a, order, column):
    """out[i] = a[order[i], column : column + width of out]. order int32."""
    out[:] = a[order, column : column + out.shape[1]]


def put(out, a, order, column, add):
    """out[order[i], column : column + width of a] = a[i], or += with `add`. order has no repeats."""
    columns = slice(column, column + a.shape[1])
    out[order, columns] = out[order, columns] + a if add else a
