"""Element-wise kernels; see reference/activation.py.

tanh, the sigmoid built on it, add, copy and scale are NumPy's own, whose loops are vectorised already. A constant
in a kernel has the type of the arrays, since Numba makes float64 of an integer times a float32.
"""

from numba import prange

from ..reference.activation import add, copy, scale, sigmoid, tanh
from .policy import kernel, pieces

__all__ = [
    "add", "copy", "cube", "cube_backward", "dropout", "dropout_backward", "relu", "relu_backward", "scale",
    "sigmoid", "sigmoid_backward", "tanh", "tanh_backward",
]  # fmt: skip

LIGHT = 4  # entries that take as long as one element operation


def relu(y, x):
    n = pieces(x.size // LIGHT)
    if n > 1:
        _relu_pieces(y.reshape(-1), x.reshape(-1), n)
    else:
        _relu(y.reshape(-1), x.reshape(-1))


def relu_backward(dx, dy, y):
    n = pieces(y.size // LIGHT)
    if n > 1:
        _relu_backward_pieces(dx.reshape(-1), dy.reshape(-1), y.reshape(-1), n)
    else:
        _relu_backward(dx.reshape(-1), dy.reshape(-1), y.reshape(-1))


def tanh_backward(dx, dy, y):
    _tanh_backward(dx.reshape(-1), dy.reshape(-1), y.reshape(-1))


def sigmoid_backward(dx, dy, y):
    _sigmoid_backward(dx.reshape(-1), dy.reshape(-1), y.reshape(-1))


def cube(y, x):
    _cube(y.reshape(-1), x.reshape(-1))


def cube_backward(dx, dy, x):
    _cube_backward(dx.reshape(-1), dy.reshape(-1), x.reshape(-1))


def dropout(y, x, u, p):
    _dropout(y.reshape(-1), x.reshape(-1), u.reshape(-1), u.dtype.type(p), x.dtype.type(1 / (1 - p)))


def dropout_backward(dx, dy, u, p):
    dropout(dx, dy, u, p)


@kernel(parallel=True)
def _relu_pieces(y, x, n):
    for p in prange(n):
        lo, hi = len(x) * p // n, len(x) * (p + 1) // n
        _relu(y[lo:hi], x[lo:hi])


@kernel(parallel=True)
def _relu_backward_pieces(dx, dy, y, n):
    for p in prange(n):
        lo, hi = len(y) * p // n, len(y) * (p + 1) // n
        _relu_backward(dx[lo:hi], dy[lo:hi], y[lo:hi])


@kernel
def _relu(y, x):
    zero = x.dtype.type(0)
    for i in range(len(x)):
        y[i] = zero if x[i] <= zero else x[i]  # NaN passes


@kernel
def _relu_backward(dx, dy, y):
    zero = y.dtype.type(0)
    for i in range(len(y)):
        g = dy[i]  # read in either case: a load under a condition is not vectorised
        dx[i] = g if y[i] > zero else zero


@kernel
def _tanh_backward(dx, dy, y):
    for i in range(len(y)):
        dx[i] = dy[i] - dy[i] * (y[i] * y[i])


@kernel
def _sigmoid_backward(dx, dy, y):
    for i in range(len(y)):
        dx[i] = dy[i] * (y[i] - y[i] * y[i])


@kernel
def _cube(y, x):
    for i in range(len(x)):
        y[i] = x[i] * x[i] * x[i]


@kernel
def _cube_backward(dx, dy, x):
    three = x.dtype.type(3)
    for i in range(len(x)):
        dx[i] = three * (x[i] * x[i]) * dy[i]


@kernel
def _dropout(y, x, u, p, grow):
    zero = x.dtype.type(0)
    for i in range(len(x)):
        value = x[i] * grow
        y[i] = value if u[i] >= p else zero
