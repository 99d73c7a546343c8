"""Element-wise functions and their backward passes. Each may work in place (the output may be an input).

A backward kernel takes what the forward one kept: its output y where that is enough, else its input x.
"""

import numpy as np


def relu(y, x):
    """y = x where x > 0 or x is NaN, else 0."""
    np.maximum(x, 0, out=y)


def relu_backward(dx, dy, y):
    """dx = dy where y > 0, else 0 (the derivative at 0 is taken as 0)."""
    dx[...] = np.where(y > 0, dy, 0)


def tanh(y, x):
    """y = tanh x."""
    np.tanh(x, out=y)


def tanh_backward(dx, dy, y):
    """dx = dy (1 - y²)."""
    dx[...] = dy * (1 - y * y)


def sigmoid(y, x):
    """y = 1 / (1 + exp(-x)), as (1 + tanh(x / 2)) / 2, which cannot overflow."""
    np.multiply(x, 0.5, out=y)
    np.tanh(y, out=y)
    y *= 0.5
    y += 0.5


def sigmoid_backward(dx, dy, y):
    """dx = dy y (1 - y)."""
    dx[...] = dy * (y * (1 - y))


def cube(y, x):
    """y = x³ (Chen and Manning's parser)."""
    np.multiply(x * x, x, out=y)


def cube_backward(dx, dy, x):
    """dx = 3 x² dy."""
    dx[...] = 3 * (x * x) * dy


def dropout(y, x, u, p):
    """y = x / (1 - p) where u >= p, else 0. u: uniform numbers in [0, 1), the shape of x; 0 <= p < 1."""
    y[...] = np.where(u >= p, x * x.dtype.type(1 / (1 - p)), 0)


def dropout_backward(dx, dy, u, p):
    """dx = dy / (1 - p) where u >= p, else 0, with the u of the forward pass."""
    dropout(dx, dy, u, p)


def add(y, a, b):
    """y = a + b, of one shape."""
    np.add(a, b, out=y)


def scale(y, x, factor):
    """y = factor x."""
    np.multiply(x, x.dtype.type(factor), out=y)


def copy(y, x):
    """y = x, of one shape; x has any strides."""
    np.copyto(y, x)
