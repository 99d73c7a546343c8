"""Optimiser steps, fused into one pass over memory; see reference/update.py for the formulas.

Each optimiser is a row kernel and a driver. The driver walks the rows of its piece; a row without a gradient
(only met with `everywhere`) gets a row of zeros, which stays in the first-level cache.
"""

import numpy as np
from numba import prange

from ..reference.update import TINY
from .policy import kernel, pieces

__all__ = ["TINY", "adagrad", "adam", "sgd", "sum_of_squares"]


def _touched(w, rows, everywhere):
    return (len(w) if everywhere else len(rows)) * w.shape[1]


def sgd(w, velocity, rows, g, lr, momentum, decay, clip, scale, everywhere):
    t = w.dtype.type
    n = pieces(_touched(w, rows, everywhere))
    _sgd(w, velocity, rows, g, t(lr), t(momentum), t(decay), t(clip), t(scale), everywhere, n)


def adagrad(w, h, rows, g, lr, eps, decay, clip, scale, everywhere):
    t = w.dtype.type
    n = pieces(_touched(w, rows, everywhere))
    _adagrad(w, h, rows, g, t(lr), t(eps), t(decay), t(clip), t(scale), everywhere, n)


def adam(w, m, v, rows, g, lr, beta1, beta2, eps, decay, clip, scale, everywhere):
    t = w.dtype.type
    n = pieces(_touched(w, rows, everywhere))
    rest1, rest2 = t(1 - beta1), t(1 - beta2)
    _adam(w, m, v, rows, g, t(lr), t(beta1), rest1, t(beta2), rest2, t(eps), t(decay), t(clip), t(scale),
          everywhere, n)  # fmt: skip


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
def _sgd_row(w, g, lr, decay, clip, scale):
    for i in range(len(w)):
        w[i] -= lr * _gradient(g[i], w[i], decay, clip, scale)


@kernel
def _momentum_row(w, v, g, lr, momentum, decay, clip, scale):
    tiny, zero = w.dtype.type(TINY), w.dtype.type(0)
    for i in range(len(w)):
        v[i] = _flush(momentum * v[i] + _gradient(g[i], w[i], decay, clip, scale), tiny, zero)
        w[i] -= lr * v[i]


@kernel
def _adagrad_row(w, h, g, lr, eps, decay, clip, scale):
    for i in range(len(w)):
        grad = _gradient(g[i], w[i], decay, clip, scale)
        h[i] += grad * grad
        w[i] -= lr * grad / np.sqrt(h[i] + eps)


@kernel
def _adam_row(w, m, v, g, lr, beta1, rest1, beta2, rest2, eps, decay, clip, scale):
    tiny, zero = w.dtype.type(TINY), w.dtype.type(0)
    for i in range(len(w)):
        grad = _gradient(g[i], w[i], decay, clip, scale)
        m[i] = _flush(beta1 * m[i] + rest1 * grad, tiny, zero)
        v[i] = _flush(beta2 * v[i] + rest2 * (grad * grad), tiny, zero)
        w[i] -= lr * m[i] / (np.sqrt(v[i]) + eps)


@kernel
def _span(p, n, w, rows, everywhere):
    """(first, last) of piece p of n: of rows of w with `everywhere`, else of entries of `rows`."""
    total = len(w) if everywhere else len(rows)
    return total * p // n, total * (p + 1) // n


@kernel
def _row(i, s, w, rows, g, zero, everywhere):
    """(row of w, its gradient, the next entry of `rows` to come) at position i of a span."""
    if not everywhere:
        return rows[i], g[i], s
    if s < len(rows) and rows[s] == i:
        return np.int32(i), g[s], s + 1
    return np.int32(i), zero, s


@kernel(parallel=True)
def _sgd(w, velocity, rows, g, lr, momentum, decay, clip, scale, everywhere, n):
    for p in prange(n):
        lo, hi = _span(p, n, w, rows, everywhere)
        s = np.searchsorted(rows, lo)
        zero = np.zeros(w.shape[1], w.dtype)
        for i in range(lo, hi):
            row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
            if momentum == 0:
                _sgd_row(w[row], grad, lr, decay, clip, scale)
            else:
                _momentum_row(w[row], velocity[row], grad, lr, momentum, decay, clip, scale)


@kernel(parallel=True)
def _adagrad(w, h, rows, g, lr, eps, decay, clip, scale, everywhere, n):
    for p in prange(n):
        lo, hi = _span(p, n, w, rows, everywhere)
        s = np.searchsorted(rows, lo)
        zero = np.zeros(w.shape[1], w.dtype)
        for i in range(lo, hi):
            row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
            _adagrad_row(w[row], h[row], grad, lr, eps, decay, clip, scale)


@kernel(parallel=True)
def _adam(w, m, v, rows, g, lr, beta1, rest1, beta2, rest2, eps, decay, clip, scale, everywhere, n):
    for p in prange(n):
        lo, hi = _span(p, n, w, rows, everywhere)
        s = np.searchsorted(rows, lo)
        zero = np.zeros(w.shape[1], w.dtype)
        for i in range(lo, hi):
            row, grad, s = _row(i, s, w, rows, g, zero, everywhere)
            _adam_row(w[row], m[row], v[row], grad, lr, beta1, rest1, beta2, rest2, eps, decay, clip, scale)


@kernel
def _sum_of_squares(out, g):
    total = 0.0
    for i in range(len(g)):
        total += np.float64(g[i]) * np.float64(g[i])
    out[0] += total
