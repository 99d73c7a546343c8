"""k units at random; see reference/select.py."""

import numpy as np
from numba import prange

from ..policy import kernel
from .top_k import list_hits


@kernel(parallel=True)
def random_k_pieces(chosen, u, n_out, n):
    for p in prange(n):
        lo, hi = len(u) * p // n, len(u) * (p + 1) // n
        random_k(chosen[lo:hi], u[lo:hi], n_out)


@kernel
def random_k(chosen, u, n_out):
    k = chosen.shape[1]
    taken, index = np.zeros((n_out + 7) // 8 * 8, np.uint8), np.empty(n_out + 2, np.int32)
    for e in range(len(u)):
        taken[:] = 0
        for i in range(k):
            last = n_out - k + i
            drawn = np.int64(u[e, i] * (last + 1))
            taken[last if taken[drawn] else drawn] = 1
        list_hits(index, taken.view(np.uint64))
        chosen[e] = index[:k]
