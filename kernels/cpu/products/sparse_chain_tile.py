"""Tiles of layers with a floor of 0 and a ceiling: sums held in registers, cut off, and asked whether they live.

`cut_*` is like `sum_*` of sparse_tile.py. It also keeps its results between 0 and a ceiling, and remembers the
largest one of each example. So neither takes a pass of its own through the panel. `pack_columns` moves the
examples that are left side by side.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ...reference.sparse import STEP
from ..policy import JIT
from .tile import _LONG, VECTOR, _Loop


def _cut(rows, steps):
    """out[member[m + j], column:] = min(max(sum + b, 0), ceiling[0]), and the largest in most[column:].

    A tile has `rows` outputs with the same `count` inputs, source[first:first + count], and `steps` times STEP
    bytes of each. The weights of output m + j begin at w[at + j count].
    """

    if not JIT:

        def plain(out, member, m, a, w, at, b, source, first, count, column, ceiling, most):
            columns = slice(column, column + steps * STEP // out.itemsize)
            inputs = a[source[first : first + count], columns]
            for j, o in enumerate(member[m : m + rows]):
                found = w[at + j * count : at + (j + 1) * count] @ inputs + b[o]
                out[o, columns] = found.clip(0, ceiling[0])
                most[columns] = out[o, columns].clip(most[columns])

        return plain

    def emit(context, builder, signature, args):
        out, member, m, a, w, at, bias, source, first, count, column, ceiling, most = range(13)
        loop, b, vectors = _Loop(context, builder, signature, args), builder, steps * STEP // VECTOR
        n = loop.numbers

        def index(array, i):
            return b.sext(b.load(b.gep(loop.arrays[array].data, [i])), _LONG)

        outputs = [index(member, b.add(n[m], _LONG(j))) for j in range(rows)]
        begin = [b.add(n[at], b.mul(n[count], _LONG(j))) for j in range(rows)]
        sums = [loop.sums([loop.spread(loop.at(bias, o))] * vectors) for o in outputs]
        with cgutils.for_range(b, n[count], intp=_LONG) as edges:
            read = loop.load(loop.at(a, index(source, b.add(n[first], edges.index)), n[column]), vectors)
            for of_row, e in zip(sums, begin, strict=True):
                loop.add(of_row, read, loop.spread(loop.at(w, b.add(e, edges.index))))
        floor, high = (
            ir.Constant(loop.vector, [0.0] * loop.vector.count),
            loop.spread(loop.at(ceiling, _LONG(0))),
        )
        address = loop.at(most, n[column])
        largest = loop.load(address, vectors)
        for o, of_row in zip(outputs, sums, strict=True):
            found = [_less(b, _more(b, b.load(s), floor), high) for s in of_row]
            largest = [_more(b, u, v) for u, v in zip(found, largest, strict=True)]
            loop.store(loop.at(out, o, n[column]), found)
        loop.store(address, largest)
        return context.get_dummy_value()

    @intrinsic
    def tile(typing, out, member, m, a, w, at, b, source, first, count, column, ceiling, most):
        return types.void(out, member, m, a, w, at, b, source, first, count, column, ceiling, most), emit

    return tile


def _more(builder, u, v):
    return builder.select(builder.fcmp_ordered(">", u, v), u, v)


def _less(builder, u, v):
    return builder.select(builder.fcmp_ordered("<", u, v), u, v)


cut_8x2, cut_4x2, cut_1x2 = _cut(8, 2), _cut(4, 2), _cut(1, 2)
cut_4x1, cut_1x1 = _cut(4, 1), _cut(1, 1)


if not JIT:

    def pack_columns(out, column, a, pick):
        found = a[:, pick > 0]
        out[:, column : column + found.shape[1]] = found

else:

    @intrinsic
    def pack_columns(typing, out, column, a, pick):
        """out[:, column:] = a[:, pick > 0]. out may be a, where column is 0. A row has two steps."""

        def emit(context, builder, signature, args):
            loop, b = _Loop(context, builder, signature, args), builder
            count, lanes, column = 2 * STEP // VECTOR, loop.vector.count, loop.numbers[1]
            bits = ir.VectorType(ir.IntType(1), lanes)
            picked = loop.load(loop.at(3, _LONG(0)), count)
            nothing = ir.Constant(loop.vector, [0.0] * lanes)
            masks = [b.fcmp_ordered(">", v, nothing) for v in picked]
            module, name = b.module, f"v{lanes}f{8 * loop.size}"
            kind = ir.FunctionType(ir.VoidType(), [loop.vector, loop.scalar.as_pointer(), bits])
            store = cgutils.get_or_insert_function(module, kind, f"llvm.masked.compressstore.{name}")
            word = ir.IntType(lanes)
            ones = cgutils.get_or_insert_function(
                module, ir.FunctionType(word, [word]), f"llvm.ctpop.i{lanes}"
            )
            places = [column]  # where each vector begins in a row of out
            for mask in masks[:-1]:
                there = b.call(ones, [b.bitcast(mask, word)])
                places.append(b.add(places[-1], b.zext(there, _LONG)))
            rows = b.extract_value(loop.arrays[2].shape, 0)
            with cgutils.for_range(b, rows, intp=_LONG) as inside:
                vectors = loop.load(loop.at(2, inside.index), count)
                for vector, mask, place in zip(vectors, masks, places, strict=True):
                    address = b.inttoptr(loop.at(0, inside.index, place), loop.scalar.as_pointer())
                    b.call(store, [vector, address, mask])
            return context.get_dummy_value()

        return types.void(out, column, a, pick), emit
