"""Pooling: the largest entry of each window of each channel, or the mean.

Names: x and dx are pixels (batch, height, width, channels); y, dy and winner (batch, down, across, channels).
window = (height, width, stride down, stride across, padding above, padding to the left), six ints. The window of
output (i, j) has its first pixel at (i stride - padding, j stride - padding). Only its part inside the picture
counts; every window has one.
"""

import numpy as np


def max_forward(y, winner, x, window):
    """y = the largest entry of each window. winner int32: where it stands, row times width of the picture + column.

    Of equal entries the first one wins, row by row. NaN is larger than all numbers; of several the last one wins.
    """
    for i, j, rows, columns in _windows(y, x, window):
        seen = x[:, rows, columns]
        seen = seen.reshape(len(x), seen.shape[1] * seen.shape[2], x.shape[3])
        nan = np.isnan(seen)
        last = nan.shape[1] - 1 - nan[:, ::-1].argmax(axis=1)
        best = np.where(nan.any(axis=1), last, seen.argmax(axis=1))
        y[:, i, j] = np.take_along_axis(seen, best[:, None], axis=1)[:, 0]
        down, across = np.divmod(best, columns.stop - columns.start)
        winner[:, i, j] = (rows.start + down) * x.shape[2] + columns.start + across


def max_only(y, x, window):
    """y of `max_forward`, where nobody asks who won."""
    for i, j, rows, columns in _windows(y, x, window):
        y[:, i, j] = x[:, rows, columns].max(axis=(1, 2))


def max_backward(dx, dy, winner):
    """dx = the sum of dy over the windows that a pixel has won."""
    batch, _, _, channels = dx.shape
    dx[...] = 0
    example, channel = np.arange(batch)[:, None, None], np.arange(channels)
    won, gradient = winner.reshape(batch, -1, channels), dy.reshape(batch, -1, channels)
    np.add.at(dx.reshape(batch, -1, channels), (example, won, channel), gradient)


def average_forward(y, x, window):
    """y = the sum of each window over its area. The padding is part of the area; what lies beyond it is not."""
    for i, j, rows, columns in _windows(y, x, window):
        y[:, i, j] = x[:, rows, columns].sum(axis=(1, 2)) / _area(i, j, x, window)


def average_backward(dx, dy, window):
    """dx = the sum of dy over area, over the windows that a pixel lies in."""
    dx[...] = 0
    for i, j, rows, columns in _windows(dy, dx, window):
        dx[:, rows, columns] += (dy[:, i, j] / _area(i, j, dx, window))[:, None, None]


def _windows(y, x, window):
    """(i, j, rows of the picture, columns of the picture) of each output."""
    high, wide, down, across, top, left = window
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            h, w = i * down - top, j * across - left
            rows = slice(max(h, 0), min(h + high, x.shape[1]))
            yield i, j, rows, slice(max(w, 0), min(w + wide, x.shape[2]))


def _area(i, j, x, window):
    """The pixels of a window inside the padded picture."""
    high, wide, down, across, top, left = window
    rows = min(high, x.shape[1] + 2 * top - i * down)
    return x.dtype.type(rows * min(wide, x.shape[2] + 2 * left - j * across))
