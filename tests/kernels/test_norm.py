"""Batch and local response normalisation against oracles of loops, and where rounding would show."""

import math

import numpy as np
import pytest
from helpers import close, in_pieces, unwritten

from minimalbp.backend import get_backend

ROWS = [(2, 1), (3, 5), (7, 64), (1100, 9), (33, 520)]  # of one block and of several, whole and not
EPS = 1e-3
BOXES = [(1, 1, 1), (1, 1, 3), (1, 1, 4), (3, 3, 1), (5, 5, 1), (2, 3, 4)]
MAPS = [(1, 1, 1, 1), (2, 3, 5, 4), (3, 4, 2, 17)]


def batch(rng, shape, dtype):
    """x, dy, weight and bias."""
    x, dy = 3 + 2 * rng.normal(size=shape), rng.normal(size=shape)
    return [a.astype(dtype) for a in (x, dy, rng.normal(size=shape[1]), rng.normal(size=shape[1]))]


def of_column(x, dy, weight, bias):
    """One channel of batch normalisation: mean, variance, y, dw, db and dx, by the formulas."""
    rows = len(x)
    mean = sum(x) / rows
    var = sum((v - mean) ** 2 for v in x) / rows
    s = math.sqrt(var + EPS)
    xhat = [(v - mean) / s for v in x]
    dw, db = sum(g * h for g, h in zip(dy, xhat)), sum(dy)
    dx = [weight / s * (g - db / rows - h * dw / rows) for g, h in zip(dy, xhat)]
    return mean, var, [weight * h + bias for h in xhat], dw, db, dx


@pytest.mark.parametrize("shape", ROWS, ids=str)
def test_batch(be, dtype, shape, rng):
    x, dy, weight, bias = batch(rng, shape, dtype)
    mean, var, dw, db = (unwritten(shape[1:], dtype) for _ in range(4))
    running = [np.full(shape[1], start, dtype) for start in (0.5, 2)]
    be.norm.moments(mean, var, *running, x, 0.25)
    y, dx = unwritten(shape, dtype), unwritten(shape, dtype)
    be.norm.batch_forward(y, x, mean, var, weight, bias, EPS)
    be.norm.batch_dw(dw, db, dy, x, mean, var, EPS)
    be.norm.batch_dx(dx, dy, x, mean, var, weight, dw, db, EPS)
    for c in range(shape[1]):
        column = [a[:, c].tolist() for a in (x, dy)] + [float(weight[c]), float(bias[c])]
        m, v, *expected = of_column(*column)
        found = mean[c], var[c], y[:, c], dw[c], db[c], dx[:, c]
        for a, b in zip(found, (m, v, *expected)):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 if dtype == "float32" else 1e-10)
        unbiased = v * shape[0] / (shape[0] - 1)
        close([r[c] for r in running], [0.75 * 0.5 + 0.25 * m, 0.75 * 2 + 0.25 * unbiased], dtype)


@pytest.mark.parametrize("pieces", [2, 3])
def test_sums_do_not_depend_on_the_pieces(pieces, dtype, rng):
    be, found = get_backend("cpu"), set()
    x, dy, *_ = batch(rng, (2000, 9), dtype)
    for n in (1, pieces):
        out = [unwritten(9, dtype) for _ in range(4)]
        with in_pieces(n):
            be.norm.moments(*out[:2], np.zeros(9, dtype), np.ones(9, dtype), x, 0.1)
            be.norm.batch_dw(*out[2:], dy, x, *out[:2], EPS)
        found.add(np.concatenate(out).tobytes())
    assert len(found) == 1


def test_given_statistics_do_not_depend_on_x(be, dtype, rng):
    x, dy, weight, _ = batch(rng, (6, 5), dtype)
    mean, var, zeros, dx = (
        np.ones(5, dtype),
        np.full(5, 4, dtype),
        np.zeros(5, dtype),
        unwritten((6, 5), dtype),
    )
    be.norm.batch_dx(dx, dy, x, mean, var, weight, zeros, zeros, EPS)
    close(dx, dy * weight / math.sqrt(4 + EPS), dtype)


def test_a_large_mean_costs_no_digits_of_the_variance(be, rng):
    """The sum of squares minus the square of the sum would have none left."""
    x = (3e4 + rng.normal(size=(5000, 3))).astype(np.float32)
    mean, var = unwritten(3, "float32"), unwritten(3, "float32")
    be.norm.moments(mean, var, np.zeros(3, np.float32), np.ones(3, np.float32), x, 0.1)
    np.testing.assert_allclose(var, x.astype(np.float64).var(axis=0), rtol=1e-4)


def test_a_rate_of_zero_leaves_the_running_ones(be, dtype, quiet):
    x, running = np.full((4, 2), np.nan, dtype), [np.ones(2, dtype), np.ones(2, dtype)]
    mean, var = np.zeros(2, dtype), np.zeros(2, dtype)
    be.norm.moments(mean, var, *running, x, 0.0)
    assert np.isnan([mean, var]).all() and (np.array(running) == 1).all()
    be.norm.moments(mean, var, *running, x[:1], 0.0)  # of one row too, which has no unbiased variance


def test_nan_stays_in_its_channel(be, dtype, quiet):
    x = np.arange(12, dtype=dtype).reshape(4, 3)
    x[2, 1] = np.nan
    mean, var, y = unwritten(3, dtype), unwritten(3, dtype), unwritten(x.shape, dtype)
    ones = np.ones(3, dtype)
    be.norm.moments(mean, var, ones.copy(), ones.copy(), x, 0.1)
    be.norm.batch_forward(y, x, mean, var, ones, ones, EPS)
    assert np.isnan(y).all(axis=0).tolist() == np.isnan(y).any(axis=0).tolist() == [False, True, False]


def around(at, shape, box):
    """The entries in the box around an entry."""
    axes = [range(a - size // 2, a + (size - 1) // 2 + 1) for a, size in zip(at[1:], box)]
    return [
        (at[0], h, w, c)
        for h in axes[0] for w in axes[1] for c in axes[2]
        if 0 <= h < shape[1] and 0 <= w < shape[2] and 0 <= c < shape[3]
    ]  # fmt: skip


@pytest.mark.parametrize("beta", [0.75, 0.3, 1.0])
@pytest.mark.parametrize("box", BOXES, ids=str)
def test_response(be, dtype, box, beta, rng):
    alpha, k = 2.5, 1.5
    for shape in MAPS:
        x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
        y, scale, dx, work = (unwritten(shape, dtype) for _ in range(4))
        be.norm.response_forward(y, scale, x, box, alpha, beta, k)
        be.norm.response_backward(dx, dy, y, scale, x, box, alpha, beta, work)
        share, expected, gradient = alpha / math.prod(box), np.zeros(shape), np.zeros(shape)
        for at in np.ndindex(shape):
            mine = around(at, shape, box)
            s = k + share * sum(float(x[p]) ** 2 for p in mine)
            expected[at] = x[at] * s**-beta
            gradient[at] += dy[at] * s**-beta
            for p in mine:  # the slope of y[at] in x[p]
                gradient[p] -= float(dy[at]) * x[at] * beta * s ** (-beta - 1) * share * 2 * x[p]
        close(y, expected, dtype)
        close(dx, gradient, dtype)


@pytest.mark.parametrize("box", [(1, 1, 3), (3, 3, 1)], ids=str)
def test_response_keeps_nan_to_its_box(be, dtype, box, quiet):
    x = np.ones((1, 5, 5, 5), dtype)
    x[0, 2, 2, 2] = np.nan
    y, scale = unwritten(x.shape, dtype), unwritten(x.shape, dtype)
    be.norm.response_forward(y, scale, x, box, 1.0, 0.75, 1.0)
    assert np.isnan(y).sum() == math.prod(box)
