"""One directional derivative checks every entry of a gradient at once (central differences, float64)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def directional_error(
    function: Callable[[], float],
    arrays: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    rng: np.random.Generator,
    step: float = 1e-6,
) -> float:
    """Relative difference between the slope of `function` along a random direction and what `gradients` say.

    function: the loss as the arrays stand now; they are moved in place and put back. The direction is drawn for
    all arrays together, so that one wrong entry of any gradient shows.
    """
    directions = [rng.normal(size=a.shape) for a in arrays]
    said = sum(float(np.vdot(g, d)) for g, d in zip(gradients, directions))
    kept = [a.copy() for a in arrays]

    def at(distance: float) -> float:
        for a, k, d in zip(arrays, kept, directions):
            a[...] = k + distance * d
        return function()

    slope = (at(step) - at(-step)) / (2 * step)
    for a, k in zip(arrays, kept):
        a[...] = k
    return abs(slope - said) / max(abs(slope), abs(said), 1e-12)
