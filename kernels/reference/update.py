"""One optimiser step on one parameter, seen as a matrix w (n_rows, width), in one pass over memory.

`rows` int32 (r,) ascends, and g (r, width) holds the gradient of those rows; every other row has the gradient
zero. With `everywhere` all rows are updated (the papers: a dense optimiser); without, only `rows` are read and
written (work in proportion to k: another algorithm). The gradient of a weight is taken in this order:

    g <- scale g                 `scale`: 1, or the factor of clipping by norm
    g <- g + decay w             L2 regularisation
    g <- min(max(g, -clip), clip)   element-wise, as in the authors' code; infinity: off. NaN stays NaN

`rule` is an array of w's type, the numbers of the step: those that a docstring names, then decay, clip and scale.

Moments below TINY in magnitude become 0. Those of a row that is never chosen would otherwise decay into subnormal
numbers and stay there for ever, and arithmetic with these is many times slower. All kernels work in place.
"""

import numpy as np

TINY = 1e-30


def _gradient(w, rows, g, rule, everywhere):
    """(the rows to update, the gradient of each after scale, decay and clip)."""
    decay, clip, scale = rule[-3:]
    touched = np.arange(len(w)) if everywhere else rows
    full = np.zeros_like(w)
    full[rows] = g * scale
    grad = full[touched] + decay * w[touched]
    return touched, np.clip(grad, -clip, clip)


def _flush(moment):
    return np.where(np.abs(moment) < TINY, 0, moment)


def sgd(w, velocity, rows, g, rule, everywhere):
    """v <- momentum v + g;  w <- w - lr v. rule: lr, momentum, ...

    With momentum = 0, `velocity` is not read and may be empty.
    """
    lr, momentum = rule[:2]
    touched, grad = _gradient(w, rows, g, rule, everywhere)
    if momentum:
        velocity[touched] = _flush(momentum * velocity[touched] + grad)
        grad = velocity[touched]
    w[touched] -= lr * grad


def adagrad(w, h, rows, g, rule, everywhere):
    """h <- h + g²;  w <- w - lr g / sqrt(h + eps). rule: lr, eps, ...

    eps is inside the root, as in the authors' code.
    """
    lr, eps = rule[:2]
    touched, grad = _gradient(w, rows, g, rule, everywhere)
    h[touched] += grad * grad
    w[touched] -= lr * grad / np.sqrt(h[touched] + eps)


def adam(w, m, v, rows, g, rule, everywhere):
    """m <- β1 m + (1-β1) g;  v <- β2 v + (1-β2) g²;  w <- w - lr m / (sqrt(v) + eps).

    rule: lr, β1, 1-β1, β2, 1-β2, eps, ... The caller folds the bias correction into lr, as the authors do:
    lr sqrt(1-β2^t) / (1-β1^t).
    """
    lr, beta1, rest1, beta2, rest2, eps = rule[:6]
    touched, grad = _gradient(w, rows, g, rule, everywhere)
    m[touched] = _flush(beta1 * m[touched] + rest1 * grad)
    v[touched] = _flush(beta2 * v[touched] + rest2 * (grad * grad))
    w[touched] -= lr * m[touched] / (np.sqrt(v[touched]) + eps)


def sum_of_squares(out, g):
    """out[0] += sum of g² in float64: for clipping by the norm of all gradients. out float64 (1,)."""
    out[0] += np.sum(np.square(g, dtype=np.float64))
