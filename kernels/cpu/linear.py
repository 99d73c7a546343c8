"""y = x Wᵀ + b and its backward products: which kernel for which size, and in how many pieces.

What each function means stands in reference/linear.py. A product in one piece goes to NumPy outside any parallel
region: there BLAS may use its own threads.
"""

import numpy as np

from ..reference import linear as reference
from ..reference.linear import work_size
from . import dense, sparse
from .policy import pieces

__all__ = [
    "db_all", "db_chosen", "db_rows", "dw_all", "dw_chosen", "dw_rows",
    "dx_all", "dx_chosen", "dx_rows", "forward", "work_size",
]  # fmt: skip

SMALL_BATCH = 24  # below it the register kernels beat a BLAS call (784x500 and 500x500, measured)


def forward(y, x, w, b):
    n = pieces(x.size * len(w))
    if len(x) <= SMALL_BATCH:
        dense.forward_small(y, x, w, b, n) if n > 1 else dense.dot_block(y, x, w, b)
    elif n > 1:
        dense.forward_blas(y, x, w, b, n)
    else:
        reference.forward(y, x, w, b)


def dw_all(dw, dy, x, work):
    batch, n_out = dy.shape
    n = pieces(dw.size * batch)
    if n > 1:
        dense.dw_all(dw, dy, x, work[: n_out * batch].reshape(n_out, batch), n)
    else:
        reference.dw_all(dw, dy, x, work)


def dw_rows(dw, dy, x, rows, work):
    r, batch = len(rows), len(dy)
    turned = work[: r * batch].reshape(r, batch)
    n = pieces(dw.size * batch)
    if n > 1:
        sparse.dw_rows(dw, dy, x, rows, turned, n)
    else:
        sparse.turn_rows(turned, dy, rows)
        np.dot(turned, x, out=dw)


def dw_chosen(dw, dy, x, rows, start, example):
    n = pieces(example.size * x.shape[1])
    if n > 1:
        sparse.dw_chosen(dw, dy, x, rows, start, example, n)
    else:
        sparse.dw_span(dw, dy, x, rows, start, example, 0, len(rows))


def dx_all(dx, dy, w, work):
    n = pieces(dy.size * w.shape[1])
    if len(dy) <= SMALL_BATCH:
        dense.dx_small(dx, dy, w, n) if n > 1 else dense.dx_columns(dx, dy, w, 0, w.shape[1])
    elif n > 1:
        dense.dx_blas(dx, dy, w, n)
    else:
        reference.dx_all(dx, dy, w, work)


def dx_rows(dx, dy, w, rows, work):
    r, (batch, n_in) = len(rows), dx.shape
    picked = work[: r * batch].reshape(batch, r)
    read = work[r * batch : r * (batch + n_in)].reshape(r, n_in)
    sparse.gather(picked, read, dy, w, rows)
    dx_all(dx, picked, read, work)


def dx_chosen(dx, dy, w, chosen):
    n = pieces(chosen.size * w.shape[1])
    sparse.dx_chosen(dx, dy, w, chosen, n) if n > 1 else sparse.dx_chosen_columns(
        dx, dy, w, chosen, 0, w.shape[1]
    )


def db_all(db, dy):
    dense.db_all(db, dy)


def db_rows(db, dy, rows):
    sparse.db_rows(db, dy, rows)


def db_chosen(db, dy, rows, start, example):
    sparse.db_chosen(db, dy, rows, start, example)
