"""What tables, figures and the conclusion read of a report of `compare`: its arms, with a run for each seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .stats import spread

Run = dict[str, Any]
DENSE = "dense"


def by_arm(report: dict[str, Any]) -> dict[str, list[Run]]:
    """The runs of each arm by its name, in the order of the report."""
    found: dict[str, list[Run]] = {}
    for run in report["runs"]:
        found.setdefault(run["name"], []).append(run)
    return found


def seeds(report: dict[str, Any]) -> list[int]:
    """The seeds of the runs, each once."""
    return sorted({_seed(run, report) for run in report["runs"]})


def values(runs: Sequence[Run], key: str) -> list[float]:
    """What the runs have under a key. A run that diverged has no scores and is left out."""
    return [run[key] for run in runs if run.get(key) is not None]


def mean(runs: Sequence[Run], key: str, phase: str) -> float | None:
    """The mean over the seeds of seconds, ops or bytes of a phase; None without any."""
    found = [run[key][phase] for run in runs if key in run]
    return float(np.mean(found)) if found else None


def minus_dense(report: dict[str, Any], name: str, key: str) -> dict[str, Any]:
    """`spread` of the differences of a score to that of dense, over the seeds that have both."""
    arms = by_arm(report)
    mine, dense = (
        {_seed(run, report): run[key] for run in arms.get(arm, []) if run.get(key) is not None}
        for arm in (name, DENSE)
    )
    return spread([mine[seed] - dense[seed] for seed in mine if seed in dense])


def speedup(report: dict[str, Any], name: str) -> dict[str, float] | None:
    """How many times as fast as dense the "backward" pass and the whole "step" of an arm are, where that is known.

    Where there is one sparse arm, the report may hold the two figures without its name.
    """
    found = report["speedup"].get(name, report["speedup"])
    known = name != DENSE and DENSE in by_arm(report) and found.get("step") is not None
    return {part: found[part] for part in ("backward", "step")} if known else None


def seconds_to_target(runs: Sequence[Run]) -> tuple[float, int]:
    """The median over the seeds of the seconds to the target, and how many seeds reach it.

    The median is infinite where half of the seeds never do.
    """
    found = values(runs, "seconds_to_target")
    return float(np.median(found + [math.inf] * (len(runs) - len(found)))), len(found)


def _seed(run: Run, report: dict[str, Any]) -> int:
    """A report with one seed may say it once."""
    return run.get("seed", report["seed"])
