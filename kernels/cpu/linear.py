"""y = x Wᵀ + b and its backward products: which kernel for which size, and in how many pieces.

What each function means stands in reference/linear.py. A large product in one piece goes to NumPy outside any
parallel region: there BLAS may use its own threads.
"""

from functools import lru_cache

import numpy as np

from ..reference import linear as reference
from ..reference.linear import work_size
from . import dense, sparse
from .policy import pieces

__all__ = [
    "db_all", "db_chosen", "dw_all", "dw_chosen", "dx_all", "dx_chosen", "dx_rows", "forward", "pick_chosen",
    "pick_rows", "work_size",
]  # fmt: skip

# Up to these batches kernels of our own beat a BLAS call (784x500, 500x500 and 25 rows of them, measured).
SMALL_BATCH = 24  # forward, dx; with a shared choice no rows of W need to be copied then
SMALL_CHOICE = 4096  # entries of a shared choice: likewise
THIN_BATCH = 12  # dW


def forward(y, x, w, b):
    n = pieces(x.size * len(w))
    if len(x) <= SMALL_BATCH:
        dense.forward_small(y, x, w, b, n) if n > 1 else dense.dot_block(y, x, w, b)
    elif n > 1:
        dense.forward_blas(y, x, w, b, n)
    else:
        reference.forward(y, x, w, b)


def pick_rows(picked, dy, rows):
    sparse.pick_rows(picked, dy, rows)


def pick_chosen(picked, dy, chosen):
    sparse.pick_chosen(picked, dy, chosen)


def dw_all(dw, dy, x):
    n = pieces(dw.size * len(x))
    if len(x) <= THIN_BATCH:  # each row of dW is a sum over all examples
        _times_dense_shared(dw, _all_below(len(x)), dy.T, x)
    elif n > 1:
        dense.dw_blas(dw, dy, x, n)
    else:
        reference.dw_all(dw, dy, x)


def dw_chosen(dw, value, x, start, example):
    _times_dense(dw, start, example, value, x)


def dx_all(dx, dy, w):
    n = pieces(dy.size * w.shape[1])
    if len(dy) <= SMALL_BATCH:
        dense.dx_small(dx, dy, w, n) if n > 1 else dense.dx_columns(dx, dy, w, 0, w.shape[1])
    elif n > 1:
        dense.dx_blas(dx, dy, w, n)
    else:
        reference.dx_all(dx, dy, w)


def dx_rows(dx, picked, w, rows, work):
    if len(dx) <= SMALL_BATCH or picked.size <= SMALL_CHOICE:
        _times_dense_shared(dx, rows, picked, w)
        return
    read = work[: len(rows) * w.shape[1]].reshape(len(rows), w.shape[1])
    n = pieces(picked.size * w.shape[1])
    if n > 1:
        sparse.dx_rows(dx, picked, w, rows, read, n)
    else:
        sparse.gather(read, w, rows)
        reference.dx_all(dx, picked, read)


def dx_chosen(dx, picked, w, chosen):
    _times_dense(dx, _even_starts(*chosen.shape), chosen.reshape(-1), picked.reshape(-1), w)


def _times_dense(out, start, index, value, a):
    n = pieces(index.size * a.shape[1])
    if n > 1:
        sparse.times_dense_pieces(out, start, index, value, a, n)
    else:
        sparse.times_dense(out, start, index, value, a, 0, a.shape[1])


def _times_dense_shared(out, index, value, a):
    n = pieces(value.size * a.shape[1])
    if n > 1:
        sparse.times_dense_shared_pieces(out, index, value, a, n)
    else:
        sparse.times_dense_shared(out, index, value, a, 0, a.shape[1])


@lru_cache(maxsize=64)
def _even_starts(lists, k):
    """Where lists begin that all have k entries."""
    return np.arange(0, lists * k + 1, k, dtype=np.int32)


@lru_cache(maxsize=64)
def _all_below(n):
    return np.arange(n, dtype=np.int32)


def db_all(db, dy):
    dense.db_all(db, dy)


def db_chosen(db, value, start):
    sparse.db_chosen(db, value, start)
