"""y = x Wᵀ + b and its backward products: which kernel for which size, and in how many pieces.

What each function means is said in reference/linear.py. A large product in one piece goes to NumPy outside any
parallel region, where BLAS may use its own threads.
"""

from functools import lru_cache

import numpy as np

from ..reference import linear as reference
from ..reference.linear import FUNCTIONS
from .policy import pieces
from .products import chosen as sparse
from .products import dense, panel
from .products.chain import forward_chain
from .products.dense import SMALL_BATCH

__all__ = [
    "FUNCTIONS", "center", "chain", "db_all", "db_chosen", "dw_all", "dw_chosen", "dx_all", "dx_chosen", "dx_rows",
    "forward", "pick_chosen", "pick_rows",
]  # fmt: skip

COLUMNS = 64  # of x, for each of several threads to have some vectors of its own
QUICK = 4  # multiply-adds of a dense product that take as long as one element operation
FEW = 3  # rows, or terms of each, up to which a panel is not worth its copy
# Up to THIN examples products in panels beat BLAS (measured from 10 x 784 x 500 on). For dW of at most THIN units
# they do up to DEEP examples, where a panel still fits the second-level cache.
THIN, DEEP = 128, 1024


def forward(y, x, w, b):
    n = pieces(x.size * len(w))
    if len(x) <= SMALL_BATCH:
        dense.forward_small(y, x, w, b, n) if n > 1 else dense.dot_block(y, x, w, b)
    elif len(x) <= THIN:
        dense.forward_panels(y, x, w, b, n) if n > 1 else dense.panel_block(y, x, w, b)
    elif n > 1:
        dense.forward_blas(y, x, w, b, n)
    else:
        reference.forward(y, x, w, b)


def center(xc, mean, x, rate):
    n = pieces(x.size // QUICK)
    if n > 1 and x.shape[1] >= COLUMNS:
        dense.center_pieces(xc, mean, x, rate, n)
    else:
        dense.center(xc, mean, x, rate, 0, x.shape[1])


def chain(y, x, weights, layers, work):
    forward_chain(y, x, weights, layers, work)


def pick_rows(picked, dy, rows):
    sparse.pick_rows(picked, dy, rows)


def pick_chosen(picked, dy, chosen):
    n = min(pieces(chosen.size), len(chosen))
    if n > 1:
        sparse.pick_chosen_pieces(picked, dy, chosen, n)
    else:
        sparse.pick_chosen(picked, dy, chosen)


def dw_all(dw, dy, x):
    n = pieces(dw.size * len(x))
    if len(x) <= THIN or (len(dw) <= THIN and len(x) <= DEEP):
        _times_rows(dw, dy.T, x, _all_below(len(x)))
    elif n > 1:
        dense.dw_blas(dw, dy, x, n)
    else:
        reference.dw_all(dw, dy, x)


def dw_chosen(dw, value, x, start, example):
    _times_dense(dw, start, example, value, x)


def dx_all(dx, dy, w):
    n = pieces(dy.size * w.shape[1])
    if len(dy) <= THIN:
        _times_rows(dx, dy, w, _all_below(len(w)))
    elif n > 1:
        dense.dx_blas(dx, dy, w, n)
    else:
        reference.dx_all(dx, dy, w)


def dx_rows(dx, picked, w, rows):
    _times_rows(dx, picked, w, rows)


def dx_chosen(dx, value, w, start, unit):
    _times_dense(dx, start, unit, value, w)


def _times_dense(out, start, index, value, a):
    n = pieces(index.size * a.shape[1])
    if a.nbytes > sparse.LARGE and len(index) >= sparse.OFTEN * max(len(a), len(out)):
        rows = sparse.rows_at_once(len(a), len(out), len(index))
        if n > 1:
            sparse.times_dense_columns(out, start, index, value, a, rows, n)
        else:
            sparse.times_columns(out, start, index, value, a, rows, 0, a.shape[1])
    elif n > 1:
        sparse.times_dense_pieces(out, start, index, value, a, n)
    else:
        sparse.times_dense(out, start, index, value, a, 0, len(out))


def _times_rows(out, value, a, index):
    """out = value a[index]: the same rows of a for every row of out."""
    n = pieces(value.size * a.shape[1] // QUICK)
    if min(value.shape) <= FEW:
        if n > 1:
            sparse.times_dense_shared_pieces(out, index, value, a, n)
        else:
            sparse.times_dense_shared(out, index, value, a, 0, a.shape[1])
    elif n > 1:
        panel.panel_product_pieces(out, value, a, index, n)
    else:
        panel.panel_product(out, value, a, index, 0, a.shape[1])


@lru_cache(maxsize=64)
def _all_below(n):
    return np.arange(n, dtype=np.int32)


def db_all(db, dy):
    n = min(pieces(dy.size // QUICK), len(dy))
    if n > 1:
        dense.db_all_pieces(db, dy, n)
    else:
        dense.db_all(db, dy)


def db_chosen(db, value, start):
    sparse.db_chosen(db, value, start)
