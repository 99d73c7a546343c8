"""Random numbers: one seed, and a separate stream for every purpose and layer.

A stream depends on nothing but the seed, the purpose and the layer's path. So dropout in one layer does not change
the initial weights of another, and two networks that differ only in their selector start from the same weights.
"""

from __future__ import annotations

import numpy as np

from .errors import check_int

__all__ = ["Streams"]

PURPOSES = (
    "init",
    "shuffle",
    "dropout",
    "random-k",
    "unknown",
    "augment",
    "prune",
    "topology",
)  # append only: the index is a part of the key


class Streams:
    """The generators that come from one seed.

    Parameters
    ----------
    seed : int
        At least 0.

    Raises
    ------
    BadInput
        For anything else.

    Examples
    --------
    The order in which the first epoch of `fit(..., rng=0)` sees ten examples:

    >>> sorted(int(i) for i in Streams(0).generator("shuffle").permutation(10)) == list(range(10))
    True
    """

    def __init__(self, seed: int):
        self.seed = check_int("seed", seed)

    def generator(self, purpose: str, *path: int) -> np.random.Generator:
        """A new generator for `purpose`, and the layer at `path` in the network (or the pass of that number)."""
        key = (PURPOSES.index(purpose), *path)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))
