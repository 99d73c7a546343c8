"""The tables of reproduce_centring.py as Markdown, made from their JSON alone."""

from __future__ import annotations

import math
from typing import Any

from meprop.markdown import PERCENT, interval, mean, took

Row = dict[str, Any]
SCORES = ("test_accuracy", "last_test_accuracy")
AIMS = {25: 0.3, "5%": 0.3, 10: 0.6, "2%": 0.6}  # points below dense, for k of 500 units


def centring_table(report: dict[str, Any]) -> str:
    """One line for each arm: at the best dev score and after the last step, with paired differences from dense."""
    score = "UAS" if report["table"].startswith("parsing") else "test"
    lines = [
        f"| arm | {score} % at best dev | minus dense [95 %] | {score} % after the last step | minus dense [95 %] "
        "| largest loss |",
        "|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gaps = [interval(arm["gap"][key]) if "gap" in arm else "" for key in SCORES]
        cells = [
            f"{arm['name']} ({arm['diverged']} diverged)" if arm["diverged"] else arm["name"],
            mean(arm["test_accuracy"]), gaps[0], mean(arm["last_test_accuracy"]), gaps[1],
            largest_loss([run for run in report["runs"] if run["name"] == arm["name"]]),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    epochs = report["epochs"]
    note = (
        f"Means ± standard errors of {report['seeds']} seeds, {epochs} epoch{'s' if epochs > 1 else ''}. The "
        "largest loss is the largest mean over the steps between two evaluations, on average over the seeds; it is "
        f"bold with the number of seeds whose loss rose above that of their first step. {took(report)}"
    )
    return "\n".join([*lines, "", *_aims(report), "", note])


def largest_loss(runs: list[Row]) -> str:
    found = [(run["largest_loss"], run["first_loss"]) for run in runs if run.get("largest_loss") is not None]
    if not found:
        return "-"
    text = f"{sum(largest for largest, _ in found) / len(found):.2f}"
    rose = sum(largest > first for largest, first in found)
    return f"**{text} ({rose})**" if rose else text


def _aims(report: dict[str, Any]) -> list[str]:
    """Whether the best arm of each k is as near to dense as was aimed at, by both scores."""
    lines = []
    for k, points in AIMS.items():
        mine = [arm for arm in report["arms"] if arm["changes"].get("k") == k and "gap" in arm]
        best = max(mine, key=_worst, default=None)
        if best is None or _worst(best) == -math.inf:
            continue
        word = "reached" if _worst(best) >= -points / PERCENT else "missed"
        gaps = " and ".join(interval(best["gap"][key]) for key in SCORES)
        lines.append(
            f"* k = {k}, within {points} points of dense by both scores: {word} ({best['name']}, {gaps})."
        )
    return lines


def _worst(arm: Row) -> float:
    """The worse of an arm's two differences."""
    found = [arm["gap"].get(key, {}).get("mean") for key in SCORES]
    return min((-math.inf if value is None else value for value in found), default=-math.inf)


def gradients_table(report: dict[str, Any]) -> str:
    """One line for each rule: what its gradient of one layer has to do with the dense one."""
    lines = [
        "| rule | cosine to dense | bias | standard deviation | along the mean input |",
        "|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        cells = [mean(row[key], 1, ".3f") for key in ("cosine", "bias", "deviation", "along_mean")]
        lines.append(f"| {row['name']} | {' | '.join(cells)} |")
    return "\n".join(lines) + (
        f"\n\ndW of the second hidden layer of 64-500-500-10 on digits after one dense epoch, over "
        f"{report['batches']} mini-batches of {report['batch']}, k = {report['k']}; means ± standard errors of "
        f"{report['seeds']} seeds. Cosine: of one mini-batch, to the dense gradient of the same centring. Bias: "
        "norm of the mean difference from it, over the norm of the mean dense gradient. Standard deviation: of the "
        "difference, over the norm of the dense gradient of a mini-batch. Along the mean input: the part of the "
        "bias in the direction of the mean of the layer's input, as a share of its norm; a dash where there is no "
        "bias to speak of. The noise that is left in a mean over so many mini-batches is taken out of the bias."
    )


def seconds_table(report: dict[str, Any]) -> str:
    """Microseconds of the choice, and of the backward pass with each way to centre."""
    lines = [
        "| shape | rule | choice | beside top-k's | backward | center=dw | center=forward | forward pass | "
        "center=forward |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by = {(tuple(r["shape"]), r["rule"], r["center"]): r for r in report["runs"]}
    for (shape, select, center), plain in by.items():
        if center != "off":
            continue
        dw, forward = by[shape, select, "dw"], by[shape, select, "forward"]
        top = by[shape, "topk", "off"]["select"]
        cells = [
            "x".join(map(str, shape)), select, f"{plain['select']:.1f}", f"{plain['select'] / top:.2f}x",
            f"{plain['backward']:.0f}", _more(dw, plain, "backward"), _more(forward, plain, "backward"),
            f"{plain['forward']:.0f}", _more(forward, plain, "forward"),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + (
        f"\n\nMedian microseconds, k = {report['k']}, {report['threads']} threads; the choice is part of "
        "the backward pass."
    )


def _more(run: Row, plain: Row, part: str) -> str:
    return f"{run[part]:.0f} ({run[part] / plain[part] - 1:+.0%})"
