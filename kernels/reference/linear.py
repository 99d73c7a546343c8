"""y = x Wᵀ + b and its backward products, for three kinds of choice (meProp, equations 9 and 10).

Names: x (batch, n_in), w (n_out, n_in), y and dy (batch, n_out). A choice of units is one of
    none     every unit                                     *_all
    rows     int32 (r,): the same units for every example   *_rows
    chosen   int32 (batch, k): each example its own units   *_chosen
Row gradients `dw` (r, n_in) and `db` (r,) hold one entry for each entry of `rows`, which ascends.
"""

import numpy as np


def work_size(batch, n_in, r):
    """Elements of scratch that any kernel here may need for r units, of all or of a shared choice."""
    return r * (batch + n_in)


def forward(y, x, w, b):
    """y = x Wᵀ + b."""
    np.dot(x, w.T, out=y)
    y += b


def dw_all(dw, dy, x, work):
    """dW = dyᵀ x, (n_out, n_in)."""
    np.dot(dy.T, x, out=dw)


def dw_rows(dw, dy, x, rows, work):
    """The rows `rows` of dW = dyᵀ x, (r, n_in)."""
    np.dot(dy[:, rows].T, x, out=dw)


def dw_chosen(dw, dy, x, rows, start, example):
    """Row s of dw is the sum of dy[e, rows[s]] x[e] over e in example[start[s]:start[s + 1]].

    rows, start, example: the choice seen from the units, as `select.invert` writes it.
    """
    for s, row in enumerate(rows):
        who = example[start[s] : start[s + 1]]
        dw[s] = dy[who, row] @ x[who]


def dx_all(dx, dy, w, work):
    """dx = dy W."""
    np.dot(dy, w, out=dx)


def dx_rows(dx, dy, w, rows, work):
    """dx = dy W with every column of dy outside `rows` taken as zero: reads r rows of W."""
    np.dot(dy[:, rows], w[rows], out=dx)


def dx_chosen(dx, dy, w, chosen):
    """dx[e] = sum of dy[e, j] W[j] over j in chosen[e]: reads k rows of W for each example."""
    for e, units in enumerate(chosen):
        dx[e] = dy[e, units] @ w[units]


def db_all(db, dy):
    """db = sum of dy over the batch, (n_out,)."""
    dy.sum(axis=0, out=db)


def db_rows(db, dy, rows):
    """db[s] = sum of dy[:, rows[s]] over the batch, (r,)."""
    dy[:, rows].sum(axis=0, out=db)


def db_chosen(db, dy, rows, start, example):
    """db[s] = sum of dy[e, rows[s]] over the examples that chose rows[s], (r,)."""
    for s, row in enumerate(rows):
        db[s] = dy[example[start[s] : start[s + 1]], row].sum()
