"""Element-wise kernels against the oracle, at the edges of the numbers, in place, and for any shape."""

import math

import naive
import numpy as np
import pytest
from helpers import close, unwritten

SHAPES = [(1, 1), (2, 3), (5, 7), (17, 40), (3, 2, 5)]
EDGES = [0.0, -0.0, 1e-40, -1e-40, 0.5, -0.5, 30.0, -30.0, math.inf, -math.inf, math.nan]


def sigmoid(x):
    """Of any x, without overflow."""
    return 0.0 if x < -700 else 1 / (1 + math.exp(-x))


FORWARD = {
    "relu": lambda x: x if x > 0 or math.isnan(x) else 0.0,
    "tanh": math.tanh,
    "sigmoid": sigmoid,
    "cube": lambda x: x * x * x,
}
BACKWARD = {  # of dy and what forward kept: its output, for cube its input
    "relu": lambda dy, y: dy if y > 0 else 0.0,
    "tanh": lambda dy, y: dy * (1 - y * y),
    "sigmoid": lambda dy, y: dy * y * (1 - y),
    "cube": lambda dy, x: 3 * x * x * dy,
}
names = pytest.mark.parametrize("name", sorted(FORWARD))


@names
def test_forward(be, dtype, name, rng):
    for shape in SHAPES:
        x = rng.normal(size=shape).astype(dtype)
        y = unwritten(shape, dtype)
        getattr(be.activation, name)(y, x)
        close(y, naive.each(FORWARD[name], x), dtype)


@names
def test_backward(be, dtype, name, rng):
    for shape in SHAPES:
        kept, dy = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
        dx = unwritten(shape, dtype)
        getattr(be.activation, name + "_backward")(dx, dy, kept)
        close(dx, naive.each(BACKWARD[name], dy, kept), dtype)


@names
def test_in_place(be, dtype, name, rng):
    kept, x = rng.normal(size=(5, 7)).astype(dtype), rng.normal(size=(5, 7)).astype(dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    forward, backward = getattr(be.activation, name), getattr(be.activation, name + "_backward")
    forward(y, x)
    backward(dx, x, kept)
    a, b = x.copy(), x.copy()
    forward(a, a)
    backward(b, b, kept)
    np.testing.assert_array_equal(a, y)
    np.testing.assert_array_equal(b, dx)


@names
def test_edges_of_the_numbers(be, dtype, name, quiet):
    x = np.array([EDGES], dtype)
    y = unwritten(x.shape, dtype)
    getattr(be.activation, name)(y, x)
    close(y, naive.each(FORWARD[name], x), dtype)
    assert np.isnan(y[0, -1])


def test_nan_comes_back_from_every_activation(be, dtype, quiet):
    """A gradient of NaN goes on where the derivative is not zero, a kept NaN where it is multiplied."""
    one, nan = np.ones((1, 3), dtype), np.full((1, 3), np.nan, dtype)
    for name in FORWARD:
        dx = np.zeros((1, 3), dtype)
        getattr(be.activation, name + "_backward")(dx, nan, one / 2)
        assert np.isnan(dx).all()
        if name != "relu":
            getattr(be.activation, name + "_backward")(dx, one, nan)
            assert np.isnan(dx).all()


def test_relu_has_no_slope_at_zero(be, dtype):
    y = np.array([[0, -0.0, 1, 1e-30]], dtype)
    dx = unwritten(y.shape, dtype)
    be.activation.relu_backward(dx, np.full_like(y, 7), y)
    assert dx.tolist() == [[0, 0, 7, 7]]


@pytest.mark.parametrize("p", [0.0, 0.25, 0.9])
def test_dropout(be, dtype, p, rng):
    x = rng.normal(size=(7, 17)).astype(dtype)
    u = rng.random((7, 17)).astype(dtype)
    u[0, :2] = p, 0  # u = p is kept, u = 0 only for p = 0
    y = unwritten(x.shape, dtype)
    be.activation.dropout(y, x, u, p)
    limit = float(np.dtype(dtype).type(p))
    expected = naive.each(lambda xi, ui: xi / (1 - p) if ui >= limit else 0.0, x, u)
    close(y, expected, dtype)
    assert y[0, 0] != 0
    dx = unwritten(x.shape, dtype)
    be.activation.dropout_backward(dx, x, u, p)
    np.testing.assert_array_equal(dx, y)


def test_add_and_scale(be, dtype, rng):
    a, b = (rng.normal(size=(3, 5)).astype(dtype) for _ in range(2))
    y = unwritten(a.shape, dtype)
    be.activation.add(y, a, b)
    close(y, naive.each(lambda p, q: p + q, a, b), dtype)
    be.activation.scale(y, a, 2.5)
    close(y, naive.each(lambda p: 2.5 * p, a), dtype)
    assert y.dtype == dtype
