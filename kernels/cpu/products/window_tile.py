"""Tiles of the products of a convolution, held in registers from the first term to the last.

Arrays are flat, and places in them are numbers of elements: windows overlap, so that no matrix has them as rows. A
tile is a few rows of the result, and neighbours in each of them. Its vectors are as wide as the processor's; `lanes`
lists the widths that there are, so that any number of filters or channels splits into tiles.
"""

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..policy import JIT

VECTOR = 64 if llvm.get_host_cpu_features().get("avx512f") else 32  # bytes
ROWS = 8 if VECTOR == 64 else 6  # of a tile: with two vectors each they fit 32 registers, or 16
_LONG, _INT = ir.IntType(64), ir.IntType(32)


WIDTHS = 4


def lanes(itemsize):
    """The WIDTHS of a tile in elements, widest first: two vectors, one, 16 bytes, one element."""
    return 2 * VECTOR // itemsize, VECTOR // itemsize, 16 // itemsize, 1


class _Tile:
    """What the loops of one tile are made of, while a call of it is compiled: arrays by position, numbers too."""

    def __init__(self, context, builder, signature, args, rows, which):
        self.builder, self.rows = builder, rows
        kind = signature.args[0].dtype
        self.scalar, self.size = context.get_value_type(kind), kind.bitwidth // 8
        self.width, whole = lanes(self.size)[which], VECTOR // self.size
        self.count = max(self.width // whole, 1)
        self.vector = ir.VectorType(self.scalar, min(self.width, whole))
        self.data, self.kinds, self.n = {}, {}, {}
        for i, (kind, value) in enumerate(zip(signature.args, args, strict=True)):
            if isinstance(kind, types.Array):
                self.data[i] = context.make_array(kind)(context, builder, value).data
            else:
                self.n[i] = context.cast(builder, value, kind, types.int64)

    def at(self, array, place):
        """The address of an element."""
        return self.builder.gep(self.data[array], [place])

    def load(self, array, place):
        """An integer, as 64 bits."""
        found = self.builder.load(self.at(array, place))
        return found if found.type == _LONG else self.builder.sext(found, _LONG)

    def add(self, *numbers):
        total = numbers[0]
        for n in numbers[1:]:
            total = self.builder.add(total, n)
        return total

    def vectors(self, array, place):
        """The vectors of one row, from memory."""
        start = self.builder.bitcast(self.at(array, place), self.vector.as_pointer())
        return [
            self.builder.load(self.builder.gep(start, [_INT(j)]), align=self.size) for j in range(self.count)
        ]

    def store(self, array, place, vectors):
        start = self.builder.bitcast(self.at(array, place), self.vector.as_pointer())
        for j, v in enumerate(vectors):
            self.builder.store(v, self.builder.gep(start, [_INT(j)]), align=self.size)

    def spread(self, address):
        """The number at an address, in every lane."""
        b, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(_INT, self.vector.count), [0] * self.vector.count)
        return b.shuffle_vector(b.insert_element(nothing, b.load(address), _INT(0)), nothing, zeros)

    def sums(self, begin=None):
        """Stack slots, which LLVM keeps in registers, for each row: zeros, or these vectors."""
        zero = [ir.Constant(self.vector, [0.0] * self.vector.count)] * self.count
        found = []
        for r in range(self.rows):
            slots = [cgutils.alloca_once(self.builder, self.vector) for _ in range(self.count)]
            for slot, v in zip(slots, zero if begin is None else begin[r], strict=True):
                self.builder.store(v, slot)
            found.append(slots)
        return found

    def accumulate(self, slots, vectors, weight):
        """slots += weight vectors."""
        for slot, v in zip(slots, vectors, strict=True):
            term = self.builder.fmul(v, weight, flags=("contract",))
            self.builder.store(self.builder.fadd(self.builder.load(slot), term, flags=("contract",)), slot)

    def read(self, slots):
        return [self.builder.load(slot) for slot in slots]

    def times(self, count):
        """A loop over 0 <= index < count."""
        return cgutils.for_range(self.builder, count, intp=_LONG)


def _dots(rows, which):
    def emit(context, builder, signature, args):
        out, place, step, x, at, first, run, line, above, lines, panel, begin, b, bias = range(14)
        t = _Tile(context, builder, signature, args, rows, which)
        n = t.n
        window = [t.at(x, t.add(t.load(at, t.add(n[first], _LONG(r))), n[above])) for r in range(rows)]
        sums = t.sums([t.vectors(b, n[bias])] * rows)
        with t.times(n[lines]) as outer:
            here = builder.mul(outer.index, n[line])
            tap = t.add(n[begin], builder.mul(builder.mul(outer.index, n[run]), _LONG(t.width)))
            with t.times(n[run]) as inner:
                vectors = t.vectors(panel, t.add(tap, builder.mul(inner.index, _LONG(t.width))))
                there = t.add(here, inner.index)
                for r in range(rows):
                    t.accumulate(sums[r], vectors, t.spread(builder.gep(window[r], [there])))
        for r in range(rows):
            t.store(out, t.add(n[place], builder.mul(n[step], _LONG(r))), t.read(sums[r]))
        return context.get_dummy_value()

    return emit


def _outer(rows, which):
    def emit(context, builder, signature, args):
        out, place, step, x, at, first, last, inside, tap, g, begin, across = range(12)
        t = _Tile(context, builder, signature, args, rows, which)
        n = t.n
        where = [t.add(n[place], builder.mul(n[step], _LONG(r))) for r in range(rows)]
        sums = t.sums([t.vectors(out, w) for w in where])
        taps = [t.load(inside, t.add(n[tap], _LONG(r))) for r in range(rows)]
        with cgutils.for_range_slice(builder, n[first], n[last], _LONG(1), _LONG, inc=True) as (i, _):
            vectors = t.vectors(g, t.add(n[begin], builder.mul(i, n[across])))
            window = t.at(x, t.load(at, i))
            for r in range(rows):
                t.accumulate(sums[r], vectors, t.spread(builder.gep(window, [taps[r]])))
        for r in range(rows):
            t.store(out, where[r], t.read(sums[r]))
        return context.get_dummy_value()

    return emit


def _scatter(rows, which):
    def emit(context, builder, signature, args):
        out, at, first, shift, skip, g, begin, filters, panel, where = range(10)
        t = _Tile(context, builder, signature, args, rows, which)
        n, sums = t.n, t.sums()
        mine = [t.at(g, t.add(n[begin], builder.mul(n[filters], _LONG(r)))) for r in range(rows)]
        with t.times(n[filters]) as over:
            vectors = t.vectors(panel, t.add(n[where], builder.mul(over.index, _LONG(t.width))))
            for r in range(rows):
                t.accumulate(sums[r], vectors, t.spread(builder.gep(mine[r], [over.index])))
        for r in range(rows):
            with builder.if_then(builder.icmp_signed("<=", n[skip], _LONG(r))):
                place = t.add(t.load(at, t.add(n[first], _LONG(r))), n[shift])
                found = zip(t.vectors(out, place), t.read(sums[r]), strict=True)
                t.store(out, place, [builder.fadd(a, b) for a, b in found])
        return context.get_dummy_value()

    return emit


def _sum(which):
    def emit(context, builder, signature, args):
        out, place, a, column, row, value, first, last = range(8)
        t = _Tile(context, builder, signature, args, 1, which)
        n = t.n
        sums = t.sums([t.vectors(out, n[place])])
        with cgutils.for_range_slice(builder, n[first], n[last], _LONG(1), _LONG, inc=True) as (i, _):
            vectors = t.vectors(a, t.add(t.load(row, i), n[column]))
            t.accumulate(sums[0], vectors, t.spread(t.at(value, i)))
        t.store(out, n[place], t.read(sums[0]))
        return context.get_dummy_value()

    return emit


if JIT:

    def dots(rows, which):
        """A tile of y: out[place + r step:] = b[bias:] + the window of x at at[first + r] times a panel.

        Of a window `lines` runs of `run` elements are read, `line` apart, the first of them `above` the beginning. The panel, (lines run, width), begins at `begin`.
        """

        @intrinsic
        def tile(typing, out, place, step, x, at, first, run, line, above, lines, panel, begin, b, bias):
            given = (out, place, step, x, at, first, run, line, above, lines, panel, begin, b, bias)
            return types.void(*given), _dots(rows, which)

        return tile

    def outer(rows, which):
        """A tile of dW: out[place + r step:] += sum of x[at[i] + inside[tap + r]] g[begin + i across:].

        The sum is over first <= i < last.
        """

        @intrinsic
        def tile(typing, out, place, step, x, at, first, last, inside, tap, g, begin, across):
            given = (out, place, step, x, at, first, last, inside, tap, g, begin, across)
            return types.void(*given), _outer(rows, which)

        return tile

    def scatter(rows, which):
        """A tile of dx: out[at[first + r] + shift:] += sum of g[begin + r filters + m] panel[where + m width:] over m.

        Not for the rows r < skip, which another tile has.
        """

        @intrinsic
        def tile(typing, out, at, first, shift, skip, g, begin, filters, panel, where):
            given = (out, at, first, shift, skip, g, begin, filters, panel, where)
            return types.void(*given), _scatter(rows, which)

        return tile

    def weighted(which):
        """out[place:] += sum of value[i] a[row[i] + column:] over first <= i < last."""

        @intrinsic
        def tile(typing, out, place, a, column, row, value, first, last):
            return types.void(out, place, a, column, row, value, first, last), _sum(which)

        return tile

else:

    def dots(rows, which):
        def tile(out, place, step, x, at, first, run, line, above, lines, panel, begin, b, bias):
            width = lanes(out.itemsize)[which]
            inside = (np.arange(lines)[:, None] * line + np.arange(run)).ravel()
            w = panel[begin : begin + lines * run * width].reshape(-1, width)
            for r in range(rows):
                here = place + r * step
                out[here : here + width] = b[bias : bias + width] + x[at[first + r] + above + inside] @ w

        return tile

    def outer(rows, which):
        def tile(out, place, step, x, at, first, last, inside, tap, g, begin, across):
            width = lanes(out.itemsize)[which]
            for i in range(first, last):
                mine = g[begin + i * across : begin + i * across + width]
                for r in range(rows):
                    out[place + r * step : place + r * step + width] += x[at[i] + inside[tap + r]] * mine

        return tile

    def scatter(rows, which):
        def tile(out, at, first, shift, skip, g, begin, filters, panel, where):
            width = lanes(out.itemsize)[which]
            w = panel[where : where + filters * width].reshape(-1, width)
            for r in range(skip, rows):
                here, mine = at[first + r] + shift, begin + r * filters
                out[here : here + width] += g[mine : mine + filters] @ w

        return tile

    def weighted(which):
        def tile(out, place, a, column, row, value, first, last):
            width = lanes(out.itemsize)[which]
            for i in range(first, last):
                here = row[i] + column
                out[place : place + width] += value[i] * a[here : here + width]

        return tile
