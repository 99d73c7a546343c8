"""The tables of reproduce_spp.py as Markdown, made from their JSON alone."""

from __future__ import annotations

from typing import Any

from meprop.markdown import PERCENT, interval, mean, took

from .arms import NONE

AHEAD = 30  # points that SPP is to be ahead of one-shot at R = 0.9, before retraining
LEVELS = {"spp 0.75": 1.0}  # points that a network may lose at a theoretical 4x, after retraining
Row = dict[str, Any]


def spp_table(report: Row) -> str:
    """One line for each method and ratio: before and after retraining, and the differences."""
    lines = [
        "| method and R | speed-up in theory | test % when the last group leaves | after equal retraining "
        "| minus SPP [95 %] | minus before pruning [95 %] | after equal epochs in all | updates | by rank "
        "| recovered, % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        if arm["name"] == NONE:
            cells = [
                "",
                "",
                mean(arm["retrain"]),
                "",
                interval(arm["minus before"]),
                mean(arm["total"]),
                "",
                "",
                "",
            ]
        else:
            cells = [
                f"{arm['speedup']['mean']:.2f}x", mean(arm["pruned"]), mean(arm["retrain"]),
                interval(arm["minus spp"]) if "minus spp" in arm else "", interval(arm["minus before"]),
                mean(arm["total"]), f"{arm['updates']['mean']:.0f}", f"{arm['remainder']['mean']:.1f}",
                f"{PERCENT * arm['recovered']['mean']:.0f}",
            ]  # fmt: skip
        lines.append(f"| {arm['name']} | {' | '.join(cells)} |")
    one = report["settings"]
    base = next(arm for arm in report["arms"] if arm["name"] == NONE)
    note = (
        f"Means ± standard errors of {report['seeds']} seeds. {one['model']}, {one['epochs']} epochs before "
        f"({mean(base['before'])} % test), batch {one['batch']}; equal retraining is {report['retrain']} epochs "
        f"after the epoch of the last removal, equal epochs are {report['total']} in all. By rank: groups that "
        "left by rank since the updates were used up. Recovered: of the groups left, those whose probability had "
        "risen and fell. Methods on filters prune to the speed-up that R gives to columns. "
        f"{took(report)}"
    )
    return "\n".join([*lines, "", *said(report), "", note])


def said(report: Row) -> list[str]:
    """The aims, and whether the seeds reach them."""
    arms, lines = {arm["name"]: arm for arm in report["arms"]}, []
    if "spp 0.9" in arms and "columns-l1-oneshot 0.9" in arms:
        gap = PERCENT * (arms["spp 0.9"]["pruned"]["mean"] - arms["columns-l1-oneshot 0.9"]["pruned"]["mean"])
        word = "reached" if gap >= AHEAD else "missed"
        lines.append(
            f"* SPP before retraining at least {AHEAD} points above one-shot at R = 0.9: {word} ({gap:.1f})."
        )
    for name, most in LEVELS.items():
        if name in arms:
            gap = arms[name]["minus before"]
            word = "reached" if gap["mean"] >= -most / PERCENT else "missed"
            lines.append(
                f"* {name} after retraining within {most:g} point of the network before: {word} ({interval(gap)})."
            )
    return lines
