"""Several layers in one call: for a few examples the calls would cost more than the products."""

import numpy as np

from ...reference.linear import FUNCTIONS
from ..policy import kernel
from .dense import SMALL_BATCH, dot_block, panel_block

RELU, CUBE = FUNCTIONS.index("relu"), FUNCTIONS.index("cube")


@kernel
def forward_chain(y, x, weights, layers, work):
    batch, at, inputs = len(x), np.int64(0), x
    for i in range(len(layers)):
        n_in, n_out, function = np.int64(layers[i, 0]), np.int64(layers[i, 1]), layers[i, 2]
        w = weights[at : at + n_out * n_in].reshape((n_out, n_in))
        at += n_out * n_in
        out = y if i == len(layers) - 1 else work[i % 2, : batch * n_out].reshape((batch, n_out))
        if batch <= SMALL_BATCH:
            dot_block(out, inputs, w, weights[at : at + n_out])
        else:
            panel_block(out, inputs, w, weights[at : at + n_out])
        at += n_out
        _apply(out.reshape(-1), function)
        inputs = out


@kernel
def _apply(a, function):
    """The function of a layer, in place; the kernels of activation.py are compiled for two arrays."""
    zero = a.dtype.type(0)
    if function == RELU:
        for i in range(len(a)):
            a[i] = zero if a[i] <= zero else a[i]  # NaN passes
    elif function == CUBE:
        for i in range(len(a)):
            a[i] = a[i] * a[i] * a[i]
