"""Dense loops of an LSTM over time, each in one call, since a step is a few microseconds of work.

A step is bound by reading U. There is one parallel region a step, in which each thread multiplies the rows of U of
its own hidden units and then finishes their cells. Many sentences are shared out among the threads instead. Bodies
of parallel loops are functions of their own, as in products/dense.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from ..products.blas import product
from .cell import add, add_four, add_rows, cell_backward, cell_forward, previous, starts

FEW = 6  # sentences up to which the product of a step is made of loops here; above, it is a BLAS call
MANY = 8  # units per sentence up to which threads share the sentences, not the units


@kernel(parallel=True)
def forward_pieces(h, c, tanh_c, gates, u, active, n):
    start = begin(h, c, active)
    for t in range(len(active)):
        for p in prange(n):
            forward_step(h, c, tanh_c, gates, u, active, start, t, p, n)


@kernel
def forward(h, c, tanh_c, gates, u, active):
    start = begin(h, c, active)
    for t in range(len(active)):
        forward_step(h, c, tanh_c, gates, u, active, start, t, 0, 1)


@kernel
def forward_small(h, c, tanh_c, gates, u, active):
    """For few sentences and a U that the second-level cache holds: U is transposed once.

    Sums of its rows need no sum across a vector; `four_dots` needs one for each unit and gate.
    """
    start, transposed, every = begin(h, c, active), u.T.copy(), np.arange(u.shape[1])
    for t in range(len(active)):
        before = previous(start, active, t)
        for e in range(active[t]):
            row, now = start[t] + e, start[t] + e + active[0]
            if t > 0:  # h is zero before
                add_rows(gates[row], h[before + e], every, transposed)
            cell_forward(h[now], c[now], tanh_c[row], gates[row], c[before + e], 0, u.shape[1])


@kernel
def begin(h, c, active):
    h[: active[0]] = 0
    c[: active[0]] = 0
    return starts(active)


@kernel
def forward_step(h, c, tanh_c, gates, u, active, start, t, p, n):
    """Piece p of n of step t: its units of all sentences or, where these are many, all units of its sentences."""
    batch, first, before, size = active[t], start[t], previous(start, active, t), u.shape[1]
    if batch > FEW and MANY * batch >= size:
        lo, hi, begins, ends = 0, size, batch * p // n, batch * (p + 1) // n
    else:
        lo, hi, begins, ends = size * p // n, size * (p + 1) // n, 0, batch
    if t > 0:  # h is zero before
        add_product(gates[first + begins : first + ends], h[before + begins : before + ends], u, lo, hi)
    for e in range(begins, ends):
        row, now = first + e, first + e + active[0]
        cell_forward(h[now], c[now], tanh_c[row], gates[row], c[before + e], lo, hi)


@kernel
def add_product(gates, h, u, lo, hi):
    """gates += h Uᵀ for the four gates of units lo to hi."""
    size = u.shape[1]
    if len(h) <= FEW:
        for j in range(lo, hi):
            for e in range(len(h)):
                four_dots(gates[e], h[e], u[j], u[size + j], u[2 * size + j], u[3 * size + j], j)
        return
    if hi - lo == size:
        every = np.empty(gates.shape, h.dtype)
        product(every, h, u, False, True)
        for e in range(len(h)):
            add(gates[e], every[e])
        return
    part = np.empty((len(h), hi - lo), h.dtype)
    for gate in range(0, 4 * size, size):
        product(part, h, u[gate + lo : gate + hi], False, True)
        for e in range(len(h)):
            add(gates[e, gate + lo : gate + hi], part[e])


@kernel
def four_dots(out, x, a, b, c, d, j):
    """x times the rows of the four gates of unit j; four streams from memory are the fastest (measured)."""
    size = len(x)
    s0 = s1 = s2 = s3 = x.dtype.type(0)
    for i in range(size):
        s0 += x[i] * a[i]
        s1 += x[i] * b[i]
        s2 += x[i] * c[i]
        s3 += x[i] * d[i]
    out[j] += s0
    out[size + j] += s1
    out[2 * size + j] += s2
    out[3 * size + j] += s3


# ----------------------------------------------------------------------------- backward: every unit


@kernel(parallel=True)
def backward_all_pieces(dgates, dy, gates, c, tanh_c, u, active, work, n):
    start, sums = starts(active), np.empty((2, n, FEW, u.shape[1]), u.dtype)
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        for p in prange(n):
            backward_step(dgates, dy, gates, c, tanh_c, u, active, start, work, sums, t, p, n)


@kernel
def backward_all(dgates, dy, gates, c, tanh_c, u, active, work):
    start, sums = starts(active), np.empty((2, 1, FEW, u.shape[1]), u.dtype)
    work[:] = 0
    for t in range(len(active) - 1, -1, -1):
        backward_step(dgates, dy, gates, c, tanh_c, u, active, start, work, sums, t, 0, 1)


@kernel
def backward_step(dgates, dy, gates, c, tanh_c, u, active, start, work, sums, t, p, n):
    """Piece p of n: what the next step sent to its units, their cell, and what they send to the step before.

    For few sentences each piece reads the rows of U of its own units. What it sends to all units waits in `sums`
    for the next call, which reads one half and writes the other. For many sentences it is a BLAS call, on the
    columns of U of its units.
    """
    size, dh, dc = u.shape[1], work[0], work[1]
    lo, hi = size * p // n, size * (p + 1) // n
    later = active[t + 1] if t + 1 < len(active) else 0
    if later > FEW:
        product(dh[:later, lo:hi], dgates[start[t + 1] : start[t + 1] + later], u[:, lo:hi], False, False)
    else:
        add_up(dh[:later, lo:hi], sums[(t + 1) % 2, :, :, lo:hi])
    before = previous(start, active, t)
    for e in range(active[t]):
        row = start[t] + e
        cell_backward(dgates[row], dh[e], dc[e], dy[row], gates[row], c[before + e], tanh_c[row], lo, hi)
    if t > 0 and active[t] <= FEW:
        for e in range(active[t]):
            send(sums[t % 2, p, e], dgates[start[t] + e], u, lo, hi)


@kernel
def add_up(out, sums):
    """out[e] = the sum of sums[piece, e] over the pieces."""
    for e in range(len(out)):
        out[e] = 0
        for p in range(len(sums)):
            add(out[e], sums[p, e])


@kernel
def send(out, d, u, lo, hi):
    """out = the sum of the rows of U of the four gates of units lo to hi, each times its d."""
    size = len(out)
    out[:] = 0
    for j in range(lo, hi):
        f, g, o = size + j, 2 * size + j, 3 * size + j
        add_four(out, d[j], d[f], d[g], d[o], u[j], u[f], u[g], u[o])
