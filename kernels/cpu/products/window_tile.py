"""Tiles of the products of a convolution, held in registers from the first term to the last.

Arrays are flat, and places in them are numbers of elements: windows overlap, so that no matrix has them as rows. A
tile is a few rows of the result, and neighbours in each of them. Its vectors are as wide as the processor's. There
are narrow tiles too, so that any number of filters or channels splits into tiles.
"""

from contextlib import contextmanager

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ..policy import JIT
from .tile import VECTOR

ROWS = 8 if VECTOR == 64 else 6  # of a tile: with two vectors each they fit 32 registers, or 16


MOST = 12  # vectors of a tile of one row
QUARTER, SINGLE = 0, -1  # instead of a number of vectors: 16 bytes, one element
WIDTHS = (2, 1, QUARTER, SINGLE)  # of tiles of several rows, in vectors
_LONG, _INT = ir.IntType(64), ir.IntType(32)


def lanes(vectors, itemsize):
    """The width of a tile in elements, of so many vectors, or of QUARTER or SINGLE."""
    return {QUARTER: 16 // itemsize, SINGLE: 1}.get(vectors, vectors * VECTOR // itemsize)


def split(n, itemsize, most):
    """The tiles that make up n neighbours, of at most so many vectors: the begin, vectors and width of each."""
    found, at, whole = [], 0, n * itemsize // VECTOR
    parts = -(-whole // most)
    vectors = [whole * (i + 1) // parts - whole * i // parts for i in range(parts)]
    for v in (*vectors, QUARTER, SINGLE):
        for _ in range(1 if v > 0 else (n - at) // lanes(v, itemsize)):
            found.append((at, v, lanes(v, itemsize)))
            at += lanes(v, itemsize)
    return found


class Tile:
    """What the loops of one tile are made of, while a call of it is compiled: arrays by position, numbers too."""

    def __init__(self, context, builder, signature, args, rows, vectors):
        self.builder, self.rows = builder, rows
        kind = signature.args[0].dtype
        self.scalar, self.size = context.get_value_type(kind), kind.bitwidth // 8
        self.width, self.count = lanes(vectors, self.size), max(vectors, 1)
        self.vector = ir.VectorType(self.scalar, self.width // self.count)
        self.data, self.n = {}, {}
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

    def mul(self, a, b):
        return self.builder.mul(a, b)

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

    @contextmanager
    def between(self, first, last):
        """A loop over first <= i < last."""
        with cgutils.for_range_slice(self.builder, first, last, _LONG(1), _LONG, inc=True) as (i, _):
            yield i


def for_each_width(widths, rows, body):
    """The code of a tile: `body` for the one of the widths that the last argument says."""

    def emit(context, builder, signature, args):
        wanted = context.cast(builder, args[-1], signature.args[-1], types.int64)
        for vectors in widths:
            with builder.if_then(builder.icmp_signed("==", wanted, _LONG(vectors))):
                tile = Tile(context, builder, signature, args, rows, vectors)
                body(tile, tile.n, *range(len(args) - 1))
        return context.get_dummy_value()

    return emit


def _outer(t, n, out, place, step, x, at, first, last, inside, tap, g, begin, across):
    where = [t.add(n[place], t.mul(n[step], _LONG(r))) for r in range(t.rows)]
    sums = t.sums([t.vectors(out, w) for w in where])
    taps = [t.load(inside, t.add(n[tap], _LONG(r))) for r in range(t.rows)]
    with t.between(n[first], n[last]) as i:
        vectors = t.vectors(g, t.add(n[begin], t.mul(i, n[across])))
        window = t.at(x, t.load(at, i))
        for r in range(t.rows):
            t.accumulate(sums[r], vectors, t.spread(t.builder.gep(window, [taps[r]])))
    for r in range(t.rows):
        t.store(out, where[r], t.read(sums[r]))


def _scatter(t, n, out, at, first, shift, skip, g, begin, filters, panel, where):
    b, sums = t.builder, t.sums()
    mine = [t.at(g, t.add(n[begin], t.mul(n[filters], _LONG(r)))) for r in range(t.rows)]
    with t.times(n[filters]) as over:
        vectors = t.vectors(panel, t.add(n[where], t.mul(over.index, _LONG(t.width))))
        for r in range(t.rows):
            t.accumulate(sums[r], vectors, t.spread(b.gep(mine[r], [over.index])))
    for r in range(t.rows):
        with b.if_then(b.icmp_signed("<=", n[skip], _LONG(r))):
            place = t.add(t.load(at, t.add(n[first], _LONG(r))), n[shift])
            found = zip(t.vectors(out, place), t.read(sums[r]), strict=True)
            t.store(out, place, [b.fadd(old, new) for old, new in found])


def _lists(t, n, out, place, shift, a, column, row, value, first, last, lists):
    sums = t.sums()[0]
    with t.times(n[lists]) as over:
        here = t.add(t.load(place, over.index), n[shift])
        for slot, v in zip(sums, t.vectors(out, here), strict=True):
            t.builder.store(v, slot)
        with t.between(t.load(first, over.index), t.load(last, over.index)) as i:
            t.accumulate(sums, t.vectors(a, t.add(t.load(row, i), n[column])), t.spread(t.at(value, i)))
        t.store(out, here, t.read(sums))


if not JIT:

    def outer(out, place, step, x, at, first, last, inside, tap, g, begin, across, vectors):
        width = lanes(vectors, out.itemsize)
        for i in range(first, last):
            mine = g[begin + i * across : begin + i * across + width]
            for r in range(ROWS):
                out[place + r * step : place + r * step + width] += x[at[i] + inside[tap + r]] * mine

    def scatter(rows):
        def tile(out, at, first, shift, skip, g, begin, filters, panel, where, vectors):
            width = lanes(vectors, out.itemsize)
            w = panel[where : where + filters * width].reshape(-1, width)
            for r in range(skip, rows):
                here, mine = at[first + r] + shift, begin + r * filters
                out[here : here + width] += g[mine : mine + filters] @ w

        return tile

    def sum_lists(out, place, shift, a, column, row, value, first, last, lists, vectors):
        width = lanes(vectors, out.itemsize)
        for s in range(lists):
            here = place[s] + shift
            for i in range(first[s], last[s]):
                out[here : here + width] += value[i] * a[row[i] + column : row[i] + column + width]

else:

    @intrinsic
    def outer(typing, out, place, step, x, at, first, last, inside, tap, g, begin, across, vectors):
        """A tile of dW: out[place + r step:] += sum of x[at[i] + inside[tap + r]] g[begin + i across:].

        The sum is over first <= i < last.
        """
        given = (out, place, step, x, at, first, last, inside, tap, g, begin, across, vectors)
        return types.void(*given), for_each_width(WIDTHS, ROWS, _outer)

    def scatter(rows):
        """A tile of dx: out[at[first + r] + shift:] += sum of g[begin + r filters + m] panel[where + m width:].

        The sum is over the filters m. Not for the rows r < skip, which another tile has.
        """

        @intrinsic
        def tile(typing, out, at, first, shift, skip, g, begin, filters, panel, where, vectors):
            given = (out, at, first, shift, skip, g, begin, filters, panel, where, vectors)
            return types.void(*given), for_each_width(WIDTHS, rows, _scatter)

        return tile

    @intrinsic
    def sum_lists(typing, out, place, shift, a, column, row, value, first, last, lists, vectors):
        """out[place[s] + shift:] += sum of value[i] a[row[i] + column:] over first[s] <= i < last[s], s < lists."""
        given = (out, place, shift, a, column, row, value, first, last, lists, vectors)
        return types.void(*given), for_each_width((*range(1, MOST + 1), QUARTER, SINGLE), 1, _lists)
