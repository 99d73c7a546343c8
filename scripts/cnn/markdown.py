"""The tables of reproduce_cnn.py as Markdown, made from their JSON alone."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from centring.markdown import largest_loss
from meprop.markdown import PERCENT, interval, mean, took

from minimalbp.report import verdict

from .arms import AIMS, FIVE, OVERFITTING

Row = dict[str, Any]
SCORES = ("test_accuracy", "last_test_accuracy")


def cnn_table(report: Row) -> str:
    """One line for each arm: both scores, paired differences from dense, the natural share of non-zeros."""
    if report["table"] in OVERFITTING:
        return overfitting_table(report)
    lines = [
        "| arm | test % at best dev | minus dense [95 %] | test % after the last step | minus dense [95 %] "
        "| non-zeros before the choice, % | largest loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gaps = [interval(arm["gap"][key]) if "gap" in arm else "" for key in SCORES]
        runs = runs_of(report, arm)
        cells = [
            name_of(arm), mean(arm["test_accuracy"]), gaps[0], mean(arm["last_test_accuracy"]), gaps[1],
            density(runs), largest_loss(runs),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        f"{seeds(report)} Non-zeros: the natural share in each convolution, mean over the evaluations. The largest "
        "loss is the largest mean over the steps between two evaluations, on average over the seeds; it is bold "
        f"with the number of seeds whose loss rose above that of their first step. {took(report)}"
    )
    return "\n".join([*lines, "", *aims(report), *claims(report), "", note])


def overfitting_table(report: Row) -> str:
    """One line for each arm: accuracy on what was learnt and on what was not, and the gap."""
    lines = [
        "| network, pictures: arm | train % | test % | gap, points | gap minus that of dense [95 %] "
        "| test minus dense [95 %] |",
        "|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        keys = ("overfit", "last_test_accuracy")
        gaps = [interval(arm["gap"][key]) if "gap" in arm else "" for key in keys]
        values = (mean(arm[key]) for key in ("last_train_accuracy", "last_test_accuracy", "overfit"))
        lines.append(f"| {' | '.join([name_of(arm), *values, *gaps])} |")
    note = f"{seeds(report)} All after the last step; the gap is train minus test. {took(report)}"
    return "\n".join([*lines, "", note])


def claims(report: Row) -> list[str]:
    """What the intervals say of the abstract's claim that 5 % of the gradient are as good as all of it."""
    if report["table"].startswith("controls"):
        return []
    lines = []
    for arm in report["arms"]:
        if not (arm["changes"].get("select") and arm["changes"].get("k", FIVE) == FIVE):
            continue
        shown = []
        for key, when in zip(SCORES, ("at the best dev score", "after the last step")):
            gap = arm["gap"][key]
            if gap["low"] is not None:
                word = verdict(
                    gap, "better than dense", "worse than dense", "no difference from dense is shown"
                )
                shown.append(f"{when} {word} ({interval(gap)})")
        lines += [f"* {arm['name']}: {', '.join(shown)}."] if shown else []
    return lines


def aims(report: Row) -> list[str]:
    """Whether the networks at full size are as good as was aimed at."""
    lines = []
    for arm in report["arms"] if report["table"] == "full" else ():
        aim, found = AIMS.get(arm["name"]), arm["last_test_accuracy"]["mean"]
        if aim is not None and found is not None:
            word = "reached" if found >= aim else "missed"
            lines.append(f"* {arm['name']}, at least {PERCENT * aim:g} %: {word} ({mean(arm[SCORES[1]])}).")
    return lines


def runs_of(report: Row, arm: Row) -> list[Row]:
    return [run for run in report["runs"] if run["name"] == arm["name"]]


def name_of(arm: Row) -> str:
    return f"{arm['name']} ({arm['diverged']} diverged)" if arm["diverged"] else arm["name"]


def density(runs: list[Row]) -> str:
    """13, 21: of each convolution, over the seeds."""
    found = [run["density"] for run in runs if run.get("density")]
    return ", ".join(f"{PERCENT * sum(of) / len(of):.3g}" for of in zip(*found)) or "-"


def seeds(report: Row) -> str:
    """How many seeds, and what the runs learnt from for how long."""
    trainings = {}
    for run in report["runs"]:
        one = run["settings"]
        rate = "" if one["schedule"] == "constant" else f", rate {one['schedule']}"
        augmented = f", {one['augment']}" if one["augment"] else ""
        batch, epochs = one["batch"], f"{one['epochs']} epoch{'s' if one['epochs'] != 1 else ''}"
        trainings[
            f"{one['model']} on {PurePath(one['data']).name}, {epochs}, batch {batch}{rate}{augmented}"
        ] = None
    n = report["seeds"]
    head = f"Means ± standard errors of {n} seeds" if n > 1 else "One seed"
    return f"{head}; {'; '.join(trainings)}."
