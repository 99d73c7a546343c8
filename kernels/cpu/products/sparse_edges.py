"""Products of a sparse layer edge by edge: of a few examples, and of a choice of units for each example.

The compiler gathers the inputs of an output in vectors once their indices have no sign. With a sign it would ask of
each whether it counts from the end, which takes 3.6 times as long. Bodies of parallel loops are functions of their
own, as in dense.py.
"""

import numpy as np
from numba import prange

from ..policy import kernel


@kernel(parallel=True)
def forward_few_pieces(y, x, w, b, start, source, n):
    for p in prange(n):
        forward_few(y, x, w, b, start, source, y.shape[1] * p // n, y.shape[1] * (p + 1) // n)


@kernel
def forward_few(y, x, w, b, start, source, lo, hi):
    for e in range(len(x)):
        row, out = x[e], y[e]
        for o in range(lo, hi):
            total, weights, inputs = b[o], w[start[o] : start[o + 1]], source[start[o] : start[o + 1]]
            for t in range(len(inputs)):
                total += weights[t] * row[np.uint32(inputs[t])]
            out[o] = total


@kernel(parallel=True)
def dx_few_pieces(dx, dy, w, back, target, edge, n):
    for p in prange(n):
        dx_few(dx, dy, w, back, target, edge, dx.shape[1] * p // n, dx.shape[1] * (p + 1) // n)


@kernel
def dx_few(dx, dy, w, back, target, edge, lo, hi):
    for e in range(len(dy)):
        row, out = dy[e], dx[e]
        for i in range(lo, hi):
            total, edges, outputs = (
                w.dtype.type(0),
                edge[back[i] : back[i + 1]],
                target[back[i] : back[i + 1]],
            )
            for t in range(len(edges)):
                total += w[np.uint32(edges[t])] * row[np.uint32(outputs[t])]
            out[i] = total


@kernel(parallel=True)
def dw_few_pieces(dw, dy, x, start, source, n):
    for p in prange(n):
        dw_few(dw, dy, x, start, source, dy.shape[1] * p // n, dy.shape[1] * (p + 1) // n)


@kernel
def dw_few(dw, dy, x, start, source, lo, hi):
    dw[start[lo] : start[hi]] = 0
    for e in range(len(x)):
        row, g = x[e], dy[e]
        for o in range(lo, hi):
            weight, out, inputs = g[o], dw[start[o] : start[o + 1]], source[start[o] : start[o + 1]]
            for t in range(len(inputs)):
                out[t] += weight * row[np.uint32(inputs[t])]


@kernel
def edges_of(edges, rows, start):
    at = 0
    for o in rows:
        for t in range(start[o], start[o + 1]):
            edges[at] = t
            at += 1


@kernel(parallel=True)
def dw_chosen_pieces(dw, value, x, begin, example, rows, start, source, n):
    for p in prange(n):
        dw_chosen(
            dw, value, x, begin, example, rows, start, source, len(rows) * p // n, len(rows) * (p + 1) // n
        )


@kernel
def dw_chosen(dw, value, x, begin, example, rows, start, source, lo, hi):
    at = 0
    for s in range(lo):
        at += start[rows[s] + 1] - start[rows[s]]
    for s in range(lo, hi):
        inputs = source[start[rows[s]] : start[rows[s] + 1]]
        out = dw[at : at + len(inputs)]
        out[:] = 0
        for i in range(begin[s], begin[s + 1]):
            row, weight = x[example[i]], value[i]
            for t in range(len(inputs)):
                out[t] += weight * row[np.uint32(inputs[t])]
        at += len(inputs)


@kernel(parallel=True)
def dx_chosen_pieces(dx, value, w, begin, unit, start, source, n):
    for p in prange(n):
        dx_chosen(dx, value, w, begin, unit, start, source, len(dx) * p // n, len(dx) * (p + 1) // n)


@kernel
def dx_chosen(dx, value, w, begin, unit, start, source, lo, hi):
    for e in range(lo, hi):
        row = dx[e]
        row[:] = 0
        for i in range(begin[e], begin[e + 1]):
            weight, first, end = value[i], start[unit[i]], start[unit[i] + 1]
            weights, inputs = w[first:end], source[first:end]
            for t in range(len(inputs)):
                row[np.uint32(inputs[t])] += weight * weights[t]
