"""Optimiser steps, fused into one pass over memory; see reference/update.py for the formulas.

Each optimiser has three kernels: the update of a row, a walk over rows, and the walk in pieces. A row without a
gradient (only with `everywhere`) gets a gradient of zeros, which stays in the first-level cache. The numbers of a
rule come as an array, since handing over ten of them costs more than a small update.
"""

import numpy as np
from numba import prange

from ..reference.update import TINY
from .policy import kernel, pieces

__all__ = ["TINY", "adagrad", "adam", "sgd", "sum_of_squares"]


def sgd(w, velocity, rows, g, rule, everywhere):
    last, n = _work(w, rows, everywhere)
    if n > 1:
        _sgd_pieces(w, velocity, rows, g, rule, everywhere, last, n)
    else:
        _sgd(w, velocity, rows, g, rule, everywhere, 0, last)


def adagrad(w, h, rows, g, rule, everywhere):
    last, n = _work(w, rows, everywhere)
    if n > 1:
        _adagrad_pieces(w, h, rows, g, rule, everywhere, last, n)
    else:
        _adagrad(w, h, rows, g, rule, everywhere, 0, last)


def adam(w, m, v, rows, g, rule, everywhere):
    last, n = _work(w, rows, everywhere)
    if n > 1:
        _adam_pieces(w, m, v, rows, g, rule, everywhere, last, n)
    else:
        _adam(w, m, v, rows, g, rule, everywhere, 0, last)


def _work(w, rows, everywhere):
    """(how many rows are visited, in how many pieces)."""
    last = len(w) if everywhere else len(rows)
    return last, pieces(last * w.shape[1])


def sum_of_squares(out, g):
    _sum_of_squares(out, g.reshape(-1))


@kernel
def _gradient(g, w, decay, clip, scale):
    g = scale * g + decay * w
    g = clip if g > clip else g  # comparisons with NaN are false: it stays
    return -clip if g < -clip else g


@kernel
def _flush(moment, tiny, zero):
    return zero if abs(moment) < tiny else moment


@kernel
def _row(i, s, w, rows, g, zero, everywhere):
    """(row of w, its gradient, index of the next entry of `rows`) at visit i. s: that index before the visit."""
    if not everywhere:
        return rows[i], g[i], s
    if s < len(rows) and rows[s] == i:
        return np.int32(i), g[s], s + 1
    return np.int32(i), zero, s


# ------------------------------------------------------------------------------------------------ SGD


@kernel
def _sgd_row(w, g, rule):
    lr, decay, clip, scale = rule[0], rule[2], rule[3], rule[4]
    for i in range(len(w)):
        w[i] -= lr * _gradient(g[i], w[i], decay, clip, scale)


@kernel
def _momentum_row(w, v, g, rule):
    lr, momentum, decay, clip, scale = rule[0], rule[1], rule[2], rule[3], rule[4]
    zero, tiny = w.dtype.type(0), w.dtype.type(TINY)
    for i in range(len(w)):
        v[i] = _flush(momentum * v[i] + _gradient(g[i], w[i], decay, clip, scale), tiny, zero)
        w[i] -= lr * v[i]


@kernel
def _sgd(w, velocity, rows, g, rule, everywhere, lo, hi):
    s, zero = np.searchsorted(rows, lo), np.zeros(w.shape[1], w.dtype)
    for i in range(lo, hi):
        row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
        if rule[1] == 0:
            _sgd_row(w[row], grad, rule)
        else:
            _momentum_row(w[row], velocity[row], grad, rule)


@kernel(parallel=True)
def _sgd_pieces(w, velocity, rows, g, rule, everywhere, last, n):
    for p in prange(n):
        _sgd(w, velocity, rows, g, rule, everywhere, last * p // n, last * (p + 1) // n)


# -------------------------------------------------------------------------------------------- AdaGrad


@kernel
def _adagrad_row(w, h, g, rule):
    lr, eps, decay, clip, scale = rule[0], rule[1], rule[2], rule[3], rule[4]
    for i in range(len(w)):
        grad = _gradient(g[i], w[i], decay, clip, scale)
        h[i] += grad * grad
        w[i] -= lr * grad / np.sqrt(h[i] + eps)


@kernel
def _adagrad(w, h, rows, g, rule, everywhere, lo, hi):
    s, zero = np.searchsorted(rows, lo), np.zeros(w.shape[1], w.dtype)
    for i in range(lo, hi):
        row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
        _adagrad_row(w[row], h[row], grad, rule)


@kernel(parallel=True)
def _adagrad_pieces(w, h, rows, g, rule, everywhere, last, n):
    for p in prange(n):
        _adagrad(w, h, rows, g, rule, everywhere, last * p // n, last * (p + 1) // n)


# ----------------------------------------------------------------------------------------------- Adam


@kernel
def _adam_row(w, m, v, g, rule):
    lr, beta1, rest1, beta2, rest2, eps = rule[0], rule[1], rule[2], rule[3], rule[4], rule[5]
    decay, clip, scale = rule[6], rule[7], rule[8]
    zero, tiny = w.dtype.type(0), w.dtype.type(TINY)
    for i in range(len(w)):
        grad = _gradient(g[i], w[i], decay, clip, scale)
        m[i] = _flush(beta1 * m[i] + rest1 * grad, tiny, zero)
        v[i] = _flush(beta2 * v[i] + rest2 * (grad * grad), tiny, zero)
        w[i] -= lr * m[i] / (np.sqrt(v[i]) + eps)


@kernel
def _adam(w, m, v, rows, g, rule, everywhere, lo, hi):
    s, zero = np.searchsorted(rows, lo), np.zeros(w.shape[1], w.dtype)
    for i in range(lo, hi):
        row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
        _adam_row(w[row], m[row], v[row], grad, rule)


@kernel(parallel=True)
def _adam_pieces(w, m, v, rows, g, rule, everywhere, last, n):
    for p in prange(n):
        _adam(w, m, v, rows, g, rule, everywhere, last * p // n, last * (p + 1) // n)


@kernel
def _sum_of_squares(out, g):
    total = 0.0
    for i in range(len(g)):
        total += np.float64(g[i]) * np.float64(g[i])
    out[0] += total
