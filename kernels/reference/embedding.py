"""Rows of tables for whole numbers, side by side; and the gradient of the rows that occurred.

ids int32 (batch, columns).
"""

import numpy as np


def forward(y, ids, tables, where):
    """y[e, offset :] = tables[i][ids[e, j]], as much as a row of that table; where[j] = (i, offset), int32.

    Returns -1, or where in ids.ravel() the first one stands that is outside its table: y is then of no use.
    """
    outside = (ids < 0) | (ids >= np.array([len(table) for table in tables])[where[:, 0]])
    if outside.any():
        return int(outside.argmax())
    for j, (i, offset) in enumerate(where):
        y[:, offset : offset + tables[i].shape[1]] = tables[i][ids[:, j]]
    return -1


def backward(values, rows, count, mark, dy, ids, column, columns, offset):
    """values[s] = the sum of dy over all places where rows[s] was found; rows ascending, without repeats.

    The table is looked up for `columns` ids from `column` on. The gradient of what column + j finds stands in
    dy[:, offset + j size : offset + (j + 1) size], size the width of the table.
    count[0] says how many rows there are; values and rows have room for as many as there are places or rows of the
    table, whichever is less. mark int32, one entry for each row of the table, is zero before and after.
    """
    size = values.shape[1]
    units, where = np.unique(ids[:, column : column + columns], return_inverse=True)
    count[0] = len(units)
    rows[: len(units)] = units
    values[: len(units)] = 0
    parts = dy[:, offset : offset + columns * size].reshape(-1, size)
    np.add.at(values, where.ravel(), parts)
