"""The positions of a map with the largest gradients; see reference/select.py."""

from numba import prange

from ..policy import kernel
from .top_k import top_k


@kernel(parallel=True)
def positions_pieces(index, energy, g, bits, infinity, n):
    batch, size = energy.shape
    for p in prange(n):
        lo, hi = batch * p // n, batch * (p + 1) // n
        positions(index[lo:hi], energy[lo:hi], g[lo:hi], bits[lo:hi], infinity, lo * size)


@kernel
def positions(index, energy, g, bits, infinity, first):
    """bits: energy as integers. first: the number of the first position."""
    for e in range(len(g)):
        for p in range(g.shape[1]):
            energy[e, p] = _sum_of_squares(g[e, p])
    top_k(index, bits, infinity)
    for e in range(len(g)):
        for i in range(index.shape[1]):
            index[e, i] += first + e * g.shape[1]


@kernel
def _sum_of_squares(v):
    total = v.dtype.type(0)
    for j in range(len(v)):
        total += v[j] * v[j]
    return total
