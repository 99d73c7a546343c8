"""The largest gradients of a whole batch; see reference/select.py, and top_k.py for keys and thresholds.

The keys of a few entries, spread over the batch, say about where the threshold lies. One pass then lists all
entries that reach a slightly lower one, and what is left to do is done with those: at most twice as many as are
wanted. So a batch of millions of entries, far larger than the cache, is read once, by all threads.
"""

import numpy as np
from numba import prange

from ..policy import kernel
from .top_k import integers, key_of, list_hits, threshold

SAMPLE = 1 << 12  # keys
BLOCK = 1 << 12  # entries that are marked and listed at a time: they stay in the first cache
STEP = {4: 1 << 20, 8: 1 << 49}  # an eighth of a factor of two, by the bytes of a key
_GOLDEN = 0.6180339887498949  # the fractions of its multiples fill 0 to 1 evenly, however many they are


def top_k_batch(start, unit, value, dy, k, index, near, n):
    """n: in how many pieces."""
    bits, infinity = integers(dy.reshape(-1))
    index, near = index.reshape(-1), near.reshape(-1).view(bits.dtype)
    most = len(dy) * k
    t = first_threshold(near, bits, infinity, most)
    enough, step = 2 * most + len(bits) // 64, STEP[bits.itemsize]
    low, high = 0, int(infinity) + 2  # more than enough reach low, too few reach high; neither is known yet
    while True:
        if n > 1:
            found = list_pieces(index, near, bits, infinity, t, n)
        else:
            found = list_near(index, near, bits, infinity, t, 0, len(bits))
        if found > enough and high - t > 1:
            low = t
        elif found < most and t > 1:
            high = t
        else:
            break
        if low == 0:
            t, step = max(t - step, 1), 2 * step
        elif high > infinity + 1:
            t, step = min(t + step, high - 1), 2 * step
        else:
            t = low + (high - low) // 2
    take(start, unit, value, dy, index, near[:found], min(most, found), t)


@kernel
def first_threshold(key, bits, infinity, most):
    """A threshold that more than `most` entries are likely to reach, but not twice as many."""
    n, size, at, largest = min(SAMPLE, len(bits)), len(bits), 0.0, np.int64(1)
    for i in range(n):
        key[i] = key_of(bits[i if n == size else int(at * size)], infinity)
        largest = max(largest, np.int64(key[i]))
        at += _GOLDEN
        at -= np.floor(at)
    share = most * (n / size)
    if n < size:
        share += 3 * np.sqrt(share) + 2  # three standard errors
    return threshold(key[:n], min(np.int64(share), n), np.int64(1), largest)[0]


@kernel(parallel=True)
def list_pieces(index, near, bits, infinity, t, n):
    found, size = np.empty(n, np.int64), len(bits)
    for p in prange(n):
        found[p] = list_near(index, near, bits, infinity, t, size * p // n, size * (p + 1) // n)
    total = found[0]
    for p in range(1, n):
        first = size * p // n
        for i in range(found[p]):
            index[total + i], near[total + i] = index[first + i], near[first + i]
        total += found[p]
    return total


@kernel
def list_near(index, near, bits, infinity, t, lo, hi):
    """List the entries of lo:hi whose keys are at least t, and these keys, from lo on; returns how many."""
    cast = bits.dtype.type  # at every operation, as in _keys
    least, all_but_sign = cast(t), cast(infinity | (infinity - 1))
    size = min(BLOCK, (hi - lo + 7) // 8 * 8)
    hit, mine = np.zeros(size, np.uint8), np.empty(size + 2, np.int32)
    at = lo
    for first in range(lo, hi, BLOCK):
        block = bits[first : min(first + BLOCK, hi)]
        for j in range(len(block)):
            hit[j] = cast(block[j] & all_but_sign) >= least
        hit[len(block) :] = 0
        n = list_hits(mine, hit.view(np.uint64))
        for i in range(n):
            index[at + i] = first + mine[i]
            near[at + i] = key_of(block[mine[i]], infinity)
        at += n
    return at - lo


@kernel
def take(start, unit, value, dy, index, near, most, t):
    """Lists of the `most` largest of the entries `index`; their keys are `near`, none below t."""
    n_out, largest = dy.shape[1], near.dtype.type(0)
    for i in range(len(near)):
        largest = max(largest, near[i])
    least, ties = np.int64(t), np.int64(0)
    if most > 0:
        least, ties = threshold(near, most, np.int64(t), np.int64(largest))
    n = np.int64(0)
    for i in range(len(near)):  # without branches, which could not be predicted
        tie = (near[i] == least) & (ties > 0)
        index[n] = index[i]
        n += (near[i] > least) | tie
        ties -= tie
    e, first, end = -1, np.int64(0), np.int64(0)
    flat = dy.reshape(-1)
    for i in range(n):
        while index[i] >= end:
            e, first, end = e + 1, end, end + n_out
            start[e] = i
        unit[i], value[i] = index[i] - first, flat[index[i]]
    start[e + 1 :] = n
