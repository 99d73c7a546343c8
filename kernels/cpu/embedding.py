"""Look-ups in tables; see reference/embedding.py. The work is that of the rows that occur, not of the table."""

from .policy import kernel

__all__ = ["backward", "forward"]

CROWDED = 16  # where more than one row in so many occurs, a walk over the table beats sorting the rows


def forward(y, ids, table, column, columns, offset):
    _forward(y, ids, table, column, columns, offset)


def backward(values, rows, count, mark, dy, ids, column, columns, offset):
    _backward(values, rows, count, mark, dy, ids, column, columns, offset)


@kernel
def _forward(y, ids, table, column, columns, offset):
    size = table.shape[1]
    for e in range(len(ids)):
        for j in range(columns):
            at = offset + j * size
            _copy(y[e, at : at + size], table[ids[e, column + j]])


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
    """out[:] = a would ask first whether they overlap, which takes longer than a row (measured)."""
    for i in range(len(out)):
        out[i] = a[i]


@kernel
def _add(out, a):
    for i in range(len(out)):
        out[i] += a[i]
