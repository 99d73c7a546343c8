"""What run.json says of the arms of a comparison over their seeds: speed-ups, means, differences to dense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..report.stats import paired, spread

BACKWARD = ("select", "dw", "dx", "other")
SCORES = ("dev", "test", "last_dev", "last_test")  # how the names of a run's scores begin
DENSE = "dense"

Run = dict[str, Any]


def by_arm(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """The runs of each arm that did not diverge, by the arm's name."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run["name"], []).extend([] if "diverged" in run else [run])
    return found


def speedups(runs: Iterable[Run]) -> dict[str, dict[str, float]]:
    """How many times as fast as dense each arm is: its "backward" pass (all but forward and update), its "step".

    That is dense over the arm, of the seconds of all seeds that both have. An arm without such a seed is left out.
    """
    arms = by_arm(runs)
    dense = {run["seed"]: run["seconds"] for run in arms.pop(DENSE, [])}
    found = {}
    for name, mine in arms.items():
        pairs = [(dense[run["seed"]], run["seconds"]) for run in mine if run["seed"] in dense]
        if pairs:
            found[name] = {"backward": _ratio(pairs, BACKWARD), "step": _ratio(pairs, ("total",))}
    return found


def _ratio(pairs: list[tuple[dict[str, float], dict[str, float]]], parts: tuple[str, ...]) -> float:
    dense, mine = (sum(seconds[part] for seconds in column for part in parts) for column in zip(*pairs))
    return dense / mine


def summarise(runs: Iterable[Run], scores: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each arm `spread` of its scores over the seeds and, under "difference", `paired` of them with dense."""
    arms, names = by_arm(runs), [f"{part}_{score}" for part in SCORES for score in scores]
    seeded = {
        name: [{"settings": {"seed": run["seed"]}, **run} for run in mine] for name, mine in arms.items()
    }
    found: dict[str, dict[str, Any]] = {}
    for name, mine in seeded.items():
        found[name] = {key: spread([run[key] for run in mine]) for key in names}
        if name != DENSE and DENSE in arms:
            found[name]["difference"] = {key: paired(mine, seeded[DENSE], key) for key in names}
    return found
