"""Pooling kernels against an oracle of loops: awkward windows, ties, NaN, and pixels that no window sees."""

import math

import numpy as np
import pytest
from helpers import close, small_integers, unwritten

CASES = {  # name: (shape of the pixels, (down, across) of the output, window)
    "one pixel": ((1, 1, 1, 1), (1, 1), (1, 1, 1, 1, 0, 0)),
    "halves": ((3, 6, 4, 5), (3, 2), (2, 2, 2, 2, 0, 0)),
    "odd size, rest unseen": ((1, 7, 5, 1), (3, 2), (2, 2, 2, 2, 0, 0)),
    "overlapping": ((2, 7, 9, 3), (3, 4), (3, 3, 2, 2, 0, 0)),
    "stride larger than window": ((3, 8, 7, 2), (3, 2), (2, 1, 3, 4, 0, 0)),
    "padding": ((2, 5, 6, 3), (3, 3), (3, 3, 2, 2, 1, 1)),
    "padding on one side": ((1, 4, 5, 4), (4, 4), (3, 2, 1, 1, 1, 0)),
    "beyond the end": ((2, 6, 4, 2), (3, 2), (3, 3, 2, 2, 0, 0)),
    "beyond the padding": ((3, 6, 5, 1), (3, 3), (4, 3, 3, 2, 2, 1)),
    "wider than the picture": ((1, 2, 1, 3), (1, 1), (3, 2, 2, 2, 1, 1)),
    "many channels": ((2, 4, 4, 67), (2, 2), (2, 2, 2, 2, 0, 0)),
}
cases = pytest.mark.parametrize("name", sorted(CASES))


def inside(i, size, stride, padding, length):
    """The pixels of window i along an axis, and how many it would have in a picture with zeros around it."""
    all_of_it = range(i * stride - padding, i * stride - padding + size)
    return [p for p in all_of_it if 0 <= p < length], sum(p < length + padding for p in all_of_it)


def outputs(shape, size, window):
    """For each output: its index, the pixels of its window, and its area."""
    for n in range(shape[0]):
        for i in range(size[0]):
            rows, high = inside(i, *window[0::2], shape[1])
            for j in range(size[1]):
                columns, wide = inside(j, *window[1::2], shape[2])
                for c in range(shape[3]):
                    yield (n, i, j, c), [(n, h, w, c) for h in rows for w in columns], high * wide


def best_of(x, pixels):
    """The pixel that wins: the first of the largest, and the last NaN before all."""
    best = pixels[0]
    for p in pixels:
        if x[p] > x[best] or math.isnan(x[p]):
            best = p
    return best


@cases
def test_max(be, dtype, name, rng):
    shape, size, window = CASES[name]
    x = small_integers(rng, shape, dtype)  # with ties
    y, winner = unwritten((shape[0], *size, shape[3]), dtype), unwritten((shape[0], *size, shape[3]), "int32")
    be.pool.max_forward(y, winner, x, window)
    only = unwritten(y.shape, dtype)
    be.pool.max_only(only, x, window)
    np.testing.assert_array_equal(only, y)
    dy, dx = small_integers(rng, y.shape, dtype), unwritten(shape, dtype)
    be.pool.max_backward(dx, dy, winner)
    expected = np.zeros(shape)
    for at, pixels, _ in outputs(shape, size, window):
        best = best_of(x, pixels)
        assert (y[at], winner[at]) == (x[best], best[1] * shape[2] + best[2])
        expected[best] += dy[at]
    np.testing.assert_array_equal(dx, expected)


@cases
def test_average(be, dtype, name, rng):
    shape, size, window = CASES[name]
    x, dx = rng.normal(size=shape).astype(dtype), unwritten(shape, dtype)
    y = unwritten((shape[0], *size, shape[3]), dtype)
    be.pool.average_forward(y, x, window)
    dy = rng.normal(size=y.shape).astype(dtype)
    be.pool.average_backward(dx, dy, window)
    mean, gradient = np.zeros(y.shape), np.zeros(shape)
    for at, pixels, area in outputs(shape, size, window):
        mean[at] = sum(float(x[p]) for p in pixels) / area
        for p in pixels:
            gradient[p] += float(dy[at]) / area
    close(y, mean, dtype)
    close(dx, gradient, dtype)


@pytest.mark.parametrize("name", ["halves", "overlapping", "padding", "many channels"])
def test_the_edges_of_the_numbers_win_and_lose(be, dtype, name, rng, quiet):
    shape, size, window = CASES[name]
    x = rng.choice(np.array([math.nan, math.inf, -math.inf, -math.inf, 0.0, -0.0], dtype), shape)
    y, winner = unwritten((shape[0], *size, shape[3]), dtype), unwritten((shape[0], *size, shape[3]), "int32")
    be.pool.max_forward(y, winner, x, window)
    only = unwritten(y.shape, dtype)
    be.pool.max_only(only, x, window)
    np.testing.assert_array_equal(only, y)
    for at, pixels, _ in outputs(shape, size, window):
        best = best_of(x, pixels)
        np.testing.assert_equal(y[at], x[best])
        assert winner[at] == best[1] * shape[2] + best[2]


def test_nan_goes_back_where_it_came_from(be, dtype):
    window, dy = (2, 2, 2, 2, 0, 0), np.full((1, 1, 2, 1), np.nan, dtype)
    dy[0, 0, 1] = 3
    dx, winner = unwritten((1, 2, 4, 1), dtype), np.array([[[[5], [2]]]], np.int32)
    be.pool.max_backward(dx, dy, winner)
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 0, 3, 0], [0, np.nan, 0, 0]])
    be.pool.average_backward(dx, dy, window)
    np.testing.assert_array_equal(dx[0, 0, :, 0], [np.nan, np.nan, 0.75, 0.75])
