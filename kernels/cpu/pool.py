"""Pooling; see reference/pool.py.

Each thread finishes whole lines of pixels. Backward goes through the pixels and asks which windows they lie in, so
that each line of dx is written once, by one thread. Inner loops run over channels, which lie side by side.
"""

import numpy as np
from numba import prange

from .policy import kernel, pieces

__all__ = ["average_backward", "average_forward", "max_backward", "max_forward"]


def max_forward(y, winner, x, window):
    lines, n = len(y) * y.shape[1], pieces(y.size * window[0] * window[1])
    if n > 1:
        _max_pieces(y, winner, x, window, lines, n)
    else:
        _max(y, winner, x, window, 0, lines)


def max_backward(dx, dy, winner, window):
    lines, n = len(dx) * dx.shape[1], pieces(dx.size)
    if n > 1:
        _max_backward_pieces(dx, dy, winner, window, lines, n)
    else:
        _max_backward(dx, dy, winner, window, 0, lines)


def average_forward(y, x, window):
    lines, n = len(y) * y.shape[1], pieces(y.size * window[0] * window[1])
    if n > 1:
        _average_pieces(y, x, window, lines, n)
    else:
        _average(y, x, window, 0, lines)


def average_backward(dx, dy, window):
    lines, n = len(dx) * dx.shape[1], pieces(dx.size)
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
    for line in range(first, last):
        e, i = line // y.shape[1], line % y.shape[1]
        top, bottom = _inside(i, high, down, above, x.shape[1])
        for j in range(y.shape[2]):
            left, right = _inside(j, wide, across, before, x.shape[2])
            best, at = y[e, i, j], winner[e, i, j]
            best[:] = x[e, top, left]
            at[:] = np.int32(top * x.shape[2] + left)
            for h in range(top, bottom):
                for w in range(left + (h == top), right):
                    _challenge(best, at, x[e, h, w], np.int32(h * x.shape[2] + w))


@kernel
def _challenge(best, at, row, pixel):
    for c in range(len(row)):
        value, old, held = row[c], best[c], at[c]
        wins = (value > old) | (value != value)  # NaN is larger than all numbers
        best[c] = value if wins else old
        at[c] = pixel if wins else held


@kernel(parallel=True)
def _max_backward_pieces(dx, dy, winner, window, lines, n):
    for p in prange(n):
        _max_backward(dx, dy, winner, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _max_backward(dx, dy, winner, window, first, last):
    high, wide, down, across, above, before = window
    for line in range(first, last):
        e, h = line // dx.shape[1], line % dx.shape[1]
        top, bottom = _around(h, high, down, above, dy.shape[1])
        for w in range(dx.shape[2]):
            left, right = _around(w, wide, across, before, dy.shape[2])
            out, pixel = dx[e, h, w], np.int32(h * dx.shape[2] + w)
            out[:] = 0
            for i in range(top, bottom):
                for j in range(left, right):
                    _add_where(out, dy[e, i, j], winner[e, i, j], pixel)


@kernel
def _add_where(out, row, at, pixel):
    zero = row.dtype.type(0)
    for c in range(len(out)):
        g = row[c]  # read in either case: a load under a condition is not vectorised
        out[c] += g if at[c] == pixel else zero


# -------------------------------------------------------------------------------------------- average


@kernel(parallel=True)
def _average_pieces(y, x, window, lines, n):
    for p in prange(n):
        _average(y, x, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _average(y, x, window, first, last):
    high, wide, down, across, above, before = window
    for line in range(first, last):
        e, i = line // y.shape[1], line % y.shape[1]
        top, bottom = _inside(i, high, down, above, x.shape[1])
        rows = _share(i, high, down, above, x.shape[1])
        for j in range(y.shape[2]):
            left, right = _inside(j, wide, across, before, x.shape[2])
            out, area = y[e, i, j], rows * _share(j, wide, across, before, x.shape[2])
            out[:] = 0
            for h in range(top, bottom):
                for w in range(left, right):
                    _add(out, x[e, h, w], x.dtype.type(1 / area))


@kernel
def _add(out, row, factor):
    for c in range(len(out)):
        out[c] += factor * row[c]


@kernel(parallel=True)
def _average_backward_pieces(dx, dy, window, lines, n):
    for p in prange(n):
        _average_backward(dx, dy, window, lines * p // n, lines * (p + 1) // n)


@kernel
def _average_backward(dx, dy, window, first, last):
    high, wide, down, across, above, before = window
    for line in range(first, last):
        e, h = line // dx.shape[1], line % dx.shape[1]
        top, bottom = _around(h, high, down, above, dy.shape[1])
        for w in range(dx.shape[2]):
            left, right = _around(w, wide, across, before, dy.shape[2])
            out = dx[e, h, w]
            out[:] = 0
            for i in range(top, bottom):
                rows = _share(i, high, down, above, dx.shape[1])
                for j in range(left, right):
                    area = rows * _share(j, wide, across, before, dx.shape[2])
                    _add(out, dy[e, i, j], dx.dtype.type(1 / area))
