"""Feature maps for tests: any strides, gradients by differences, and the same layer of PyTorch."""

import numpy as np
from helpers import full_gradient

import minimalbp as mbp


def any_strides(x):
    """The same maps once as NumPy makes them, once with the channels last in memory, and once with gaps."""
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    wide = np.zeros((*x.shape[:3], 2 * x.shape[3]), x.dtype)
    wide[..., ::2] = x
    return [x, last, wide[..., ::2]]


def gradient_error(layers, x, backend, rng, train=True):
    """The relative error of all gradients of a network, x's too, in float64, with parameters of any value."""
    net = mbp.Sequential(*layers, backend=backend, dtype="float64", rng=3)
    for p in net.parameters():
        p.value += 0.3 * rng.normal(size=p.value.shape)
    weights = rng.normal(size=net.forward(x, train=train).shape)
    dx = net.backward(weights).copy()
    params = net.parameters()
    arrays, gradients = [x, *(p.value for p in params)], [dx, *(full_gradient(p).copy() for p in params)]
    return mbp.directional_error(
        lambda: float(np.vdot(weights, net.forward(x, train=train))), arrays, gradients, rng
    )
