"""What measured points say: the straight line through them, and the k at which they reach a level."""

from __future__ import annotations

import numpy as np


def line(k: list[int], seconds: list[float]) -> dict[str, float | None]:
    """{"slope", "intercept", "r2"} of seconds = intercept + slope k by least squares; all None below two points."""
    if len(k) < 2:
        return {"slope": None, "intercept": None, "r2": None}
    from scipy.stats import linregress

    found = linregress(k, seconds)
    return {"slope": float(found.slope), "intercept": float(found.intercept), "r2": float(found.rvalue**2)}


def crossover(k: list[int], seconds: list[float], dense: float) -> float | None:
    """The k at which `seconds`, interpolated between the points, first reaches `dense`; None if it never does."""
    above = [i for i, t in enumerate(seconds) if t >= dense]
    if not above:
        return None
    i = above[0]
    if i == 0:
        return float(k[0])
    return float(np.interp(dense, seconds[i - 1 : i + 1], k[i - 1 : i + 1]))
