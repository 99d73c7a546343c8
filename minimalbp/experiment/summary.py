"""What run.json says of the arms of a comparison over their seeds: speed-ups, means, differences to dense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..report.arms import DENSE, Run, by_arm, minus_dense, values
from ..report.stats import spread

BACKWARD = ("select", "dw", "dx", "other")
SCORES = ("dev", "test", "last_dev", "last_test")  # how the names of a run's scores begin


def speedups(report: dict[str, Any]) -> dict[str, dict[str, float]]:
    """How many times as fast as dense each arm is: its "backward" pass (all but forward and update), its "step".

    That is dense over the arm, of the seconds of all seeds that both have. An arm without such a seed is left out.
    """
    arms = {name: _seconds(runs) for name, runs in by_arm(report).items()}
    dense, found = arms.pop(DENSE, {}), {}
    for name, mine in arms.items():
        pairs = [(dense[seed], seconds) for seed, seconds in mine.items() if seed in dense]
        if pairs:
            found[name] = {"backward": _ratio(pairs, BACKWARD), "step": _ratio(pairs, ("total",))}
    return found


def _seconds(runs: Iterable[Run]) -> dict[int, dict[str, float]]:
    """The seconds of each seed that did not diverge."""
    return {run["seed"]: run["seconds"] for run in runs if "seconds" in run}


def _ratio(pairs: list[tuple[dict[str, float], dict[str, float]]], parts: tuple[str, ...]) -> float:
    dense, mine = (sum(seconds[part] for seconds in column for part in parts) for column in zip(*pairs))
    return dense / mine


def summarise(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of each arm `spread` of its scores over the seeds and, under "difference", that of their gaps to dense."""
    arms, names = by_arm(report), [f"{part}_{score}" for part in SCORES for score in report["scores"]]
    found: dict[str, dict[str, Any]] = {}
    for name, runs in arms.items():
        found[name] = {key: spread(values(runs, key)) for key in names}
        if name != DENSE and DENSE in arms:
            found[name]["difference"] = {key: minus_dense(report, name, key) for key in names}
    return found
