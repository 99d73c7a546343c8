"""Batch normalisation, and local response normalisation.

Batch normalisation knows rows: x, y, dx, dy (rows, n), a row for each example or pixel. mean, var, weight, bias and
their gradients are (n,). With s = sqrt(var + eps) and xhat = (x - mean) / s,

    y = weight xhat + bias        db = sum of dy        dw = sum of dy xhat
    dx = weight / s (dy - db / rows - xhat dw / rows)

Local response normalisation knows pixels (batch, height, width, channels). box = (rows, columns, channels), three
ints: the box around each entry, whose middle is entry size // 2 along each axis. What lies outside is zero.

    scale = k + alpha / (entries of a box) * sum of x² over the box        y = x scale^-beta
"""

import numpy as np


def moments(mean, var, running_mean, running_var, x, rate):
    """The mean of x and its variance, the mean square of x - mean. Then the running ones move, in place.

    running <- running + rate (now - running), with the unbiased variance, which divides by rows - 1. With rate = 0
    they stay, even where x is not finite.
    """
    mean[...] = x.mean(axis=0, dtype=np.float64)
    square = np.square(x - mean.astype(np.float64)).sum(axis=0)
    var[...] = square / len(x)
    if rate:
        running_mean += (rate * (mean - running_mean)).astype(x.dtype)
        running_var += (rate * (square / (len(x) - 1) - running_var)).astype(x.dtype)


def batch_forward(y, x, mean, var, weight, bias, eps):
    """y = weight xhat + bias."""
    y[...] = (x - mean) * (weight / _deviation(var, eps)) + bias


def batch_dw(dw, db, dy, x, mean, var, eps):
    """dw = sum of dy xhat, db = sum of dy."""
    db[...] = dy.sum(axis=0, dtype=np.float64)
    dw[...] = (dy * (x - mean)).sum(axis=0, dtype=np.float64) / _deviation(var, eps)


def batch_dx(dx, dy, x, mean, var, weight, dw, db, eps):
    """dx, where mean and var are those of x. Where they are given numbers, dx is that of dw = db = 0."""
    s = _deviation(var, eps)
    dx[...] = weight / s * (dy - db / len(x) - (x - mean) / s * (dw / len(x)))


def response_forward(y, scale, x, box, alpha, beta, k):
    """scale and y."""
    scale[...] = k + alpha / np.prod(box) * _sums(x * x, box, mirrored=False)
    y[...] = x * scale**-beta


def response_backward(dx, dy, y, scale, x, box, alpha, beta, work):
    """dx = dy scale^-beta - 2 alpha beta / (entries of a box) x (sum of dy y / scale).

    The sum is over the boxes that the entry lies in. work: the shape of x.
    """
    np.multiply(dy, y / scale, out=work)
    factor = 2 * alpha * beta / np.prod(box)
    dx[...] = dy * scale**-beta - factor * x * _sums(work, box, mirrored=True)


def _deviation(var, eps):
    return np.sqrt(var + var.dtype.type(eps))


def _sums(x, box, mirrored):
    """The sum of x over the box around each entry; mirrored: over the boxes that the entry lies in."""
    before, after = [size // 2 for size in box], [(size - 1) // 2 for size in box]
    if mirrored:
        before, after = after, before
    padded, total = np.pad(x, [(0, 0), *zip(before, after)]), np.zeros_like(x)
    for h, w, c in np.ndindex(*box):
        total += padded[:, h : h + x.shape[1], w : w + x.shape[2], c : c + x.shape[3]]
    return total
