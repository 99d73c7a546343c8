"""Rows of tables by ids, side by side, and the gradient of the rows that occur.

ids int32 (batch, columns).
"""

import numpy as np


def forward(y, ids, tables, where):
    """y[e, offset : offset + size] = tables[i][ids[e, j]]; i, offset = where[j], and size is the width of table i.

    where int32 (columns, 2). Returns -1, or the index in ids.ravel() of the first id outside its table; y is then
    undefined.
    """
    outside = (ids < 0) | (ids >= np.array([len(table) for table in tables])[where[:, 0]])
    if outside.any():
        return int(outside.argmax())
    for j, (i, offset) in enumerate(where):
        y[:, offset : offset + tables[i].shape[1]] = tables[i][ids[:, j]]
    return -1


def backward(values, rows, count, mark, dy, ids, column, columns, offset):
    """rows = the ids that occur, ascending, without repeats; values[s] = the sum of the parts of dy of id rows[s].

    Columns column : column + columns of the ids belong to the table. The part of dy of ids[e, column + j] is
    dy[e, offset + j size : offset + (j + 1) size], size the width of the table. count[0] = the number of rows;
    rows and values have room for as many as there are ids, or rows of the table, whichever is less. mark int32,
    one entry for each row of the table, is scratch memory, zero before and after.
    """
    size = values.shape[1]
    found, index = np.unique(ids[:, column : column + columns], return_inverse=True)
    count[0] = len(found)
    rows[: len(found)] = found
    values[: len(found)] = 0
    parts = dy[:, offset : offset + columns * size].reshape(-1, size)
    np.add.at(values, index.ravel(), parts)
