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
    """Relative difference between the slope of a function along a random direction and what its gradients predict.

    The direction is drawn for all arrays together, so that a single wrong entry of any gradient shows.

    Parameters
    ----------
    function : callable
        Returns the loss for the present values of `arrays`.
    arrays : sequence of array of float64
        What the loss depends on. They are changed in place and restored.
    gradients : sequence of array of float64
        Gradient of the loss for each array, of the same shape.
    rng : numpy.random.Generator
        Draws the direction.
    step : float, default 1e-6
        How far to go along the direction, both ways.

    Returns
    -------
    float
        About 1e-9 for right gradients; the error of wrong ones.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> x = np.array([1.0, 2.0, 3.0])
    >>> def loss():
    ...     return float((x**3).sum())
    >>> mbp.directional_error(loss, [x], [3 * x**2], np.random.default_rng(0)) < 1e-7
    True
    >>> mbp.directional_error(loss, [x], [3 * x], np.random.default_rng(0)) > 0.1
    True
    """
    directions = [rng.normal(size=a.shape) for a in arrays]
    predicted = sum(float(np.vdot(g, d)) for g, d in zip(gradients, directions))
    before = [a.copy() for a in arrays]

    def at(distance: float) -> float:
        for a, start, d in zip(arrays, before, directions):
            a[...] = start + distance * d
        return function()

    slope = (at(step) - at(-step)) / (2 * step)
    for a, start in zip(arrays, before):
        a[...] = start
    return abs(slope - predicted) / max(abs(slope), abs(predicted), 1e-12)
