"""Pooling; see reference/pool.py.

Inner loops run over channels, which lie side by side, and index the arrays themselves: to cut out a row of channels
first, or to call a function for it, would take longer than the row. Each thread finishes whole lines of pixels, or
pictures.
"""

import numpy as np
from numba import prange

from .policy import kernel, pieces

__all__ = ["average_backward", "average_forward", "max_backward", "max_forward", "max_only"]


def max_forward(y, winner, x, window):
    lines, n = len(y) * y.shape[1], pieces(y.size * window[0] * window[1])
    if n > 1:
        _max_pieces(y, winner, x, window, lines, n)
    else:
        _max(y, winner, x, window, 0, lines)


def max_only(y, x, window):
    lines, n = len(y) * y.shape[1], pieces(y.size * window[0])
    if n > 1:
        _max_only_pieces(y, x, window, lines, n)
    else:
        _max_only(y, x, window, 0, lines)


def max_backward(dx, dy, winner):
    n = pieces(dx.size)
    if n > 1:
        _max_backward_pieces(dx, dy, winner, n)
    else:
        _max_backward(dx, dy, winner, 0, len(dx))


def average_forward(y, x, window):
    lines, n = len(y) * y.shape[1], pieces(y.size * window[0] * window[1])
    if n > 1:
        _average_pieces(y, x, window, lines, n)
    else:
        _average(y, x, window, 0, lines)


def average_backward(dx, dy, window):
    lines, n = len(dx) * dx.shape[1], pieces(dy.size * window[0] * window[1])
    if n > 1:
        _average_backward_pieces(dx, dy, window, lines, n)
    else:
        _average_backward(dx, dy, window, 0, lines)


@kernel
def _inside(i, size, stride, padding, length):
    """The first pixel of window i inside a picture, and the one behind its last."""
    start = i * stride - padding
    return max(start, 0), min(start + size, length)


@kernel
def _around(h, size, stride, padding, outputs):
    """The first window that pixel h lies in, and the one behind the last."""
    return max((h + padding - size + stride) // stride, 0), min((h + padding) // stride + 1, outputs)


@kernel
def _share(i, size, stride, padding, length):
    """The pixels of window i along an axis, inside the padded picture."""
    return min(size, length + 2 * padding - i * stride)


# ------------------------------------------------------------------------------------------------ max


@kernel(parallel=True)
def _max_pieces(y, winner, x, window, lines, n):
    for p in prange(n):
        _max(y, winner, x, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _max(y, winner, x, window, first, last):
    high, wide, down, across, above, before = window
    height, width, channels = x.shape[1:]
    for line in range(first, last):
        e, i = line // y.shape[1], line % y.shape[1]
        top, bottom = _inside(i, high, down, above, height)
        for j in range(y.shape[2]):
            left, right = _inside(j, wide, across, before, width)
            pixel = np.int32(top * width + left)
            for c in range(channels):
                y[e, i, j, c], winner[e, i, j, c] = x[e, top, left, c], pixel
            for h in range(top, bottom):
                for w in range(left + (h == top), right):
                    pixel = np.int32(h * width + w)
                    for c in range(channels):
                        value, best, held = x[e, h, w, c], y[e, i, j, c], winner[e, i, j, c]
                        wins = (value > best) | (value != value)  # NaN is larger than all numbers
                        y[e, i, j, c] = value if wins else best
                        winner[e, i, j, c] = pixel if wins else held


@kernel(parallel=True)
def _max_only_pieces(y, x, window, lines, n):
    for p in prange(n):
        _max_only(y, x, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _max_only(y, x, window, first, last):
    """The largest of each column of pixels first, then of their neighbours, in long loops over a line.

    That computes windows that nobody asks for, and is still several times as fast as one window after another.
    """
    high, wide, down, across, above, before = window
    height, width, channels = x.shape[1:]
    tall, best = np.empty(width * channels, x.dtype), np.empty(width * channels, x.dtype)
    for line in range(first, last):
        e, i = line // y.shape[1], line % y.shape[1]
        top, bottom = _inside(i, high, down, above, height)
        _copy(tall, x[e, top].reshape(-1))
        for h in range(top + 1, bottom):
            _larger(tall, x[e, h].reshape(-1))
        _copy(best, tall)
        for k in range(1, min(wide, width)):
            _larger(best[: (width - k) * channels], tall[k * channels :])
        out = y[e, i].reshape(-1)
        for j in range(y.shape[2]):
            place, left = j * channels, max(j * across - before, 0) * channels
            for c in range(channels):
                out[place + c] = best[left + c]
        for j in range(min(-(-before // across), y.shape[2])):
            # Cut off on the left: `best` has seen more than its pixels.
            left, right = _inside(j, wide, across, before, width)
            _largest(out[j * channels : (j + 1) * channels], tall[left * channels : right * channels])


@kernel
def _largest(out, pixels):
    """The largest of some neighbouring pixels."""
    _copy(out, pixels)
    for w in range(len(out), len(pixels), len(out)):
        _larger(out, pixels[w:])


@kernel
def _copy(out, x):
    """Assigning to a slice would take several times as long."""
    for i in range(len(out)):
        out[i] = x[i]


@kernel
def _larger(best, x):
    """best = the larger of the two; NaN is larger than all numbers."""
    for i in range(len(best)):
        best[i] = x[i] if (x[i] > best[i]) | (x[i] != x[i]) else best[i]


@kernel(parallel=True)
def _max_backward_pieces(dx, dy, winner, n):
    for p in prange(n):
        _max_backward(dx, dy, winner, len(dx) * p // n, len(dx) * (p + 1) // n)


@kernel
def _max_backward(dx, dy, winner, first, last):
    """To ask each pixel which windows it has won would be vectorised, but look at every window several times."""
    channels = dx.shape[3]
    for e in range(first, last):
        out, g, won = dx[e].reshape(-1), dy[e].reshape(-1), winner[e].reshape(-1)
        out[:] = 0
        for at in range(0, len(g), channels):
            for c in range(channels):
                out[won[at + c] * channels + c] += g[at + c]


# -------------------------------------------------------------------------------------------- average


@kernel(parallel=True)
def _average_pieces(y, x, window, lines, n):
    for p in prange(n):
        _average(y, x, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _average(y, x, window, first, last):
    high, wide, down, across, above, before = window
    height, width, channels = x.shape[1:]
    for line in range(first, last):
        e, i = line // y.shape[1], line % y.shape[1]
        top, bottom = _inside(i, high, down, above, height)
        rows = _share(i, high, down, above, height)
        for j in range(y.shape[2]):
            left, right = _inside(j, wide, across, before, width)
            factor = x.dtype.type(1 / (rows * _share(j, wide, across, before, width)))
            for c in range(channels):
                y[e, i, j, c] = factor * x[e, top, left, c]
            for h in range(top, bottom):
                for w in range(left + (h == top), right):
                    for c in range(channels):
                        y[e, i, j, c] += factor * x[e, h, w, c]


@kernel(parallel=True)
def _average_backward_pieces(dx, dy, window, lines, n):
    for p in prange(n):
        _average_backward(dx, dy, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _average_backward(dx, dy, window, first, last):
    """Each pixel asks which windows it lies in, so that each line of dx is written once, by one thread."""
    high, wide, down, across, above, before = window
    height, width, channels = dx.shape[1:]
    zero, one = dx.dtype.type(0), dx.dtype.type(1)
    for line in range(first, last):
        e, h = line // height, line % height
        top, bottom = _around(h, high, down, above, dy.shape[1])
        for w in range(width):
            left, right = _around(w, wide, across, before, dy.shape[2])
            for c in range(channels):
                dx[e, h, w, c] = zero
            for i in range(top, bottom):
                rows = _share(i, high, down, above, height)
                for j in range(left, right):
                    factor = one / dx.dtype.type(rows * _share(j, wide, across, before, width))
                    for c in range(channels):
                        dx[e, h, w, c] += factor * dy[e, i, j, c]
