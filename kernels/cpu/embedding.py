"""Look-up in tables; see reference/embedding.py. The work grows with the rows that occur, not with the table."""

import numpy as np
from numba import prange

from .policy import kernel, pieces

__all__ = ["backward", "forward"]

CROWDED = 16  # if more than one row in so many occurs, a walk over the table beats sorting the rows


def forward(y, ids, tables, where):
    n = pieces(y.size)
    if n == 1:
        return look_up(y, ids, tables, where, 0, len(ids))
    found = np.empty(n, np.int64)
    _look_up_pieces(y, ids, tables, where, found, n)
    bad = found[found >= 0]
    return bad[0] if len(bad) else -1


def backward(values, rows, count, mark, dy, ids, column, columns, offset):
    _backward(values, rows, count, mark, dy, ids, column, columns, offset)


@kernel(parallel=True)
def _look_up_pieces(y, ids, tables, where, found, n):
    for p in prange(n):
        found[p] = look_up(y, ids, tables, where, len(ids) * p // n, len(ids) * (p + 1) // n)


@kernel
def look_up(y, ids, tables, where, first, end):
    """Rows first to end of y. Returns what `forward` returns."""
    for e in range(first, end):
        for j in range(len(where)):
            table, at, row = tables[where[j, 0]], where[j, 1], ids[e, j]
            if row < 0 or row >= len(table):
                return np.int64(e) * len(where) + j
            _copy(y[e, at : at + table.shape[1]], table[row])
    return np.int64(-1)


@kernel
def _backward(values, rows, count, mark, dy, ids, column, columns, offset):
    size, n = values.shape[1], 0
    for e in range(len(ids)):
        for j in range(column, column + columns):
            if mark[ids[e, j]] == 0:
                mark[ids[e, j]] = 1
                rows[n] = ids[e, j]
                n += 1
    count[0] = n
    _ascending(rows[:n], mark)
    for s in range(n):
        mark[rows[s]] = s
        values[s] = 0
    for e in range(len(ids)):
        for j in range(columns):
            at = offset + j * size
            _add(values[mark[ids[e, column + j]]], dy[e, at : at + size])
    for s in range(n):
        mark[rows[s]] = 0


@kernel
def _ascending(rows, mark):
    """Sort the rows, which are those with a non-zero mark."""
    if CROWDED * len(rows) < len(mark):
        rows.sort()
        return
    s = 0
    for i in range(len(mark)):
        if mark[i]:
            rows[s] = i
            s += 1


@kernel
def _copy(out, a):
    """out[:] = a would first check whether the two overlap, which takes longer than a row (measured)."""
    for i in range(len(out)):
        out[i] = a[i]


@kernel
def _add(out, a):
    for i in range(len(out)):
        out[i] += a[i]
