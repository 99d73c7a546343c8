"""The tile of a convolution with some columns, held in registers from the first column to the last.

It is the tile of `window_tile.dots`, but each column of W says itself where its element lies in a window. Filters
that do not fill the last vector are padded with zeros, and the store of that vector leaves them out. So two widths
do for any number of filters.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..policy import JIT
from .window_tile import VECTOR, for_each_width

WIDTHS = (2, 1)  # in vectors


def split(n, itemsize):
    """The tiles that make up n filters, int (tiles, 4): first filter, vectors, lanes, lanes in use of the last."""
    lanes = VECTOR // itemsize
    found, at = [], 0
    while at < n:
        vectors = 2 if n - at > lanes else 1
        width = vectors * lanes
        found.append((at, vectors, width, min(n - at, width) - (vectors - 1) * lanes))
        at += width
    return np.array(found, np.int64).reshape(-1, 4)


def _picks(t, n, out, place, step, x, at, first, inside, begin, end, panel, where, b, bias, low, used):
    window = [t.at(x, t.load(at, t.add(n[first], ir.IntType(64)(r)))) for r in range(t.rows)]
    sums = t.sums([t.vectors(b, n[bias])] * t.rows)
    with t.between(n[begin], n[end]) as i:
        there = t.load(inside, i)
        vectors = t.vectors(panel, t.add(n[where], t.mul(i, ir.IntType(64)(t.width))))
        for r in range(t.rows):
            t.accumulate(sums[r], vectors, t.spread(t.builder.gep(window[r], [there])))
    least = t.spread(t.at(low, ir.IntType(64)(0)))
    for r in range(t.rows):
        _store(
            t,
            out,
            t.add(n[place], t.mul(n[step], ir.IntType(64)(r))),
            _at_least(t, t.read(sums[r]), least),
            n[used],
        )


def _at_least(t, vectors, least):
    """The larger of each entry and `least`; NaN stays."""
    return [t.builder.select(t.builder.fcmp_ordered("<", v, least), least, v) for v in vectors]


def _store(t, array, place, vectors, used):
    """Store a row, of its last vector only so many lanes."""
    b, lanes = t.builder, t.vector.count
    *whole, last = vectors
    t.store(array, place, whole)
    start = b.bitcast(t.at(array, t.add(place, ir.IntType(64)(lanes * len(whole)))), t.vector.as_pointer())
    number, zeros = ir.VectorType(ir.IntType(32), lanes), [0] * lanes
    filled = b.insert_element(
        ir.Constant(number, ir.Undefined), b.trunc(used, ir.IntType(32)), ir.IntType(32)(0)
    )
    filled = b.shuffle_vector(filled, ir.Constant(number, ir.Undefined), ir.Constant(number, zeros))
    mask = b.icmp_signed("<", ir.Constant(number, list(range(lanes))), filled)
    kind = ir.FunctionType(ir.VoidType(), [t.vector, start.type, ir.IntType(32), mask.type])
    suffix = f"v{lanes}f{8 * t.size}"
    store = cgutils.get_or_insert_function(b.module, kind, f"llvm.masked.store.{suffix}.p0{suffix}")
    b.call(store, [last, start, ir.IntType(32)(t.size), mask])


if not JIT:

    def picks(rows):
        def tile(
            out, place, step, x, at, first, inside, begin, end, panel, where, b, bias, low, used, vectors
        ):
            lanes = VECTOR // out.itemsize
            width, filters = vectors * lanes, (vectors - 1) * lanes + used
            w = panel[where + begin * width : where + end * width].reshape(-1, width)[:, :filters]
            for r in range(rows):
                here = place + r * step
                mine = b[bias : bias + filters] + x[at[first + r] + inside[begin:end]] @ w
                out[here : here + filters] = np.maximum(mine, low[0])

        return tile

else:

    def picks(rows):
        """A tile of y: out[place + r step:] = b[bias:] + sum of x[at[first + r] + inside[t]] panel[t].

        The sum is over begin <= t < end. The panel (n, lanes) begins at `where`. What is below low[0] becomes it.
        Of the last vector of each row `used` lanes are stored.
        """

        @intrinsic
        def tile(
            typing,
            out,
            place,
            step,
            x,
            at,
            first,
            inside,
            begin,
            end,
            panel,
            where,
            b,
            bias,
            low,
            used,
            vectors,
        ):
            given = (
                out,
                place,
                step,
                x,
                at,
                first,
                inside,
                begin,
                end,
                panel,
                where,
                b,
                bias,
                low,
                used,
                vectors,
            )
            return types.void(*given), for_each_width(WIDTHS, rows, _picks)

        return tile
