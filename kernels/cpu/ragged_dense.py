"""Dense loops over time of an LSTM whose gates have lost entries.

Sentences are dealt out among the threads, each from its first step to its last: none waits for another.
"""

import numpy as np
from numba import prange

from .blas import product
from .cell import add, add_four, cell_forward, cell_left, previous, starts
from .policy import kernel

FEW = 6  # sentences up to which the product of a step is sums of our own; above, BLAS


@kernel(parallel=True)
def forward_pieces(h, c, tanh_c, gates, sums, u, active, place, n):
    for p in prange(n):
        forward(h, c, tanh_c, gates, sums, u, active, place, p, n)


@kernel
def forward(h, c, tanh_c, gates, sums, u, active, place, p, n):
    """Every n-th sentence, from number p on, step by step."""
    batch, start = active[0], starts(active)
    part = np.empty(((batch - p + n - 1) // n, len(u)), u.dtype)
    for e in range(p, batch, n):
        h[e] = 0
        c[e] = 0
    for t in range(len(active)):
        first, before = start[t], previous(start, active, t)
        if t > 0:
            add_product(sums, h, u, part, first, before, active[t], p, n)
        for e in range(p, active[t], n):
            row, now = first + e, first + e + batch
            gates[row] = 0
            for j in range(len(place)):
                gates[row, place[j]] = sums[row, j]
            cell_forward(h[now], c[now], tanh_c[row], gates[row], c[before + e], 0, h.shape[1])


@kernel
def add_product(sums, h, u, part, first, before, end, p, n):
    """sums += h Uᵀ of every n-th of the sentences p to end, whose rows begin at first and before."""
    count = max(0, (end - p + n - 1) // n)
    if count <= FEW:
        for i in range(count):
            dots(sums[first + p + i * n], h[before + p + i * n], u)
        return
    product(part[:count], h[before + p : before + end : n], u, False, True)
    for i in range(count):
        add(sums[first + p + i * n], part[i])


@kernel
def dots(out, x, u):
    """out += U x, four rows at a time."""
    few = len(u) // 4 * 4
    for j in range(0, few, 4):
        a, b, c, d = u[j], u[j + 1], u[j + 2], u[j + 3]
        s0 = s1 = s2 = s3 = x.dtype.type(0)
        for i in range(len(x)):
            s0 += x[i] * a[i]
            s1 += x[i] * b[i]
            s2 += x[i] * c[i]
            s3 += x[i] * d[i]
        out[j] += s0
        out[j + 1] += s1
        out[j + 2] += s2
        out[j + 3] += s3
    for j in range(few, len(u)):
        s0 = x.dtype.type(0)
        for i in range(len(x)):
            s0 += x[i] * u[j, i]
        out[j] += s0


# ----------------------------------------------------------------------------- backward: every entry


@kernel(parallel=True)
def backward_all_pieces(dgates, dy, gates, c, tanh_c, u, active, place, work, n):
    for p in prange(n):
        backward_all(dgates, dy, gates, c, tanh_c, u, active, place, work, p, n)


@kernel
def backward_all(dgates, dy, gates, c, tanh_c, u, active, place, work, p, n):
    """Every n-th sentence, from number p on, step by step."""
    start, every, dh = starts(active), np.empty(gates.shape[1], u.dtype), work[0]
    kept = (gates, c, tanh_c, u, u, active, place)
    for e in range(p, active[0], n):
        work[:, e] = 0
    for t in range(len(active) - 1, -1, -1):
        first, end = start[t], active[t]
        for e in range(p, end, n):
            cell_left(dgates, every, dy, kept, start, work, t, e)
        if t > 0 and end - p > FEW * n:
            product(dh[p:end:n], dgates[first + p : first + end : n], u, False, False)
        elif t > 0:
            for e in range(p, end, n):
                add_all(dh[e], dgates[first + e], u)


@kernel
def add_all(out, weight, a):
    """out = sum of weight[i] a[i], four rows at a time."""
    out[:] = 0
    n = len(a) // 4 * 4
    for i in range(0, n, 4):
        w0, w1, w2, w3 = weight[i], weight[i + 1], weight[i + 2], weight[i + 3]
        add_four(out, w0, w1, w2, w3, a[i], a[i + 1], a[i + 2], a[i + 3])
    for i in range(n, len(a)):
        add_row(out, weight[i], a[i])


@kernel
def add_row(out, weighs, row):
    for j in range(len(out)):
        out[j] += weighs * row[j]
