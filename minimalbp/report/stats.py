"""What a handful of seeds says: mean, standard error, confidence interval, and where one more run would fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import BadInput, check_float, unknown

LEVEL = 0.95
NO_SCORES = ("test_loss", "test_by_epoch")  # of a run


def spread(values: Sequence[float], level: float = LEVEL) -> dict[str, Any]:
    """Mean of independent values, with its uncertainty.

    Parameters
    ----------
    values : sequence of float, shape (n,)
        One value of each run, such as the test accuracy of each seed.
    level : float, default 0.95
        Probability that the intervals are made for, above 0 and below 1.

    Returns
    -------
    dict
        "n": how many values; "mean"; "se": standard error of the mean; "low" and "high": ends of the confidence
        interval of the mean (Student's t); "next": [low, high] of the prediction interval, in which one more value
        would fall. All but "n" and "mean" are None below two values, and "mean" is None without any.

    Raises
    ------
    BadInput
        For a value that is no finite number, or a level outside of its range.

    Examples
    --------
    >>> found = spread([0.97, 0.98, 0.99])
    >>> [round(found[key], 4) for key in ("mean", "se", "low", "high")]
    [0.98, 0.0058, 0.9552, 1.0048]
    """
    level = check_float("level", level, 0, 0.999999, open_low=True)
    numbers = [check_float("each value", value, -math.inf) for value in values]
    n = len(numbers)
    mean = float(np.mean(numbers)) if n else None
    if n < 2 or mean is None:
        return {"n": n, "mean": mean, "se": None, "low": None, "high": None, "next": None}
    from scipy.stats import t

    sd = float(np.std(numbers, ddof=1))
    factor = float(t.ppf((1 + level) / 2, n - 1))
    se = sd / math.sqrt(n)
    reach = factor * sd * math.sqrt(1 + 1 / n)
    return {"n": n, "mean": mean, "se": se, "low": mean - factor * se, "high": mean + factor * se,
            "next": [mean - reach, mean + reach]}  # fmt: skip


def paired(
    runs: Sequence[dict[str, Any]],
    others: Sequence[dict[str, Any]],
    key: str | None = None,
    level: float = LEVEL,
) -> dict[str, Any]:
    """`spread` of the differences between runs of the same seed, over the seeds that both have.

    What a seed does to both runs, such as an unlucky order of examples, does not blur the difference.

    Parameters
    ----------
    runs, others : sequence of dict
        Runs as `minimalbp.experiment.sweep` returns them; of each the settings must hold a seed. Runs that diverged
        have no scores and are left out.
    key : str, optional
        The score to compare; by default the first test score of the runs, such as "test_accuracy" or "test_uas".
    level : float, default 0.95
        As for `spread`.

    Returns
    -------
    dict
        As `spread` returns it, of runs minus others.

    Raises
    ------
    BadInput
        For a score that a run lacks, and a seed that occurs twice on one side.

    Examples
    --------
    >>> def run(seed, accuracy):
    ...     return {"settings": {"seed": seed}, "test_accuracy": accuracy}
    >>> gap = paired([run(0, 0.98), run(1, 0.95)], [run(1, 0.94), run(0, 0.96), run(2, 0.5)])
    >>> gap["n"], round(gap["mean"], 4)
    (2, 0.015)
    """
    key = key or next(
        (name for run in runs for name in run if name.startswith("test_") and name not in NO_SCORES),
        "test_accuracy",
    )
    left, right = _by_seed(runs, key), _by_seed(others, key)
    return spread([left[seed] - right[seed] for seed in sorted(left.keys() & right.keys())], level)


def _by_seed(runs: Sequence[dict[str, Any]], key: str) -> dict[int, float]:
    """The score of each seed that has one."""
    found: dict[int, float] = {}
    for run in runs:
        if "diverged" not in run and key not in run:
            raise unknown("score", key, (name for name, value in run.items() if isinstance(value, float)))
        seed = run["settings"]["seed"]
        if seed in found:
            raise BadInput(f"two runs have the seed {seed}; compare one arm with another, each seed once")
        if run.get(key) is not None:
            found[seed] = run[key]
    return found


def verdict(gap: dict[str, Any], positive: str, negative: str, neither: str) -> str:
    """Which word the confidence interval of a difference allows.

    Parameters
    ----------
    gap : dict
        A difference, as `paired` or `spread` return it.
    positive, negative : str
        What to say where the whole interval is above zero, or below.
    neither : str
        What to say where the interval holds zero, or is not known.

    Returns
    -------
    str
        One of the three.

    Examples
    --------
    >>> verdict(spread([0.1, 0.2, 0.15]), "better", "worse", "undecided")
    'better'
    """
    if gap["low"] is None or gap["low"] <= 0 <= gap["high"]:
        return neither
    return positive if gap["low"] > 0 else negative
