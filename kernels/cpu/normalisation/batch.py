"""Workers of batch normalisation: sums over rows, and passes through rows.

Sums are made of blocks of rows that stay in the first-level cache while they are read twice, so that x is fetched
once. The blocks do not depend on the number of threads, nor does any result.
"""

import numpy as np
from numba import prange

from ..policy import kernel

BLOCK = 1 << 12  # entries of a block


def rows_at_once(x):
    """How many rows a block has."""
    return max(BLOCK // x.shape[1], 8)


# ----------------------------------------------------------------------------------------------- sums


@kernel
def _blocks(x, rows):
    return (len(x) + rows - 1) // rows


@kernel(parallel=True)
def moments_pieces(mean, var, running_mean, running_var, x, rate, rows, n):
    blocks = _blocks(x, rows)
    means, squares = np.empty((blocks, x.shape[1]), x.dtype), np.empty((blocks, x.shape[1]), x.dtype)
    for p in prange(n):
        _block_moments(means, squares, x, rows, blocks * p // n, blocks * (p + 1) // n)
    _join_moments(mean, var, running_mean, running_var, means, squares, rows, len(x), rate)


@kernel
def moments(mean, var, running_mean, running_var, x, rate, rows):
    blocks = _blocks(x, rows)
    means, squares = np.empty((blocks, x.shape[1]), x.dtype), np.empty((blocks, x.shape[1]), x.dtype)
    _block_moments(means, squares, x, rows, 0, blocks)
    _join_moments(mean, var, running_mean, running_var, means, squares, rows, len(x), rate)


@kernel
def _block_moments(means, squares, x, rows, lo, hi):
    """Of each block the mean, and the sum of the squares around it.

    The first sum of many large numbers is rough. What is left around its mean says how far off that is.
    """
    left = np.empty(x.shape[1], x.dtype)
    for b in range(lo, hi):
        part, mean, square = x[b * rows : (b + 1) * rows], means[b], squares[b]
        fours, share = len(part) // 4 * 4, x.dtype.type(1 / len(part))
        mean[:] = 0
        for r in range(0, fours, 4):
            _sum_of_four(mean, part[r], part[r + 1], part[r + 2], part[r + 3])
        for r in range(fours, len(part)):
            _sum(mean, part[r])
        for c in range(len(mean)):
            mean[c] *= share
        square[:] = 0
        left[:] = 0
        for r in range(0, fours, 4):
            _squares_of_four(square, left, mean, part[r], part[r + 1], part[r + 2], part[r + 3])
        for r in range(fours, len(part)):
            _squares(square, left, mean, part[r])
        for c in range(len(mean)):
            mean[c] += share * left[c]
            square[c] -= share * left[c] * left[c]


@kernel
def _sum(total, a):
    for i in range(len(total)):
        total[i] += a[i]


@kernel
def _sum_of_four(total, a, b, c, d):
    for i in range(len(total)):
        total[i] += (a[i] + b[i]) + (c[i] + d[i])


@kernel
def _squares(total, left, mean, a):
    for i in range(len(total)):
        p = a[i] - mean[i]
        total[i] += p * p
        left[i] += p


@kernel
def _squares_of_four(total, left, mean, a, b, c, d):
    for i in range(len(total)):
        p, q, r, s = a[i] - mean[i], b[i] - mean[i], c[i] - mean[i], d[i] - mean[i]
        total[i] += (p * p + q * q) + (r * r + s * s)
        left[i] += (p + q) + (r + s)


@kernel
def _join_moments(mean, var, running_mean, running_var, means, squares, rows, count, rate):
    """Of all rows; the squares around the common mean are those around each block's and of the way between."""
    for c in range(len(mean)):
        total = 0.0
        for b in range(len(means)):
            total += means[b, c] * np.float64(min(rows, count - b * rows))
        middle, square = total / count, 0.0
        for b in range(len(means)):
            off = means[b, c] - middle
            square += squares[b, c] + off * off * np.float64(min(rows, count - b * rows))
        mean[c], var[c] = middle, square / count
        if rate > 0:
            running_mean[c] += rate * (middle - running_mean[c])
            running_var[c] += rate * (square / (count - 1) - running_var[c])


@kernel(parallel=True)
def sums_pieces(dw, db, dy, x, mean, var, eps, rows, n):
    blocks = _blocks(x, rows)
    dws, dbs = np.empty((blocks, x.shape[1]), x.dtype), np.empty((blocks, x.shape[1]), x.dtype)
    for p in prange(n):
        _block_dw(dws, dbs, dy, x, mean, rows, blocks * p // n, blocks * (p + 1) // n)
    _join_dw(dw, db, dws, dbs, var, eps)


@kernel
def sums(dw, db, dy, x, mean, var, eps, rows):
    blocks = _blocks(x, rows)
    dws, dbs = np.empty((blocks, x.shape[1]), x.dtype), np.empty((blocks, x.shape[1]), x.dtype)
    _block_dw(dws, dbs, dy, x, mean, rows, 0, blocks)
    _join_dw(dw, db, dws, dbs, var, eps)


@kernel
def _block_dw(dws, dbs, dy, x, mean, rows, lo, hi):
    """The sums of dy (x - mean) and of dy over each block."""
    for b in range(lo, hi):
        dw, db, last = dws[b], dbs[b], min((b + 1) * rows, len(x))
        dw[:] = 0
        db[:] = 0
        for r in range(b * rows, last - 1, 2):
            _dw_of_two(dw, db, mean, dy[r], x[r], dy[r + 1], x[r + 1])
        if (last - b * rows) % 2:
            for c in range(len(dw)):
                dw[c] += dy[last - 1, c] * (x[last - 1, c] - mean[c])
                db[c] += dy[last - 1, c]


@kernel
def _dw_of_two(dw, db, mean, dy, x, dy2, x2):
    for c in range(len(dw)):
        dw[c] += dy[c] * (x[c] - mean[c]) + dy2[c] * (x2[c] - mean[c])
        db[c] += dy[c] + dy2[c]


@kernel
def _join_dw(dw, db, dws, dbs, var, eps):
    for c in range(len(dw)):
        a = b = 0.0
        for i in range(len(dws)):
            a += dws[i, c]
            b += dbs[i, c]
        dw[c], db[c] = a / np.sqrt(var[c] + eps), b


# ----------------------------------------------------------------------------------------------- rows


@kernel(parallel=True)
def forward_pieces(y, x, mean, var, weight, bias, eps, n):
    for p in prange(n):
        forward(y, x, mean, var, weight, bias, eps, len(x) * p // n, len(x) * (p + 1) // n)


@kernel
def forward(y, x, mean, var, weight, bias, eps, first, last):
    slope = weight / np.sqrt(var + eps)
    for r in range(first, last):
        _forward_row(y[r], x[r], mean, slope, bias)


@kernel
def _forward_row(y, x, mean, slope, bias):
    for c in range(len(y)):
        y[c] = (x[c] - mean[c]) * slope[c] + bias[c]


@kernel(parallel=True)
def backward_pieces(dx, dy, x, mean, var, weight, dw, db, eps, n):
    for p in prange(n):
        backward(dx, dy, x, mean, var, weight, dw, db, eps, len(x) * p // n, len(x) * (p + 1) // n)


@kernel
def backward(dx, dy, x, mean, var, weight, dw, db, eps, first, last):
    one, rows = x.dtype.type(1), x.dtype.type(len(x))
    inverse = one / np.sqrt(var + eps)
    slope, shift, tilt = weight * inverse, db / rows, inverse * dw / rows
    for r in range(first, last):
        _dx_row(dx[r], dy[r], x[r], mean, slope, shift, tilt)


@kernel
def _dx_row(dx, dy, x, mean, slope, shift, tilt):
    for c in range(len(dx)):
        dx[c] = slope[c] * (dy[c] - shift[c] - (x[c] - mean[c]) * tilt[c])
