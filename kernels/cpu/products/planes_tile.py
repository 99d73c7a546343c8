"""Tiles of the products of planes: sums of shifted rows, held in registers from the first row to the last.

A tile of `sum_*` is some outputs with the same inputs, and neighbours in their rows. What a tap sees is loaded once
for all of these outputs. A tile of `dot_*` is some outputs, and some of their weights: each has the sums over whole
rows, lane by lane, and adds up the lanes at the end. reference/sparse_conv.py says what planes are.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..policy import JIT
from .window_tile import VECTOR, for_each_width

SEVERAL = 4  # outputs of a tile, where so many have the same inputs
MOST = 6 if VECTOR == 64 else 3  # vectors of a tile of sums: with SEVERAL outputs they fit the registers
WEIGHTS = {SEVERAL: 6 if VECTOR == 64 else 2, 1: 8}  # of a tile of dots, by its outputs
_LONG, _INT = ir.IntType(64), ir.IntType(32)


def _sums(t, n, out, to, wide, member, first, start, at, edge, a, place, shift, of, taps, w, every, b):
    nodes = [t.load(member, t.add(n[first], _LONG(j))) for j in range(t.rows)]
    begin = [t.load(start, node) for node in nodes]
    count = t.builder.sub(t.load(start, t.add(nodes[0], _LONG(1))), begin[0])
    sums = t.sums([[t.spread(t.at(b, node))] * t.count for node in nodes])
    with t.times(count) as rows:
        row = t.add(n[place], t.load(at, t.add(begin[0], rows.index)))
        weights = [t.at(w, t.mul(t.load(edge, t.add(e, rows.index)), n[every])) for e in begin]
        with t.times(n[taps]) as over:
            vectors = t.vectors(a, t.add(row, t.load(shift, over.index)))
            which = t.load(of, over.index)
            for slots, mine in zip(sums, weights, strict=True):
                t.accumulate(slots, vectors, t.spread(t.builder.gep(mine, [which])))
    for node, slots in zip(nodes, sums, strict=True):
        t.store(out, t.add(n[to], t.mul(node, n[wide])), t.read(slots))


def _dots(
    number, t, n, out, to, row, member, first, g, x, pair, weight, skip, count, place, vectors, begin, end, of_g,
    of_x, wide,
):  # fmt: skip
    b = t.builder
    nodes = [t.load(member, t.add(n[first], _LONG(j))) for j in range(t.rows)]
    rows = [t.add(n[place], t.mul(t.load(row, node), n[wide])) for node in nodes]
    seen = [t.add(n[place], t.load(pair, t.add(n[weight], _LONG(j)))) for j in range(number)]
    sums = [t.sums() for _ in range(number)]
    with t.between(n[begin], n[end]) as panel:
        here, there = t.mul(panel, n[of_g]), t.mul(panel, n[of_x])
        gradients = [t.at(g, t.add(place, here)) for place in rows]
        inputs = [t.at(x, t.add(place, there)) for place in seen]
        with t.times(n[vectors]) as along:
            step = t.mul(along.index, _LONG(t.width))
            of_rows = [_vector(t, b.gep(address, [step])) for address in gradients]
            for of_weight, address in zip(sums, inputs, strict=True):
                v = _vector(t, b.gep(address, [step]))
                for slots, u in zip(of_weight, of_rows, strict=True):
                    t.accumulate(slots, [v], u)
    for r, node in enumerate(nodes):
        first_weight = t.add(t.mul(t.load(to, node), n[count]), n[weight])
        for j, of_weight in enumerate(sums):
            with b.if_then(b.icmp_signed("<=", n[skip], _LONG(j))):
                address = t.at(out, t.add(first_weight, _LONG(j)))
                b.store(b.fadd(b.load(address), _across(t, b.load(of_weight[r][0]))), address)


def _vector(t, address):
    b = t.builder
    return b.load(b.bitcast(address, t.vector.as_pointer()), align=t.size)


def _across(t, vector):
    """The sum of the lanes of a vector."""
    b, half = t.builder, t.vector.count // 2
    while half:
        parts = [
            ir.Constant(ir.VectorType(_INT, half), [i + more for i in range(half)]) for more in (0, half)
        ]
        nothing = ir.Constant(vector.type, ir.Undefined)
        low, high = (b.shuffle_vector(vector, nothing, mask) for mask in parts)
        vector, half = b.fadd(low, high), half // 2
    return b.extract_element(vector, _INT(0))


if not JIT:

    def _sum(rows):
        def tile(
            out, to, wide, member, first, start, at, edge, a, place, shift, of, taps, w, every, b, vectors
        ):
            length = vectors * VECTOR // out.itemsize
            weights = w.reshape(-1, every)
            for o in member[first : first + rows]:
                total = np.full(length, b[o])
                for k in range(start[o], start[o + 1]):
                    for s in range(taps):
                        begin = place + at[k] + shift[s]
                        total += weights[edge[k], of[s]] * a[begin : begin + length]
                out[to + o * wide : to + o * wide + length] = total

        return tile

    def _dot(rows, number):
        def tile(
            out, to, row, member, first, g, x, pair, weight, skip, count, place, vectors, begin, end, of_g, of_x,
            wide, one,
        ):  # fmt: skip
            length = vectors * VECTOR // out.itemsize
            for s in member[first : first + rows]:
                for j in range(weight + skip, weight + number):
                    for p in range(begin, end):
                        mine, seen = place + row[s] * wide + p * of_g, place + pair[j] + p * of_x
                        out[to[s] * count + j] += g[mine : mine + length] @ x[seen : seen + length]

        return tile

else:

    def _sum(rows):
        """out[to + o wide:] = b[o] + sum of w[edge[k], of[s]] a[place + at[k] + shift[s]:], o = member[first + j].

        The sum is over the `taps` s and over k in start[o]:start[o + 1]. Outputs j < rows have the same lists
        at[k]. w has `every` weights in a row.
        """

        @intrinsic
        def tile(
            typing, out, to, wide, member, first, start, at, edge, a, place, shift, of, taps, w, every, b, vectors,
        ):  # fmt: skip
            given = (
                out, to, wide, member, first, start, at, edge, a, place, shift, of, taps, w, every, b, vectors,
            )  # fmt: skip
            return types.void(*given), for_each_width(range(1, MOST + 1), rows, _sums)

        return tile

    def _dot(rows, number):
        """out[to[s] count + i] += sum of g[place + row[s] wide:] x[place + pair[i]:], s = member[first + j].

        For j < rows, and `number` i from `weight` on, without the first `skip` of them. The sum is over so many
        `vectors`, and over panels begin:end, which are of_g and of_x apart. `one` is 1.
        """

        def body(t, n, *args):
            _dots(number, t, n, *args)

        @intrinsic
        def tile(
            typing, out, to, row, member, first, g, x, pair, weight, skip, count, place, vectors, begin, end, of_g,
            of_x, wide, one,
        ):  # fmt: skip
            given = (
                out, to, row, member, first, g, x, pair, weight, skip, count, place, vectors, begin, end, of_g,
                of_x, wide, one,
            )  # fmt: skip
            return types.void(*given), for_each_width((1,), rows, body)

        return tile


sum_several, sum_one = _sum(SEVERAL), _sum(1)
dot_several, dot_one, dot_single = _dot(SEVERAL, WEIGHTS[SEVERAL]), _dot(1, WEIGHTS[1]), _dot(1, 1)
