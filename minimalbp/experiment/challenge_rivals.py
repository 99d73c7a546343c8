"""The same inference with another library's products: examples die and are left out as in our kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..backend import Array

BLOCK = 256  # examples that go through the layers together; 128 to 512 are within a tenth of it
FULL = 0.75  # a block of which no larger share is left waits for others


def survivors(layers: Sequence[Callable[[Array], Array]], x: Array, block: int = BLOCK) -> Array:
    """The examples that have an active node after all layers, ascending.

    Parameters
    ----------
    layers : sequence of callable
        Each takes the activations (n, examples) in float32 and returns those of the next layer.
    x : array (examples, n)
    block : int
        Examples that go through the layers together.
    """
    waiting: list[list[tuple[Array, Array]]] = [[] for _ in layers]
    found: list[Array] = []

    def go_on(at: int, y: Array, ids: Array) -> None:
        while at < len(layers):
            y = layers[at](y)
            at += 1
            left = y.max(axis=0) > 0
            count = np.count_nonzero(left)
            if count == 0:
                return
            if at == len(layers):
                ids = ids[left]
            elif count <= FULL * block and count < len(ids):
                waiting[at].append((np.compress(left, y, axis=1), ids[left]))
                if sum(len(some) for _, some in waiting[at]) < block:
                    return
                y, ids = _together(waiting[at])
                waiting[at] = [(y[:, block:], ids[block:])]
                y, ids = np.ascontiguousarray(y[:, :block]), ids[:block]
        found.append(ids)

    for first in range(0, len(x), block):
        part = x[first : first + block]
        go_on(0, np.ascontiguousarray(part.T, np.float32), np.arange(first, first + len(part)))
    for at, blocks in enumerate(waiting):
        if any(len(ids) for _, ids in blocks):
            go_on(at, *_together(blocks))
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _together(blocks: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Blocks side by side."""
    return np.hstack([y for y, _ in blocks]), np.concatenate([ids for _, ids in blocks])
