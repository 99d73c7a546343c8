"""The smallest gradients that are not zero; see reference/select.py."""

import numpy as np
from numba import prange

from ..policy import kernel
from .join import join
from .top_k import choose, key_of, room


@kernel(parallel=True)
def bottom_k_pieces(start, unit, value, dy, bits, infinity, k, n):
    for p in prange(n):
        bottom_k(start, unit, value, dy, bits, infinity, k, len(dy) * p // n, len(dy) * (p + 1) // n)
    join(start, unit, value, np.arange(0, len(dy) * k + 1, k), n)


@kernel
def bottom_k(start, unit, value, dy, bits, infinity, k, lo, hi):
    """The lists of the examples lo:hi, from k lo on: the largest of keys that are turned round, but for zeros."""
    turned, chosen = np.empty(bits.shape[1], bits.dtype), np.empty(k, np.int32)
    scratch, guess, at = room(bits.shape[1], bits.dtype), np.int64(0), np.int64(k * lo)
    for e in range(lo, hi):
        for j in range(len(turned)):
            key = key_of(bits[e, j], infinity)
            turned[j] = infinity + 2 - key if key > 0 else 0
        guess = choose(chosen, turned, infinity, scratch, guess)
        for j in chosen:
            unit[at], value[at] = j, dy[e, j]
            at += dy[e, j] != 0
        start[e + 1] = at
    start[0] = 0
