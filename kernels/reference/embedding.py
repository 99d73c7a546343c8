"""Rows of a table for whole numbers, side by side; and the gradient of the rows that occurred.

ids int32 (batch, all columns): this table is looked up for `columns` of them from `column` on. What column
column + j finds stands in y[:, offset + j size : offset + (j + 1) size], size the width of the table.
"""

import numpy as np


def forward(y, ids, table, column, columns, offset):
    """y[e, offset + j size :] = table[ids[e, column + j]]; the rest of y is left as it was."""
    size = table.shape[1]
    found = table[ids[:, column : column + columns]]
    y[:, offset : offset + columns * size] = found.reshape(len(y), columns * size)


def backward(values, rows, count, mark, dy, ids, column, columns, offset):
    """values[s] = the sum of dy over all places where rows[s] was found; rows ascending, without repeats.

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
