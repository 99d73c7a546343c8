"""A weighted sum of parts of some rows, held in registers from the first row to the last.

The one loop that Numba's compiler does not find: it would vectorise each row by itself and load and store the sum
every time. Eight sums of 32 bytes fill half of the registers of AVX2, and hide the time that one addition takes;
other processors get what LLVM makes of it.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .policy import JIT

WIDE = 256  # bytes of a row in one tile
VECTOR = 32  # bytes
SUMS = WIDE // VECTOR

if not JIT:

    def sum_tile(out, row, column, a, index, value, first, last):
        columns = slice(column, column + WIDE // out.itemsize)
        out[row, columns] = value[first:last] @ a[index[first:last], columns]

else:

    @intrinsic
    def sum_tile(typing, out, row, column, a, index, value, first, last):
        """out[row, column:] = sum of value[i] a[index[i], column:] over first <= i < last, WIDE bytes of each.

        index is contiguous; the others may be parts of larger arrays.
        """
        return types.void(out, row, column, a, index, value, first, last), _emit


_LONG, _INT = ir.IntType(64), ir.IntType(32)


def _emit(context, builder, signature, args):
    """The instructions of `sum_tile`. Sums live in stack slots here, which LLVM turns into registers."""
    array = {
        name: context.make_array(signature.args[i])(context, builder, args[i])
        for i, name in ((0, "out"), (3, "a"), (4, "index"), (5, "value"))
    }
    row, column, first, last = (
        context.cast(builder, args[i], signature.args[i], types.int64) for i in (1, 2, 6, 7)
    )
    number = signature.args[0].dtype
    size = number.bitwidth // 8
    vector = ir.VectorType(context.get_value_type(number), VECTOR // size)

    def at(name, r):
        """Where row r of the array has its tile."""
        step = builder.extract_value(array[name].strides, 0)  # bytes
        offset = builder.add(builder.mul(r, step), builder.mul(column, _LONG(size)))
        place = builder.add(builder.ptrtoint(array[name].data, _LONG), offset)
        return builder.inttoptr(place, vector.as_pointer())

    def part(place, j):
        return builder.gep(place, [_INT(j)])

    sums = [cgutils.alloca_once(builder, vector) for _ in range(SUMS)]
    for s in sums:
        builder.store(ir.Constant(vector, [0.0] * vector.count), s)
    with cgutils.for_range_slice(builder, first, last, _LONG(1), _LONG, inc=True) as (i, _):
        step = builder.mul(i, builder.extract_value(array["value"].strides, 0))
        place = builder.add(builder.ptrtoint(array["value"].data, _LONG), step)
        weight = builder.load(builder.inttoptr(place, vector.element.as_pointer()))
        nothing = ir.Constant(vector, ir.Undefined)
        weights = builder.shuffle_vector(
            builder.insert_element(nothing, weight, _INT(0)), nothing,
            ir.Constant(ir.VectorType(_INT, vector.count), [0] * vector.count),
        )  # fmt: skip
        source = at("a", builder.sext(builder.load(builder.gep(array["index"].data, [i])), _LONG))
        for j, s in enumerate(sums):
            product = builder.fmul(builder.load(part(source, j), align=size), weights, flags=("contract",))
            builder.store(builder.fadd(builder.load(s), product, flags=("contract",)), s)
    target = at("out", row)
    for j, s in enumerate(sums):
        builder.store(builder.load(s), part(target, j), align=size)
    return context.get_dummy_value()
