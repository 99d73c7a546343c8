"""Pictures into planes and back: squares of pixels and channels are turned around in registers.

A run is at most a vector of pixels that stand side by side in a row of planes, and in a picture `step` apart. It
writes a whole vector, with zeros behind it. The next run overwrites them: runs come in the order of places.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .sparse_tile import turn_tile
from .tile import VECTOR


@kernel
def blocks(x):
    """How many blocks of channels x has, each as wide as a vector; the last may be narrower."""
    return -(-x.shape[2] // (VECTOR // x.itemsize))


@kernel(parallel=True)
def to_planes_pieces(xq, x, runs, pictures, n):
    work = len(xq) * blocks(x)
    for p in prange(n):
        to_planes(xq, x, runs, pictures, work * p // n, work * (p + 1) // n)


@kernel
def to_planes(xq, x, runs, pictures, first, last):
    """Blocks first:last of channels, counted panel by panel.

    runs int64 (runs, 5): phase, place, number of the first pixel in the panel, step, and pixels. pictures: how many
    a panel holds.
    """
    (batch, pixels, channels), count, lanes = x.shape, blocks(x), VECTOR // x.itemsize
    flat, phases = x.reshape((batch * pixels, channels)), xq.shape[1]
    rows = xq.reshape((len(xq) * phases * channels, xq.shape[3]))
    few = np.empty((lanes, lanes), x.dtype)
    for p in range(first // count, -(-last // count)):
        lo, hi = max(first - p * count, 0), min(last - p * count, count)
        begin, there = p * pictures * pixels, min(pictures, batch - p * pictures) * pixels
        for block in range(lo, hi):
            c = min(
                block * lanes, max(channels - lanes, 0)
            )  # the last one is moved back, to end with the channels
            for r in range(len(runs)):
                q, i, step, length = runs[r, 1], runs[r, 2], runs[r, 3], runs[r, 4]
                row = (p * phases + runs[r, 0]) * channels + c
                length = length if i < there else 0
                if channels < lanes:
                    for j in range(channels):
                        for k in range(runs[r, 4]):
                            rows[row + j, q + k] = flat[begin + i + k * step, j] if k < length else 0
                elif length == lanes and step == 1:
                    turn_tile(rows, row, q, flat, begin + i, c)
                else:
                    for k in range(length):
                        for j in range(lanes):
                            few[k, j] = flat[begin + i + k * step, c + j]
                    few[length:] = 0
                    turn_tile(rows, row, q, few, 0, 0)


@kernel
def from_planes(x, planes, runs, pictures, panel):
    """The pictures of a panel. planes (1, phases, channels, width): the panel alone."""
    (batch, pixels, channels), lanes = x.shape, VECTOR // x.itemsize
    flat = x.reshape((batch * pixels, channels))
    rows = planes.reshape((planes.shape[1] * channels, planes.shape[3]))
    few = np.empty((lanes, lanes), x.dtype)
    begin, there = panel * pictures * pixels, min(pictures, batch - panel * pictures) * pixels
    for block in range(blocks(x)):
        c = min(block * lanes, max(channels - lanes, 0))
        for r in range(len(runs)):
            q, i, step, length = runs[r, 1], runs[r, 2], runs[r, 3], runs[r, 4]
            row = runs[r, 0] * channels + c
            if i >= there:
                continue
            if channels < lanes:
                for k in range(length):
                    for j in range(channels):
                        flat[begin + i + k * step, j] = rows[row + j, q + k]
            elif length == lanes and step == 1:
                turn_tile(flat, begin + i, c, rows, row, q)
            else:
                turn_tile(few, 0, 0, rows, row, q)
                for k in range(length):
                    for j in range(lanes):
                        flat[begin + i + k * step, c + j] = few[k, j]


@kernel
def spread(dy, count, begin, entry, picked):
    """dy (batch, P n_out) from lists of its entries; counts those of each output that are not zero."""
    n = len(count)
    count[:] = 0
    for e in range(len(dy)):
        for i in range(dy.shape[1]):
            dy[e, i] = 0
        for i in range(begin[e], begin[e + 1]):
            dy[e, entry[i]] = picked[i]
            count[entry[i] % n] += picked[i] != 0
