"""y = x Wᵀ + b and its backward products, for three kinds of choice (meProp, equations 9 and 10).

Names: x (batch, n_in), w (n_out, n_in), y and dy (batch, n_out). A choice of units is one of
    none     every unit                                     *_all
    rows     int32 (r,): the same units for every example   *_rows
    chosen   int32 (batch, k): each example its own units   *_chosen
`picked` holds the chosen entries of dy, (batch, r) or (batch, k). With shared rows it is the dense gradient of a
smaller layer, so that dW and db of those rows are `dw_all` and `db_all` of it. The products of a choice per example
take lists: list s of indices and values is i in start[s]:start[s + 1]. They may differ in length.
"""

import numpy as np

from . import activation

FUNCTIONS = ("none", "relu", "cube")  # the functions of a chain, by index


def forward(y, x, w, b):
    """y = x Wᵀ + b."""
    np.dot(x, w.T, out=y)
    y += b


def center(xc, mean, x, rate):
    """xc = x - mean, and then mean <- mean + rate (mean of x over the batch - mean), in place. mean (n_in,).

    With rate = 0 the mean stays, even where x is not finite.
    """
    np.subtract(x, mean, out=xc)
    if rate:
        mean += x.dtype.type(rate) * xc.mean(axis=0)


def chain(y, x, weights, layers, work):
    """Several layers in one call, for a few examples: y = f(... f(x Wᵀ + b) ... Wᵀ + b).

    layers: int32 (layers, 3), for each layer n_in, n_out and the index of f in FUNCTIONS. weights: for each layer
    W, row by row, and b, one after another. work (2, batch times the largest n_out).
    """
    at = 0
    for i, (n_in, n_out, f) in enumerate(layers):
        w, b = np.split(weights[at : at + n_out * (n_in + 1)], [n_out * n_in])
        at += n_out * (n_in + 1)
        out = y if i == len(layers) - 1 else work[i % 2, : len(x) * n_out].reshape(len(x), n_out)
        forward(out, x, w.reshape(n_out, n_in), b)
        if FUNCTIONS[f] != "none":
            getattr(activation, FUNCTIONS[f])(out, out)
        x = out


def pick_rows(picked, dy, rows):
    """picked = dy[:, rows], (batch, r)."""
    picked[...] = dy[:, rows]


def pick_chosen(picked, dy, chosen):
    """picked[e, j] = dy[e, chosen[e, j]], (batch, k)."""
    picked[...] = np.take_along_axis(dy, chosen, axis=1)


def dw_all(dw, dy, x):
    """dW = dyᵀ x, (n_out, n_in)."""
    np.dot(dy.T, x, out=dw)


def dw_chosen(dw, value, x, start, example):
    """Row s of dw (r, n_in) is the sum of value[i] x[example[i]] over i in start[s]:start[s + 1].

    start, example, value: the choice listed by units, as `select.invert` writes it.
    """
    for s in range(len(dw)):
        mine = slice(start[s], start[s + 1])
        dw[s] = value[mine] @ x[example[mine]]


def dx_all(dx, dy, w):
    """dx = dy W."""
    np.dot(dy, w, out=dx)


def dx_rows(dx, picked, w, rows):
    """dx = picked W[rows]: reads r rows of W."""
    np.dot(picked, w[rows], out=dx)


def dx_chosen(dx, value, w, start, unit):
    """dx[e] = sum of value[i] W[unit[i]] over i in start[e]:start[e + 1]: reads the rows of W that e chose."""
    dw_chosen(dx, value, w, start, unit)


def db_all(db, dy):
    """db = sum of dy over the batch, (n_out,)."""
    dy.sum(axis=0, out=db)


def db_chosen(db, value, start):
    """db[s] = sum of value over start[s]:start[s + 1], (r,)."""
    for s in range(len(db)):
        db[s] = value[start[s] : start[s + 1]].sum()
