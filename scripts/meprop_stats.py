"""What a handful of seeds says: mean, standard error, confidence interval, and where one more run would fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

LEVEL = 0.95


def spread(values: Sequence[float], level: float = LEVEL) -> dict[str, Any]:
    """{"n", "mean", "se", "low", "high", "next"} of independent values.

    low, high: the confidence interval of the mean (Student's t); next: [low, high] of the prediction interval, in
    which one more value would fall with probability `level`. All but n and mean are None below two values, mean
    too without any.
    """
    n = len(values)
    mean = float(np.mean(values)) if n else None
    if n < 2 or mean is None:
        return {"n": n, "mean": mean, "se": None, "low": None, "high": None, "next": None}
    from scipy.stats import t

    sd = float(np.std(values, ddof=1))
    factor = float(t.ppf((1 + level) / 2, n - 1))
    se = sd / math.sqrt(n)
    reach = factor * sd * math.sqrt(1 + 1 / n)
    return {"n": n, "mean": mean, "se": se, "low": mean - factor * se, "high": mean + factor * se,
            "next": [mean - reach, mean + reach]}  # fmt: skip


def paired(
    runs: Sequence[dict[str, Any]],
    others: Sequence[dict[str, Any]],
    key: str = "test_accuracy",
    level: float = LEVEL,
) -> dict[str, Any]:
    """`spread` of runs minus others, seed by seed, over the seeds that both have."""
    right = {r["settings"]["seed"]: r[key] for r in others if r[key] is not None}
    left = {r["settings"]["seed"]: r[key] for r in runs if r[key] is not None}
    return spread([left[seed] - right[seed] for seed in sorted(left.keys() & right.keys())], level)


def verdict(gap: dict[str, Any], positive: str, negative: str, neither: str) -> str:
    """Which word the confidence interval of a difference allows; `neither` where it holds zero or is unknown."""
    if gap["low"] is None or gap["low"] <= 0 <= gap["high"]:
        return neither
    return positive if gap["low"] > 0 else negative
