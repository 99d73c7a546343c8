"""The tables of reproduce_radixnet.py as Markdown, made from their JSON alone."""

from __future__ import annotations

from typing import Any

from meprop.markdown import PERCENT, interval, mean, took

from minimalbp.report import verdict

from .arms import LOGITS, ONE, RADIX, STABLE, TEN

NEAR = 0.4  # points within which a published figure counts as reproduced
Row = dict[str, Any]


def radixnet_table(report: Row) -> str:
    """One line for each arm: parameters, exact work, accuracy, paired difference; then what the seeds say."""
    theirs = any(arm["published"] for arm in report["arms"])
    groups = any(arm["group"] for arm in report["arms"])
    heads = [
        *(["what is equal"] if groups else []), "network", "parameters", "forward", "dW + dx", "whole step",
        "test %", *(["published", "minus published"] if theirs else []), "minus dense [95 %]",
        *([f"minus {RADIX} [95 %]"] if groups else []),
        *(["dead logits", "lost classes"] if theirs else []),
    ]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for arm in report["arms"]:
        work = arm["work"]
        cells = [
            *([arm["group"]] if groups else []),
            f"{arm['name']} ({arm['diverged']} diverged)" if arm["diverged"] else arm["name"],
            *(f"{value:,.0f}" for value in (arm["parameters"]["mean"], *(work[k] for k in WORK))),
            mean(arm["test_accuracy"]), *(published(arm) if theirs else []),
            interval(arm["gap"]) if "gap" in arm else "",
            *([interval(arm["minus radix"]) if "minus radix" in arm else ""] if groups else []),
            *(by_seed(report, arm) if theirs else []),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        f"Means ± standard errors of {report['seeds']} seeds, after the last of {steps(report)} steps. Work: exact "
        "multiply-adds of the products in a step, for each example. "
        f"{DEAD if theirs else ''}{took(report)}"
    )
    return "\n".join([*lines, "", *said(report), "", note])


WORK = ("forward", "backward", "step")
DEAD = (
    "Of each seed: dead logits, outputs that are zero for all test examples, and lost classes, of whose test "
    "examples less than 1 % are recognised. "
)


def published(arm: Row) -> list[str]:
    """The published figure, and how far ours is from it."""
    if arm["published"] is None or arm["test_accuracy"]["mean"] is None:
        return ["", ""]
    gap = PERCENT * arm["test_accuracy"]["mean"] - arm["published"]
    return [f"{arm['published']:.2f}", f"{gap:+.2f}"]


def by_seed(report: Row, arm: Row) -> list[str]:
    """Dead logits and lost classes, such as "3, 0, 1"; no dead ones where the logits are linear."""
    runs = [run for run in report["runs"] if run["name"] == arm["name"]]
    dead, lost = (", ".join(str(run.get(key, "-")) for run in runs) for key in ("dead", "lost"))
    return [dead if runs[0]["settings"]["recipe"]["relu_on_logits"] else "", lost]


def steps(report: Row) -> str:
    return f"{report['runs'][0]['settings']['recipe']['steps']:,}"


def said(report: Row) -> list[str]:
    """What the seeds say, as sentences that change with the figures."""
    arms = {arm["name"]: arm for arm in report["arms"] if arm["test_accuracy"]["mean"] is not None}
    lines = [
        line
        for name in STABLE
        for more in ("", LOGITS)
        if name + more in arms and report["table"] != "lenet5"  # a tenth of the paper's steps
        for line in reproduced(arms[name + more])
    ]
    lines += artefact(arms) if ONE + LOGITS in arms else []
    if report["table"] == "equal":
        lines += [of_equal(arm) for arm in arms.values() if arm["group"].startswith("equal")]
    elif RADIX in arms and TEN in arms:
        gap = arms[TEN]["minus radix"]
        word = verdict(gap, "better", "worse", "no difference is shown")
        lines.append(f"* {TEN} against {RADIX}: {word} ({interval(gap)} points).")
    return lines


def reproduced(arm: Row) -> list[str]:
    if arm["published"] is None:
        return []
    gap = round(PERCENT * arm["test_accuracy"]["mean"] - arm["published"], 2)
    word = "reached" if abs(gap) <= NEAR else "missed"
    return [
        f"* {arm['name']} within {NEAR} points of the published {arm['published']:.2f}: {word} ({gap:+.2f})."
    ]


def artefact(arms: dict[str, Row]) -> list[str]:
    """What ReLU on the logits does at 1 %, and at the densities above."""
    with_, without = arms[ONE]["test_accuracy"], arms[ONE + LOGITS]["test_accuracy"]
    lost = [arms[name]["lost"]["mean"] for name in (ONE, ONE + LOGITS)]
    gaps = {
        name: PERCENT
        * abs(arms[name]["test_accuracy"]["mean"] - arms[name + LOGITS]["test_accuracy"]["mean"])
        for name in STABLE
        if name + LOGITS in arms
    }
    said = ", ".join(f"{gap:.2f} ({name})" for name, gap in gaps.items())
    return [
        f"* At 1 % ReLU on the logits gives {mean(with_)} % and loses {lost[0]:.1f} classes on average. Linear "
        f"logits give {mean(without)} % and lose {lost[1]:.1f}.",
        f"* Elsewhere the means with and without it differ by {said} points.",
    ]


def of_equal(arm: Row) -> str:
    word = verdict(arm["gap"], "better than dense", "worse than dense", "no difference from dense is shown")
    return f"* {arm['name']}: {word} ({interval(arm['gap'])})."
