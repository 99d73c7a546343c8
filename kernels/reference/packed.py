"""Convolution with some columns of its weights, when the others were pruned; see conv.py for the layouts.

A column of W is one channel at one place (i, j) of the window, over all filters. Names beyond those of conv.py:

    w (filters, n)      the columns that are kept
    inside int (n,)     where each of them lies from the first element of a window, in the padded picture: column t
                        is element inside[t] = (i width + j) channels + c. Ascending, in the order of memory

    y[n, p, m] = sum of w[m, t] window p of xp at inside[t] over t, + b[m]

There may be no column at all. Nobody changes corner or inside in place: a backend may keep what it made of them.
Zeros of the margin may be left out of sums, as in conv.py.
"""

import numpy as np


def forward(y, xp, x, w, b, corner, inside, low):
    """Write x into the middle of xp, and y. The margins of xp hold zeros already and stay.

    What is below `low` in y becomes `low`: 0 makes ReLU part of the product, minus infinity does nothing.
    """
    top, left = (xp.shape[1] - x.shape[1]) // 2, (xp.shape[2] - x.shape[2]) // 2
    xp[:, top : top + x.shape[1], left : left + x.shape[2]] = x
    y[...] = np.maximum(_columns(xp, corner, inside) @ w.T + b, y.dtype.type(low))


def dw_all(dw, dy, xp, corner, inside, top):
    """dW[m, t] = sum of dy[n, p, m] times element inside[t] of the window over all positions.

    top: lines of zeros above and below in xp.
    """
    dw[...] = np.tensordot(dy, _columns(xp, corner, inside), ((0, 1), (0, 1)))


def dx_all(dx, dy, w, corner, inside, top, left):
    """dx: element inside[t] of each window gets the sum of dy[n, p, m] w[m, t] over m. The margins are cut off."""
    batch, height, width, channels = dx.shape
    padded = np.zeros((batch, height + 2 * top, width + 2 * left, channels), dx.dtype)
    where = np.arange(batch)[:, None, None] * padded[0].size + corner[:, None] * channels + inside
    np.add.at(padded.reshape(-1), where, dy @ w)
    dx[...] = padded[:, top : top + height, left : left + width]


def backward_chosen(dw, count, sums, dx, begin, entry, picked, xp, w, corner, inside, top, left):
    """dW and dx of a gradient that is zero but for some entries: entry p filters + m of example n is dy[n, p, m].

    begin, entry, picked: lists of the entries of each example, ascending, and their gradients, as selectors on
    (batch, P filters) return them. Writes
        dw (filters, n)                  zeros where no entry belongs to a filter
        count int32 (filters,)           how many entries of each filter are not zero; NaN is not
        sums (filters,)                  the sum of the gradients of each filter
        dx                               unless it has no pictures
    """
    filters, total = len(dw), begin[-1]
    dy = np.zeros((len(xp), len(corner) * filters), dw.dtype)
    example = np.repeat(np.arange(len(xp)), np.diff(begin))
    dy[example, entry[:total]] = picked[:total]
    dy = dy.reshape(len(xp), len(corner), filters)
    dw_all(dw, dy, xp, corner, inside, top)
    count[:] = np.count_nonzero(dy, axis=(0, 1))
    sums[:] = dy.sum(axis=(0, 1))
    if len(dx):
        dx_all(dx, dy, w, corner, inside, top, left)


def spread(dx, picked, columns):
    """dx (batch, n_in) = picked (batch, n) in the columns int32 (n,), which all differ, and 0 elsewhere."""
    dx.fill(0)
    dx[:, columns] = picked


def _columns(xp, corner, inside):
    """The kept elements of all windows: (batch, P, n), a copy."""
    where = corner.astype(np.int64)[:, None] * xp.shape[3] + inside
    return xp.reshape(len(xp), -1)[:, where]
