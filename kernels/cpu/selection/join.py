"""Lists that several threads wrote, each in a place of its own, moved together."""

from ..policy import kernel


@kernel
def join(start, unit, value, first, n):
    """Move n pieces of the lists together. Piece p has examples batch p // n to batch (p + 1) // n.

    On entry the lists of a piece follow each other, from first[its first example] on, and start[e + 1] is where
    list e ends.
    """
    batch = len(start) - 1
    for p in range(1, n):
        lo, hi = batch * p // n, batch * (p + 1) // n
        to, begin = start[lo], first[lo]
        for i in range(start[hi] - begin):
            unit[to + i], value[to + i] = unit[begin + i], value[begin + i]
        for e in range(lo, hi):
            start[e + 1] -= begin - to
