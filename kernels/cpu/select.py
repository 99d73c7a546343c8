"""Selection; see reference/select.py for the meaning and the order of ties and NaN.

Magnitudes are compared as integers: the bits of a non-negative float order as the number does, and those of NaN
lie above those of infinity. A min-heap of the k largest (the paper's, O(n log k)) finds the k-th magnitude; a
second pass picks the units in ascending order, ties from below.
"""

import numpy as np
from numba import prange

from ..reference.select import SCORES
from .policy import kernel, pieces

__all__ = ["SCORES", "invert", "score", "top_k"]

_BITS = {np.dtype(np.float32): (np.int32, 0x7F800000), np.dtype(np.float64): (np.int64, 0x7FF0000000000000)}


def top_k(chosen, dy):
    integer, infinity = _BITS[dy.dtype]
    n = min(pieces(dy.size), len(dy))
    if n > 1:
        _top_k_pieces(chosen, dy.view(integer), integer(infinity), n)
    else:
        _top_k(chosen, dy.view(integer), integer(infinity))


def score(out, dy, kind):
    _score(out, dy, kind)


def invert(rows, start, example, count, chosen):
    _invert(rows, start, example, count, chosen, np.int64(len(rows)))


@kernel
def _sift_down(heap, i, key):
    """Put `key` in at position i or below, so that no parent is larger than its children."""
    k = len(heap)
    child = 2 * i + 1
    while child < k:
        if child + 1 < k and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[i] = heap[child]
        i = child
        child = 2 * i + 1
    heap[i] = key


@kernel(parallel=True)
def _top_k_pieces(chosen, bits, infinity, n):
    for p in prange(n):
        lo, hi = len(chosen) * p // n, len(chosen) * (p + 1) // n
        _top_k(chosen[lo:hi], bits[lo:hi], infinity)


@kernel
def _top_k(chosen, bits, infinity):
    batch, k = chosen.shape
    n_out = bits.shape[1]
    key = np.empty(n_out, bits.dtype)
    heap = np.empty(k, bits.dtype)
    for e in range(batch):
        g = bits[e]
        for j in range(n_out):
            magnitude = g[j] & (infinity | (infinity - 1))  # all but the sign
            key[j] = magnitude if magnitude <= infinity else infinity + 1  # one key for every NaN
        heap[:] = key[:k]
        for i in range(k // 2 - 1, -1, -1):
            _sift_down(heap, i, heap[i])
        for j in range(k, n_out):
            if key[j] > heap[0]:
                _sift_down(heap, 0, key[j])
        least = heap[0]
        ties = 0  # how many units of exactly the k-th magnitude belong to the choice
        for i in range(k):
            ties += heap[i] == least
        s = 0
        for j in range(n_out):
            if key[j] > least:
                chosen[e, s] = j
                s += 1
            elif key[j] == least and ties > 0:
                chosen[e, s] = j
                s += 1
                ties -= 1


@kernel
def _score(out, dy, kind):
    out[:] = 0
    for e in range(len(dy)):
        if kind == 2:
            for j in range(len(out)):
                out[j] += dy[e, j] * dy[e, j]
        elif kind == 3:
            for j in range(len(out)):
                out[j] += dy[e, j]
        else:
            for j in range(len(out)):
                out[j] += abs(dy[e, j])
    for j in range(len(out)):
        if kind == 1:
            out[j] /= len(dy)
        elif kind == 2:
            out[j] = np.sqrt(out[j])
        elif kind == 3:
            out[j] = abs(out[j])


@kernel
def _invert(rows, start, example, count, chosen, n_out):
    """A counting sort: how many examples chose each unit, where each list begins, then the lists."""
    batch, k = chosen.shape
    place = np.zeros(n_out, np.int32)
    for e in range(batch):
        for j in range(k):
            place[chosen[e, j]] += 1
    r = 0
    begin = 0
    for o in range(n_out):
        chosen_by = place[o]
        if chosen_by > 0:
            rows[r] = o
            start[r] = begin
            place[o] = begin
            begin += chosen_by
            r += 1
    start[r] = begin
    count[0] = r
    for e in range(batch):
        for j in range(k):
            o = chosen[e, j]
            example[place[o]] = e
            place[o] += 1
