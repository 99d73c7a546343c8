"""Random numbers: one root seed, and a stream of its own for every purpose and place.

A stream depends on the seed, the purpose and the place alone, so that dropout in one layer does not change the
initial weights of another, and two networks that differ only in their selector start equal.
"""

from __future__ import annotations

import numpy as np

from .errors import check_int

PURPOSES = ("init", "shuffle", "dropout", "random-k", "unknown")  # append only: the place is the key


class Streams:
    """Generators derived from one seed, an int of at least 0. Raises BadInput for anything else."""

    def __init__(self, seed: int):
        self.seed = check_int("seed", seed)

    def generator(self, purpose: str, *place: int) -> np.random.Generator:
        """The generator for `purpose` at `place` (the layer's path in the network)."""
        key = (PURPOSES.index(purpose), *place)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key)))
