"""Convolution as a matrix product, and its backward products for each kind of choice.

Names: x, xp, dx are pixels (batch, height, width, channels); xp has the padding too. A window is the part of a
picture of xp that a filter sees at one of P positions; corner int32 (P,) is the number of its first pixel there,
counted row by row. w (filters, kh, kw, channels). y and dy (batch, P, filters). So a convolution is the product of
a linear layer whose examples are the batch P windows:

    y[n, p, m] = sum of w[m, i, j, c] xp[n, window p at (i, j), c] over i, j, c, + b[m]

Zeros of the margin may be left out of sums, and so may windows that no chosen entry belongs to: where x or w is not
finite, a backend need not say NaN for zero times infinity.

A position counts through the batch: n P + p. There are kernels for choices of whole positions (`*_rows`), and one
for entries of any positions and filters.
"""

import numpy as np


def forward(y, xp, x, w, b, corner):
    """Write x into the middle of xp, and y. The margins of xp hold zeros already and stay."""
    top, left = (xp.shape[1] - x.shape[1]) // 2, (xp.shape[2] - x.shape[2]) // 2
    xp[:, top : top + x.shape[1], left : left + x.shape[2]] = x
    y[...] = np.tensordot(_windows(xp, corner, w.shape[1], w.shape[2]), w.reshape(len(w), -1), (2, 1)) + b


def dw_all(dw, dy, xp, corner, top):
    """dW[m] = sum of dy[n, p, m] times the window over all positions. top: lines of zeros above and below in xp."""
    seen = _windows(xp, corner, dw.shape[1], dw.shape[2])
    dw[...] = np.tensordot(dy, seen, ((0, 1), (0, 1))).reshape(dw.shape)


def dw_rows(dw, picked, xp, corner, rows):
    """The same for the positions `rows` only, int32 (r,) ascending. picked (r, filters): their gradients."""
    seen = _windows(xp, corner, dw.shape[1], dw.shape[2])
    dw[...] = (picked.T @ seen.reshape(-1, seen.shape[2])[rows]).reshape(dw.shape)


def dx_all(dx, dy, w, corner, top, left):
    """dx: each window of the padded picture gets the sum of dy[n, p, m] w[m] over m. The margins are cut off."""
    rows = np.arange(len(dy) * len(corner), dtype=np.int32)
    dx_rows(dx, dy.reshape(len(rows), -1), w, corner, rows, top, left)


def dx_rows(dx, picked, w, corner, rows, top, left):
    """The same for the positions `rows` only."""
    _scatter(dx, picked @ w.reshape(len(w), -1), w, corner, rows, top, left)


def backward_chosen(dw, count, sums, dx, begin, entry, picked, xp, w, corner, top, left):
    """dW and dx of a gradient that is zero but for some entries: entry p filters + m of example n is dy[n, p, m].

    begin, entry, picked: lists of the entries of each example, ascending, and their gradients, as selectors on
    (batch, P filters) return them. Writes
        dw (filters, kh, kw, channels)   zeros where no entry belongs to a filter
        count int32 (filters,)           how many entries of each filter are not zero; NaN is not
        sums (filters,)                  the sum of the gradients of each filter
        dx                               unless it has no pictures
    """
    filters, total = len(dw), begin[-1]
    dy = np.zeros((len(xp), len(corner) * filters), dw.dtype)
    example = np.repeat(np.arange(len(xp)), np.diff(begin))
    dy[example, entry[:total]] = picked[:total]
    dy = dy.reshape(len(xp), len(corner), filters)
    dw_all(dw, dy, xp, corner, top)
    count[:] = np.count_nonzero(dy, axis=(0, 1))
    sums[:] = dy.sum(axis=(0, 1))
    if len(dx):
        dx_all(dx, dy, w, corner, top, left)


def follow(mean, x, rate):
    """mean <- mean + rate (mean of x over pictures and pixels - mean), in place. mean (channels,)."""
    mean += x.dtype.type(rate) * (x.reshape(-1, x.shape[-1]).mean(axis=0) - mean)


def center(dw, mean, sums):
    """Take the mean input away from windows after the product: dw[s, i, j] -= sums[s] mean, in place.

    sums (r,): the sum of the gradients that made dw[s]. The padding counts as -mean too.
    """
    dw -= sums[:, None, None, None] * mean


def _windows(xp, corner, kh, kw):
    """All windows as vectors: (batch, P, kh kw channels), a copy."""
    batch, _, width, channels = xp.shape
    inside = (np.arange(kh)[:, None] * width + np.arange(kw)).ravel()
    return xp.reshape(batch, -1, channels)[:, corner[:, None] + inside].reshape(batch, len(corner), -1)


def _scatter(dx, sums, w, corner, positions, top, left):
    """dx = the sums (r, kh kw channels) at these positions, added up where windows overlap, without the margins."""
    (batch, height, width, channels), (kh, kw) = dx.shape, w.shape[1:3]
    padded = np.zeros((batch, height + 2 * top, width + 2 * left, channels), dx.dtype)
    inside = (np.arange(kh)[:, None] * padded.shape[2] + np.arange(kw)).ravel()
    pixel = (positions // len(corner) * padded[0, :, :, 0].size + corner[positions % len(corner)])[
        :, None
    ] + inside
    np.add.at(padded.reshape(-1, channels), pixel.ravel(), sums.reshape(-1, channels))
    dx[...] = padded[:, top : top + height, left : left + width]
