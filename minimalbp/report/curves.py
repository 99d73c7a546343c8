"""How a training went over the seconds: its curve, and when the dev score first reached a target."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import check_float
from ..train.history import History

SHARE = 0.99  # of dense's best dev score: the target where none is given


def curve(history: History) -> dict[str, list[Any]]:
    """The records of a training as columns, as each run in run.json keeps them.

    Parameters
    ----------
    history : History
        As `fit` returns it.

    Returns
    -------
    dict of str to list
        "seconds" of training (None where an earlier version did not count them), "step", "train_loss", and "dev",
        the dev score that decides: one entry for each evaluation.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> curve(mbp.History([mbp.Record(1, 100, 0.5, {"accuracy": 0.9}, 0.4, seconds=1.25)]))
    {'seconds': [1.25], 'step': [100], 'train_loss': [0.5], 'dev': [0.9]}
    """
    records = history.records
    return {
        "seconds": [record.seconds for record in records],
        "step": [record.step for record in records],
        "train_loss": [record.train_loss for record in records],
        "dev": [record.main for record in records],
    }


def seconds_to(history: History, target: float) -> float | None:
    """Seconds of training until an evaluation first found the dev score at a target, or above it.

    Parameters
    ----------
    history : History
        As `fit` returns it.
    target : float
        The dev score to reach, a share such as 0.975.

    Returns
    -------
    float or None
        None where no evaluation found it, and where an earlier version did not count the seconds.

    Raises
    ------
    BadInput
        For a target that is no number above 0 and at most 1.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> found = [(0.92, 1.5), (0.98, 3.0), (0.97, 4.5)]
    >>> records = [mbp.Record(1, 10, 0.5, {"accuracy": dev}, 0.4, seconds=s) for dev, s in found]
    >>> seconds_to(mbp.History(records), 0.95), seconds_to(mbp.History(records), 0.99)
    (3.0, None)
    """
    return _first(curve(history), check_target(target))


def check_target(target: Any) -> float:
    """A dev score to reach, as a share. Raises BadInput for anything but a number above 0 and at most 1."""
    return check_float("target", target, 0, 1, open_low=True)


def set_target(report: dict[str, Any], target: float | None) -> None:
    """Write "target" into a report of `compare`, and "seconds_to_target" into each of its runs.

    target: a share; None: 99 % of the best dev score of the first network (the mean over its seeds, rounded down to
    a tenth of a percent), which is dense unless it was left out. It stays None where that network has no score.
    """
    if target is None:
        key, runs = f"dev_{next(iter(report['scores']))}", report["runs"]
        best = [run[key] for run in runs if run["name"] == runs[0]["name"] and key in run]
        target = math.floor(1000 * SHARE * np.mean(best) + 1e-9) / 1000 if best else None
    report["target"] = target
    for run in report["runs"]:
        run["seconds_to_target"] = None if target is None else _first(run.get("curve"), target)


def _first(found: dict[str, list[Any]] | None, target: float) -> float | None:
    pairs: Iterable[tuple[float | None, float]] = zip(found["seconds"], found["dev"]) if found else ()
    return next((seconds for seconds, dev in pairs if dev >= target), None)
