"""The layers that pruning by magnitude leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import BadInput, check_float
from .bipartite import Bipartite

__all__ = ["largest"]


def largest(weight: Any, density: float) -> Bipartite:
    """The layer that pruning by magnitude leaves: the edges of the largest weights.

    Parameters
    ----------
    weight : array (n_out, n_in)
        As `Linear` has it.
    density : float
        The share that stays, above 0 and up to 1. Of equal magnitudes the first ones stay.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For another density, and for weights that are no matrix or not finite.

    Examples
    --------
    >>> largest([[1, -5, 2], [3, 0, -1]], 0.5).mask().astype(int)
    array([[0, 1, 1],
           [1, 0, 0]])
    """
    magnitude = np.abs(np.asarray(weight))
    if magnitude.ndim != 2 or 0 in magnitude.shape or not np.isfinite(magnitude).all():
        raise BadInput(f"weights must be a finite matrix (n_out, n_in), not of shape {magnitude.shape}")
    density = check_float("density", density, 0, 1, open_low=True)
    count = max(1, round(density * magnitude.size))
    mask = np.zeros(magnitude.size, bool)
    mask[np.argsort(-magnitude, axis=None, kind="stable")[:count]] = True
    return Bipartite.from_mask(mask.reshape(magnitude.shape))
