"""Workers of batch normalisation: sums over rows, and passes through rows.

x is a vector of rows, one after another, and loops run over some rows at once. For that, the numbers of a row stand
several times in a `wide` one: a loop over a row of 32 channels would begin more often than it pays.

Sums are made of blocks that stay in the cache while they are read twice, so that x is fetched once. The blocks do
not depend on the number of threads, nor does any result.
"""

import numpy as np
from numba import prange

from ..policy import kernel

WIDE = 256  # entries of a wide row, or more
BLOCK = 1 << 13  # entries of a block, or more


def block_size(channels):
    """(entries of a wide row, entries of a block): whole rows, and whole wide rows."""
    wide = max(WIDE // channels, 1) * channels
    return wide, max(BLOCK // wide, 4) * wide


@kernel
def _widen(row, wide):
    """A wide row that repeats `row`."""
    out = np.empty(wide, row.dtype)
    for at in range(0, wide, len(row)):
        out[at : at + len(row)] = row
    return out


@kernel
def _fold(row, wide):
    """row = the sum of the rows that stand in a wide one, and the wide one is zero again."""
    row[:] = 0
    for at in range(0, len(wide), len(row)):
        for c in range(len(row)):
            row[c] += wide[at + c]
    wide[:] = 0


# ----------------------------------------------------------------------------------------------- sums


@kernel(parallel=True)
def moments_pieces(mean, var, running_mean, running_var, x, rate, wide, block, n):
    blocks = (len(x) + block - 1) // block
    means, squares = np.empty((blocks, len(mean)), x.dtype), np.empty((blocks, len(mean)), x.dtype)
    for p in prange(n):
        _block_moments(means, squares, x, wide, block, blocks * p // n, blocks * (p + 1) // n)
    _join_moments(mean, var, running_mean, running_var, means, squares, len(x), block, rate)


@kernel
def moments(mean, var, running_mean, running_var, x, rate, wide, block):
    blocks = (len(x) + block - 1) // block
    means, squares = np.empty((blocks, len(mean)), x.dtype), np.empty((blocks, len(mean)), x.dtype)
    _block_moments(means, squares, x, wide, block, 0, blocks)
    _join_moments(mean, var, running_mean, running_var, means, squares, len(x), block, rate)


@kernel
def _block_moments(means, squares, x, wide, block, first, last):
    """Of each block the mean, and the sum of the squares around it.

    The first sum of many large numbers is rough. What is left around its mean says how far off that is.
    """
    channels, total, left = means.shape[1], np.zeros(wide, x.dtype), np.zeros(wide, x.dtype)
    rest = np.empty(channels, x.dtype)
    for b in range(first, last):
        part, mean, square = x[b * block : (b + 1) * block], means[b], squares[b]
        pairs, share = len(part) // (2 * wide) * 2 * wide, x.dtype.type(channels / len(part))
        for at in range(0, pairs, 2 * wide):
            _sum_of_two(total, part[at : at + wide], part[at + wide : at + 2 * wide])
        for at in range(pairs, len(part), wide):
            _sum(total, part[at : at + wide])
        _fold(mean, total)
        for c in range(channels):
            mean[c] *= share
        middle = _widen(mean, wide)
        for at in range(0, len(part), wide):
            _squares(total, left, middle, part[at : at + wide])
        _fold(square, total)
        _fold(rest, left)
        for c in range(channels):
            mean[c] += share * rest[c]
            square[c] -= share * rest[c] * rest[c]


@kernel
def _sum(total, a):
    for i in range(len(a)):
        total[i] += a[i]


@kernel
def _sum_of_two(total, a, b):
    for i in range(len(a)):
        total[i] += a[i] + b[i]


@kernel
def _squares(total, left, mean, a):
    for i in range(len(a)):
        d = a[i] - mean[i]
        total[i] += d * d
        left[i] += d


@kernel
def _join_moments(mean, var, running_mean, running_var, means, squares, entries, block, rate):
    """Of all rows; the squares around the common mean are those around each block's and of the way between."""
    channels = len(mean)
    rows = entries // channels
    for c in range(channels):
        total = 0.0
        for b in range(len(means)):
            total += means[b, c] * np.float64(min(block, entries - b * block) // channels)
        middle, square = total / rows, 0.0
        for b in range(len(means)):
            off = means[b, c] - middle
            square += squares[b, c] + off * off * np.float64(min(block, entries - b * block) // channels)
        mean[c], var[c] = middle, square / rows
        if rate > 0:
            running_mean[c] += rate * (middle - running_mean[c])
            running_var[c] += rate * (square / (rows - 1) - running_var[c])


@kernel(parallel=True)
def sums_pieces(dw, db, dy, x, mean, var, eps, wide, block, n):
    blocks = (len(x) + block - 1) // block
    dws, dbs = np.empty((blocks, len(mean)), x.dtype), np.empty((blocks, len(mean)), x.dtype)
    for p in prange(n):
        _block_sums(dws, dbs, dy, x, mean, wide, block, blocks * p // n, blocks * (p + 1) // n)
    _join_sums(dw, db, dws, dbs, var, eps)


@kernel
def sums(dw, db, dy, x, mean, var, eps, wide, block):
    blocks = (len(x) + block - 1) // block
    dws, dbs = np.empty((blocks, len(mean)), x.dtype), np.empty((blocks, len(mean)), x.dtype)
    _block_sums(dws, dbs, dy, x, mean, wide, block, 0, blocks)
    _join_sums(dw, db, dws, dbs, var, eps)


@kernel
def _block_sums(dws, dbs, dy, x, mean, wide, block, first, last):
    """The sums of dy (x - mean) and of dy over each block."""
    middle, dw, db = _widen(mean, wide), np.zeros(wide, x.dtype), np.zeros(wide, x.dtype)
    for b in range(first, last):
        for at in range(b * block, min((b + 1) * block, len(x)), wide):
            _products(dw, db, middle, dy[at : at + wide], x[at : at + wide])
        _fold(dws[b], dw)
        _fold(dbs[b], db)


@kernel
def _products(dw, db, mean, dy, x):
    for i in range(len(x)):
        dw[i] += dy[i] * (x[i] - mean[i])
        db[i] += dy[i]


@kernel
def _join_sums(dw, db, dws, dbs, var, eps):
    for c in range(len(dw)):
        a = b = 0.0
        for i in range(len(dws)):
            a += dws[i, c]
            b += dbs[i, c]
        dw[c], db[c] = a / np.sqrt(var[c] + eps), b


# ----------------------------------------------------------------------------------------------- rows


@kernel(parallel=True)
def forward_pieces(y, x, mean, var, weight, bias, eps, wide, n):
    rows = (len(x) + wide - 1) // wide
    for p in prange(n):
        forward(y, x, mean, var, weight, bias, eps, wide, rows * p // n * wide, rows * (p + 1) // n * wide)


@kernel
def forward(y, x, mean, var, weight, bias, eps, wide, first, last):
    slope, middle, shift = _widen(weight / np.sqrt(var + eps), wide), _widen(mean, wide), _widen(bias, wide)
    for at in range(first, min(last, len(x)), wide):
        _forward_row(y[at : at + wide], x[at : at + wide], middle, slope, shift)


@kernel
def _forward_row(y, x, mean, slope, bias):
    for i in range(len(x)):
        y[i] = (x[i] - mean[i]) * slope[i] + bias[i]


@kernel(parallel=True)
def backward_pieces(dx, dy, x, mean, var, weight, dw, db, eps, wide, n):
    rows = (len(x) + wide - 1) // wide
    for p in prange(n):
        lo, hi = rows * p // n * wide, rows * (p + 1) // n * wide
        backward(dx, dy, x, mean, var, weight, dw, db, eps, wide, lo, hi)


@kernel
def backward(dx, dy, x, mean, var, weight, dw, db, eps, wide, first, last):
    one, rows = x.dtype.type(1), x.dtype.type(len(x) // len(mean))
    inverse = one / np.sqrt(var + eps)
    slope, middle = _widen(weight * inverse, wide), _widen(mean, wide)
    shift, tilt = _widen(db / rows, wide), _widen(inverse * dw / rows, wide)
    for at in range(first, min(last, len(x)), wide):
        hi = at + wide
        _backward_row(dx[at:hi], dy[at:hi], x[at:hi], middle, slope, shift, tilt)


@kernel
def _backward_row(dx, dy, x, mean, slope, shift, tilt):
    for i in range(len(x)):
        dx[i] = slope[i] * (dy[i] - shift[i] - (x[i] - mean[i]) * tilt[i])
