"""Tiles of the products of a sparse layer, held in registers from the first edge to the last.

A tile of `sum_*` is some outputs with the same inputs, and vectors of examples. The inputs are loaded once for all
of these outputs. A tile of `dot_*` is a vector of edges of one output. It has the sums over the examples of each
edge, and adds up their lanes together at the end. reference/sparse.py says what panels are.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ...reference.sparse import STEP
from ..policy import JIT
from .tile import VECTOR, _Loop

_LONG, _INT = ir.IntType(64), ir.IntType(32)


def _sum(rows, steps):
    """out[member[first + j], column:] = sum of w[t] a[source[t], column:] over the edges t of that output.

    A tile has `rows` outputs with the same inputs, j < rows, and `steps` times STEP bytes of each. `extra` is the
    bias, which is added. Or it is of int32 and says where weights stand: w[extra[t]] takes the place of w[t].
    """

    if not JIT:

        def plain(out, member, first, a, w, extra, start, source, column):
            columns = slice(column, column + steps * STEP // out.itemsize)
            for o in member[first : first + rows]:
                mine = slice(start[o], start[o + 1])
                moved = extra.dtype == np.int32
                weights, bias = (w[extra[mine]], 0) if moved else (w[mine], extra[o])
                out[o, columns] = weights @ a[source[mine], columns] + bias

        return plain

    def emit(context, builder, signature, args):
        out, member, first, a, w, extra, start, source, column = range(9)
        loop, b = _Loop(context, builder, signature, args), builder
        n, count = loop.numbers, steps * STEP // VECTOR
        moved = isinstance(signature.args[extra].dtype, types.Integer)

        def index(array, i):
            return b.sext(b.load(b.gep(loop.arrays[array].data, [i])), _LONG)

        outputs = [index(member, b.add(n[first], _LONG(j))) for j in range(rows)]
        begin = [index(start, o) for o in outputs]
        total = b.sub(index(start, b.add(outputs[0], _LONG(1))), begin[0])
        sums = [
            loop.zeros(count) if moved else loop.sums([loop.spread(loop.at(extra, o))] * count)
            for o in outputs
        ]
        with cgutils.for_range(b, total, intp=_LONG) as edges:
            vectors = loop.load(loop.at(a, index(source, b.add(begin[0], edges.index)), n[column]), count)
            for of_row, e in zip(sums, begin, strict=True):
                t = b.add(e, edges.index)
                loop.add(of_row, vectors, loop.spread(loop.at(w, index(extra, t) if moved else t)))
        for o, of_row in zip(outputs, sums, strict=True):
            loop.store(loop.at(out, o, n[column]), map(b.load, of_row))
        return context.get_dummy_value()

    @intrinsic
    def tile(typing, out, member, first, a, w, extra, start, source, column):
        return types.void(out, member, first, a, w, extra, start, source, column), emit

    return tile


def _dot(steps):
    """out[at + j] = sum over the batch of dyt[:, o] xt[:, index[first + j]], for a vector of edges j.

    steps: the width of a panel in STEP.
    """

    if not JIT:

        def plain(out, at, dyt, o, xt, index, first):
            lanes = VECTOR // out.itemsize
            out[at : at + lanes] = np.einsum("pj,pej->e", dyt[:, o], xt[:, index[first : first + lanes]])

        return plain

    def emit(context, builder, signature, args):
        out, at, dyt, o, xt, index, first = range(7)
        loop, b = _Loop(context, builder, signature, args), builder
        n, count, lanes = loop.numbers, steps * STEP // VECTOR, loop.vector.count

        def row(array, i):
            data = b.ptrtoint(loop.arrays[array].data, _LONG)
            return b.add(data, b.mul(i, loop.step(array, 1)))

        places = [b.gep(loop.arrays[index].data, [b.add(n[first], _LONG(j))]) for j in range(lanes)]
        inputs = [row(xt, b.sext(b.load(place), _LONG)) for place in places]
        output, sums = row(dyt, n[o]), loop.zeros(lanes)
        panels = b.extract_value(loop.arrays[dyt].shape, 0)
        with cgutils.for_range(b, panels, intp=_LONG) as inside:
            of_dy = loop.load(b.add(output, b.mul(inside.index, loop.step(dyt, 0))), count)
            skip = b.mul(inside.index, loop.step(xt, 0))
            for s, address in zip(sums, inputs, strict=True):
                for v, u in zip(of_dy, loop.load(b.add(address, skip), count), strict=True):
                    loop.add([s], [u], v)
        loop.store(loop.at(out, n[at]), [_across(loop, [b.load(s) for s in sums])])
        return context.get_dummy_value()

    @intrinsic
    def tile(typing, out, at, dyt, o, xt, index, first):
        return types.void(out, at, dyt, o, xt, index, first), emit

    return tile


def _across(loop, vectors):
    """One vector: entry j is the sum of the lanes of vector j. Halves of neighbours are added until one is left."""
    b, half = loop.builder, len(vectors) // 2
    while half:
        low = [start + j for start in range(0, 2 * loop.vector.count, 2 * half) for j in range(half)]
        halves = [ir.Constant(ir.VectorType(_INT, len(low)), [i + more for i in low]) for more in (0, half)]
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        vectors = [b.fadd(*(b.shuffle_vector(u, v, of) for of in halves)) for u, v in pairs]
        half //= 2
    return vectors[0]


# the names tell rows and steps
sum_8x2, sum_4x2, sum_1x2 = _sum(8, 2), _sum(4, 2), _sum(1, 2)
sum_8x1, sum_4x1, sum_1x1 = _sum(8, 1), _sum(4, 1), _sum(1, 1)
dot_1, dot_2 = _dot(1), _dot(2)


if not JIT:

    def turn_tile(out, row, column, a, i, j):
        n = VECTOR // out.itemsize
        out[row : row + n, column : column + n] = a[i : i + n, j : j + n].T

else:

    @intrinsic
    def turn_tile(typing, out, row, column, a, i, j):
        """out[row:, column:] = a[i:, j:]ᵀ, a square of as many as a vector has numbers."""

        def emit(context, builder, signature, args):
            loop, b = _Loop(context, builder, signature, args), builder
            n, lanes = loop.numbers, loop.vector.count
            rows = [loop.load(loop.at(3, b.add(n[4], _LONG(k)), n[5]), 1)[0] for k in range(lanes)]
            half = lanes // 2
            while half:  # exchange squares beside the diagonal, of half the size each time
                low = [k if not k & half else lanes + k - half for k in range(lanes)]
                high = [k + half if not k & half else lanes + k for k in range(lanes)]
                masks = [ir.Constant(ir.VectorType(_INT, lanes), of) for of in (low, high)]
                for k in range(lanes):
                    if not k & half:
                        u, v = rows[k], rows[k + half]
                        rows[k], rows[k + half] = (b.shuffle_vector(u, v, of) for of in masks)
                half //= 2
            for k, vector in enumerate(rows):
                loop.store(loop.at(0, b.add(n[1], _LONG(k)), n[2]), [vector])
            return context.get_dummy_value()

        return types.void(out, row, column, a, i, j), emit
