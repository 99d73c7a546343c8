"""Tiles of a product, held in registers from the first term to the last.

Numba's compiler does not find this loop: it would vectorise each row alone, and load and store the sums for every
term. A tile is a few rows of the result, a few vectors of 32 bytes of each. These are enough independent sums to
hide the latency of an addition, and few enough for the sixteen registers of AVX2. On other processors LLVM makes
the best of it.
"""

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..policy import JIT, kernel

VECTOR = 64 if llvm.get_host_cpu_features().get("avx512f") else 32  # bytes
WIDE = 8 * VECTOR  # bytes of a row in the tile of `sum_tile`
# Rows, and bytes of each, in the tile of `block_tile`: with 32 registers, and with 16 (2 x 4 to 6 x 2 measured).
ROWS, PANEL = (8, 2 * VECTOR) if VECTOR == 64 else (4, 3 * VECTOR)


@kernel
def columns(a, p, n, width):
    """The columns of piece p: whole tiles of `width` bytes, except in the last; none where there are too few."""
    wide = width // a.itemsize
    tiles = max(a.shape[1] // wide, 1)
    return tiles * p // n * wide, tiles * (p + 1) // n * wide if p + 1 < n else a.shape[1]


if not JIT:

    def sum_tile(out, row, column, a, index, value, first, last):
        columns = slice(column, column + WIDE // out.itemsize)
        out[row, columns] = value[first:last] @ a[index[first:last], columns]

    def add_tile(out, row, column, a, index, value, first, last):
        columns = slice(column, column + WIDE // out.itemsize)
        out[row, columns] += value[first:last] @ a[index[first:last], columns]

    def block_tile(out, row, column, value, panel):
        out[row : row + ROWS, column : column + panel.shape[1]] = value[row : row + ROWS] @ panel

    def transposed_block_tile(out, row, column, value, panel):
        out[column : column + panel.shape[1], row : row + ROWS] = (value[row : row + ROWS] @ panel).T

    def transposed_row_tile(out, row, column, value, panel):
        out[column : column + panel.shape[1], row] = value[row] @ panel

    def copy_tile(panel, i, a, row, column):
        panel[i] = a[row, column : column + panel.shape[1]]

    def copy_wide_tile(block, i, a, row, column):
        wide = WIDE // a.itemsize
        block[i, :wide] = a[row, column : column + wide]

    def row_tile(out, row, column, value, panel):
        out[row, column : column + panel.shape[1]] = value[row] @ panel

else:

    @intrinsic
    def sum_tile(typing, out, row, column, a, index, value, first, last):
        """out[row, column:] = sum of value[i] a[index[i], column:] over first <= i < last, WIDE bytes of each.

        index is contiguous; the others may be parts of larger arrays.
        """
        return types.void(out, row, column, a, index, value, first, last), _sum()

    @intrinsic
    def add_tile(typing, out, row, column, a, index, value, first, last):
        """The same, added to out."""
        return types.void(out, row, column, a, index, value, first, last), _sum(more=True)

    @intrinsic
    def block_tile(typing, out, row, column, value, panel):
        """out[row:, column:] = value[row:] panel, ROWS rows and PANEL bytes of each. value has any strides."""
        return types.void(out, row, column, value, panel), _block(ROWS)

    @intrinsic
    def row_tile(typing, out, row, column, value, panel):
        """The same for a single row."""
        return types.void(out, row, column, value, panel), _block(1)

    @intrinsic
    def transposed_block_tile(typing, out, row, column, value, panel):
        """out[column:, row:] = (value[row:] panel)ᵀ, ROWS columns and as many rows as PANEL bytes hold numbers."""
        return types.void(out, row, column, value, panel), _block(ROWS, transposed=True)

    @intrinsic
    def transposed_row_tile(typing, out, row, column, value, panel):
        """The same for a single column."""
        return types.void(out, row, column, value, panel), _block(1, transposed=True)

    @intrinsic
    def copy_tile(typing, panel, i, a, row, column):
        """panel[i] = a[row, column:], PANEL bytes of it."""
        return types.void(panel, i, a, row, column), _copy(PANEL)

    @intrinsic
    def copy_wide_tile(typing, block, i, a, row, column):
        """The same of WIDE bytes."""
        return types.void(block, i, a, row, column), _copy(WIDE)


_LONG, _INT = ir.IntType(64), ir.IntType(32)


class _Loop:
    """The parts that tiles are made of, for one call that is being compiled.

    Sums are stack slots, which LLVM keeps in registers.
    """

    def __init__(self, context, builder, signature, args):
        self.builder, self.scalar = builder, context.get_value_type(signature.args[0].dtype)
        self.size = signature.args[0].dtype.bitwidth // 8
        self.vector = ir.VectorType(self.scalar, VECTOR // self.size)
        self.arrays, self.numbers = {}, {}
        for i, (kind, value) in enumerate(zip(signature.args, args, strict=True)):
            if isinstance(kind, types.Array):
                self.arrays[i] = context.make_array(kind)(context, builder, value)
            else:
                self.numbers[i] = context.cast(builder, value, kind, types.int64)

    def at(self, array, row, column=None):
        """The address of a row, or of an entry."""
        a, b = self.arrays[array], self.builder
        address = b.add(b.ptrtoint(a.data, _LONG), b.mul(row, self.step(array, 0)))
        return address if column is None else b.add(address, b.mul(column, _LONG(self.size)))

    def step(self, array, axis):
        return self.builder.extract_value(self.arrays[array].strides, axis)  # bytes

    def zeros(self, count):
        return self.sums([ir.Constant(self.vector, [0.0] * self.vector.count)] * count)

    def sums(self, begin):
        """Stack slots that hold these vectors at first."""
        sums = [cgutils.alloca_once(self.builder, self.vector) for _ in begin]
        for s, v in zip(sums, begin, strict=True):
            self.builder.store(v, s)
        return sums

    def load(self, address, count):
        start = self.builder.inttoptr(address, self.vector.as_pointer())
        return [self.builder.load(self.builder.gep(start, [_INT(j)]), align=self.size) for j in range(count)]

    def spread(self, address):
        """The number at an address, in every lane of a vector."""
        b, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        number = b.load(b.inttoptr(address, self.scalar.as_pointer()))
        lanes = ir.Constant(ir.VectorType(_INT, self.vector.count), [0] * self.vector.count)
        return b.shuffle_vector(b.insert_element(nothing, number, _INT(0)), nothing, lanes)

    def add(self, sums, vectors, weights):
        for s, v in zip(sums, vectors, strict=True):
            term = self.builder.fmul(v, weights, flags=("contract",))
            self.builder.store(self.builder.fadd(self.builder.load(s), term, flags=("contract",)), s)

    def store(self, address, vectors):
        start = self.builder.inttoptr(address, self.vector.as_pointer())
        for j, v in enumerate(vectors):
            self.builder.store(v, self.builder.gep(start, [_INT(j)]), align=self.size)

    def scatter(self, array, row, column, vectors):
        """Each number of the vectors to a row of its own."""
        b, numbers = self.builder, [(v, j) for v in vectors for j in range(self.vector.count)]
        for i, (v, j) in enumerate(numbers):
            address = self.at(array, b.add(row, _LONG(i)), column)
            b.store(b.extract_element(v, _INT(j)), b.inttoptr(address, self.scalar.as_pointer()))


def _sum(more=False):
    def emit(context, builder, signature, args):
        out, row, column, a, index, value, first, last = range(8)
        loop = _Loop(context, builder, signature, args)
        n, count = loop.numbers, WIDE // VECTOR
        address = loop.at(out, n[row], n[column])
        sums = loop.sums(loop.load(address, count)) if more else loop.zeros(count)
        with cgutils.for_range_slice(builder, n[first], n[last], _LONG(1), _LONG, inc=True) as (i, _):
            weights = loop.spread(loop.at(value, i))
            of_a = builder.sext(builder.load(builder.gep(loop.arrays[index].data, [i])), _LONG)
            loop.add(sums, loop.load(loop.at(a, of_a, n[column]), count), weights)
        loop.store(address, map(builder.load, sums))
        return context.get_dummy_value()

    return emit


def _copy(width):
    def emit(context, builder, signature, args):
        panel, i, a, row, column = range(5)
        loop = _Loop(context, builder, signature, args)
        n = loop.numbers
        loop.store(loop.at(panel, n[i]), loop.load(loop.at(a, n[row], n[column]), width // VECTOR))
        return context.get_dummy_value()

    return emit


def _block(rows, transposed=False):
    def emit(context, builder, signature, args):
        out, row, column, value, panel = range(5)
        loop = _Loop(context, builder, signature, args)
        n, count = loop.numbers, PANEL // VECTOR
        mine = [builder.add(n[row], _LONG(j)) for j in range(rows)]
        sums = [loop.zeros(count) for _ in mine]
        begin = [loop.at(value, r) for r in mine]
        depth = builder.extract_value(loop.arrays[panel].shape, 0)
        with cgutils.for_range(builder, depth, intp=_LONG) as inside:
            vectors = loop.load(loop.at(panel, inside.index), count)
            along = builder.mul(inside.index, loop.step(value, 1))
            for of_row, address in zip(sums, begin, strict=True):
                loop.add(of_row, vectors, loop.spread(builder.add(address, along)))
        for r, of_row in zip(mine, sums, strict=True):
            vectors = [builder.load(s) for s in of_row]
            if transposed:
                loop.scatter(out, n[column], r, vectors)
            else:
                loop.store(loop.at(out, r, n[column]), vectors)
        return context.get_dummy_value()

    return emit
