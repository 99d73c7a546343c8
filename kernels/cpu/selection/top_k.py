"""The k largest magnitudes of a row; see reference/select.py for the order of ties and NaN.

Magnitudes are compared as integers: the bits of a non-negative float order as the number does, and those of NaN
lie above those of infinity. The k-th magnitude is found by counting how many keys reach a threshold, a pass at
the speed of the cache, and moving the threshold; the first guess is the previous example's, in its own scale. A
heap, as in the paper, needs a branch for each entry that no processor predicts: five times slower (measured).
"""

import numpy as np
from numba import prange

from ..policy import JIT, kernel

_BITS = {np.dtype(np.float32): (np.int32, 0x7F800000), np.dtype(np.float64): (np.int64, 0x7FF0000000000000)}
_INDEX = np.uint64(0x0020406080A0C0E0)  # of it times 1 << 8 i the three top bits are i
_TOP, _BYTES, _ONE = np.uint64(61), np.uint64(0x0101010101010101), np.uint64(1)


def integers(dy):
    """(the bits of dy as integers, those of infinity)."""
    integer, infinity = _BITS[dy.dtype]
    return dy.view(integer), integer(infinity)


@kernel(parallel=True)
def top_k_pieces(chosen, bits, infinity, n):
    for p in prange(n):
        lo, hi = len(chosen) * p // n, len(chosen) * (p + 1) // n
        top_k(chosen[lo:hi], bits[lo:hi], infinity)


@kernel
def top_k(chosen, bits, infinity):
    scratch = room(bits.shape[1], bits.dtype)
    guess = np.int64(0)
    for e in range(len(bits)):
        guess = choose(chosen[e], bits[e], infinity, scratch, guess)


@kernel
def room(n_out, integer):
    """The scratch memory of `choose`: key, near, index, hit."""
    hit = np.zeros((n_out + 7) // 8 * 8, np.uint8)
    return np.empty(n_out, integer), np.empty(n_out, integer), np.empty(n_out + 2, np.int32), hit


@kernel
def choose(chosen, bits, infinity, scratch, guess):
    """The choice of one example; returns a guess for an example that is like it, but for its scale.

    A guess is the distance from the mean of the keys to the threshold. A float's bits are nearly its logarithm,
    so this distance does not depend on scale; examples of a trained network differ in it by orders of magnitude.
    """
    key, near, index, hit = scratch
    k = len(chosen)
    nonzero, middle, largest = _keys(key, bits, infinity)
    if nonzero <= k:  # often so, where units are dead or the example is learnt
        _take_all(chosen, key, k - nonzero, index, hit)
        return guess
    # Clipped before it is added: the sum may overflow.
    guess = middle + min(max(guess, -middle), np.int64(largest) - middle)
    n, loose = _loose_threshold(key, k, _reach(key, key.dtype.type(guess)), guess, np.int64(largest))
    _mark(hit, key, key.dtype.type(loose))
    list_hits(index, hit.view(np.uint64))
    for i in range(n):
        near[i] = key[index[i]]
    t, ties = threshold(near[:n], k, loose, np.int64(largest))
    _take(chosen, index, near, n, key.dtype.type(t), ties)
    # The next example is likely to be like this one: aim between k and 2 k keys, where a guess may miss by half.
    aim = loose + (t - loose) * ((n - 1.5 * k) / max(n - k, 1))
    return np.int64(min(max(aim, 0.0), float(t))) - middle


@kernel
def _keys(key, bits, infinity):
    """key = the magnitudes as integers, one for all NaN. Returns how many are not 0, their mean, the largest."""
    cast = key.dtype.type  # at every operation: Numba makes int64 of a sum of int32, at half the speed
    largest, n, total = cast(0), np.int32(0), np.float32(0)
    all_but_sign, nan = cast(infinity | (infinity - 1)), cast(infinity + 1)
    for j in range(len(bits)):
        magnitude = cast(bits[j] & all_but_sign)
        magnitude = cast(magnitude if magnitude <= infinity else nan)
        key[j] = magnitude
        largest = cast(magnitude if magnitude > largest else largest)
        n = np.int32(n + np.int32(magnitude > 0))
        total = np.float32(total + np.float32(magnitude))
    return np.int64(n), np.int64(float(total) / max(int(n), 1)), largest


@kernel(inline=True)
def key_of(bits, infinity):
    """The same of one entry."""
    magnitude = bits & (infinity | (infinity - 1))
    return magnitude if magnitude <= infinity else infinity + 1


@kernel
def _reach(key, t):
    """How many keys are at least t."""
    n = np.int32(0)
    for j in range(len(key)):
        n = np.int32(n + np.int32(key[j] >= t))
    return np.int64(n)


@kernel
def _loose_threshold(key, k, n, t, largest):
    """(n, t): n keys reach t, and k <= n <= 2 k unless many are equal. On entry n keys reach the guess t."""
    low, n_low = np.int64(0), np.int64(len(key))  # at least k keys reach low
    high, n_high = largest + 1, np.int64(0)  # fewer reach high
    turn, step = 0, np.int64(1) << (23 if key.itemsize == 4 else 52)  # a factor of two
    while True:
        if n >= k:
            low, n_low = t, n
            if n <= 2 * k:
                break
        else:
            high, n_high = t, n
        if high - low <= 1:
            break
        if low == 0 and high // 2 > step:  # most keys lie close together, far from zero
            t = high - step
            step *= 2
        else:
            turn += 1
            t = _between(low, n_low, high, n_high, k + k // 2, turn)
        n = _reach(key, key.dtype.type(t))
    return n_low, low


@kernel
def threshold(key, k, low, largest):
    """(t, ties): the k-th largest key or a little less, and how many of the keys that equal it belong to the k."""
    n_low, high, n_high = np.int64(len(key)), largest + 1, np.int64(0)
    turn = 0
    while n_low > k and high - low > 1:
        turn += 1
        t = _between(low, n_low, high, n_high, k, turn)
        n = _reach(key, key.dtype.type(t))
        if n >= k:
            low, n_low = t, n
        else:
            high, n_high = t, n
    return low, k if n_low == k else k - n_high


@kernel
def _between(low, n_low, high, n_high, k, turn):
    """A threshold inside the bracket: by linear interpolation, and every third time in the middle."""
    half = low + (high - low) // 2
    if turn % 3 == 0:
        return half
    t = low + np.int64((high - low) * ((n_low - k) / (n_low - n_high)))
    return min(max(t, low + 1), high - 1)


@kernel
def _mark(hit, key, least):
    for j in range(len(key)):
        hit[j] = key[j] >= least


@kernel
def _take_all(chosen, key, zeros, index, hit):
    """Every key that is not zero, and the first `zeros` of those that are."""
    n = 0
    while zeros > 0:
        zeros -= key[n] == 0
        n += 1
    _mark(hit, key, key.dtype.type(1))
    hit[:n] = 1
    list_hits(index, hit.view(np.uint64))
    chosen[:] = index[: len(chosen)]


@kernel
def _take(chosen, index, near, n, least, ties):
    """All of the n near keys above `least`, and the first `ties` of those that equal it."""
    s = 0
    for i in range(n):
        if near[i] > least:
            chosen[s] = index[i]
            s += 1
        elif near[i] == least and ties > 0:
            chosen[s] = index[i]
            s += 1
            ties -= 1


if JIT:

    @kernel
    def list_hits(out, words):
        """The indices of the bytes that are 1, eight bytes at a time; returns how many. out has room for two more.

        Two indices are written at once, whether there are so many or not: a branch for each could not be predicted.
        """
        s = np.uint64(0)
        for i in range(len(words)):
            word = words[i]
            first = word & (~word + _ONE)
            rest = word ^ first
            second = rest & (~rest + _ONE)
            rest ^= second
            out[s] = np.int32(8 * i) + np.int32((first * _INDEX) >> _TOP)
            out[s + _ONE] = np.int32(8 * i) + np.int32((second * _INDEX) >> _TOP)
            more = s + _ONE
            s += (word * _BYTES) >> np.uint64(56)  # how many there are
            while rest != np.uint64(0):
                more += _ONE
                lowest = rest & (~rest + _ONE)
                out[more] = np.int32(8 * i) + np.int32((lowest * _INDEX) >> _TOP)
                rest ^= lowest
        return np.int64(s)

else:  # NumPy would warn of integers that overflow, as is intended above

    def list_hits(out, words):
        found = np.flatnonzero(words.view(np.uint8))
        out[: len(found)] = found
        return len(found)
