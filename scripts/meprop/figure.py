"""A picture of each table: its arms, accuracies with 95 % intervals, and hollow, without, the paper's single runs.

matplotlib is imported here at once: to miss it after hours of training would be a pity.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minimalbp.files import replacing


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw what a TABLE.json holds to `path`, a PNG."""
    if report["table"] == "figure4":
        figure = Figure(figsize=(13, 3.8), layout="constrained")
        _panels(figure, {arm["name"]: arm for arm in report["arms"]})
    else:
        figure = Figure(figsize=(8, 1 + 0.35 * len(report["arms"])), layout="constrained")
        panel = figure.subplots()
        if report["table"] == "table2":
            _seconds(panel, report["arms"])
        else:
            _arms(panel, report["arms"])
            panel.set_xlabel("test UAS, %" if report["table"].startswith("parsing") else "test accuracy, %")
        panel.set_ylim(len(report["arms"]) - 0.4, -0.6)  # the first arm on top
        panel.set_title(report["title"], fontsize=9)
        panel.legend(fontsize=7)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _arms(panel: Any, arms: list[dict[str, Any]]) -> None:
    """Test accuracy, one line for each arm."""
    score = [arm["test_accuracy"] for arm in arms]
    means = [np.nan if s["mean"] is None else 100 * s["mean"] for s in score]
    bars = [np.nan if s["high"] is None else 100 * (s["high"] - s["mean"]) for s in score]
    drawn = panel.errorbar(means, range(len(arms)), xerr=bars, fmt="o", ms=4, capsize=2, label="here")
    theirs = [(arm["paper"]["test"], i) for i, arm in enumerate(arms) if "test" in arm["paper"]]
    if theirs:
        panel.plot(*zip(*theirs), "s", ms=6, mfc="none", color=drawn[0].get_color(), label="the paper")
    panel.set_yticks(range(len(arms)), [arm["name"] for arm in arms])


def _seconds(panel: Any, arms: list[dict[str, Any]]) -> None:
    """Where an epoch goes, one bar for each arm; the interval is that of the whole."""
    left = np.zeros(len(arms))
    for part in ("forward", "backward", "update"):
        width = np.array([arm["seconds"][part]["mean"] for arm in arms])
        panel.barh([arm["name"] for arm in arms], width, left=left, label=part)
        left += width
    whole = [arm["seconds"]["total"] for arm in arms]
    reach = [np.nan if s["high"] is None else s["high"] - s["mean"] for s in whole]
    panel.errorbar(left, range(len(arms)), xerr=reach, fmt="none", ecolor="black", capsize=2)
    panel.set_xlabel("seconds of an epoch")


def _panels(figure: Any, arms: dict[str, dict[str, Any]]) -> None:
    """The paper's Figure 4: test accuracy against k or h."""
    dense = arms["dense h=500"]
    top = {_number(name): arm for name, arm in arms.items() if name.startswith("top-k")}
    scaled = {_number(n): arm for n, arm in arms.items() if n.startswith("random") and "scaled" in n}
    raw = {_number(n): arm for n, arm in arms.items() if n.startswith("random") and "scaled" not in n}
    narrow = {_number(n): arm for n, arm in arms.items() if n.startswith("dense h=") and arm is not dense}
    first, second, third = figure.subplots(1, 3)
    _curve(first, "top-k", top | {500: dense})
    for name, curve in (("top-k", top), ("random-k", raw), ("random-k, scaled", scaled)):
        _curve(second, name, {k: arm for k, arm in curve.items() if k in raw})
    _curve(third, "top-k, 500 wide", {k: arm for k, arm in top.items() if k <= max(narrow)})
    _curve(third, "dense, h wide", narrow)
    first.set(xlabel="k of 500", ylabel="test accuracy, %", title="k")
    second.set(xlabel="k of 500", title="top-k and random-k")
    third.set(xlabel="k, or h", title="k of 500, and nets h wide")
    for panel, ks in ((first, [*top, 500]), (second, raw), (third, narrow)):
        panel.set_xscale("log")
        panel.minorticks_off()
        panel.set_xticks(list(ks), list(map(str, ks)))
        panel.legend(fontsize=7)


def _curve(panel: Any, label: str, curve: dict[int, dict[str, Any]]) -> None:
    """A line with bars against k, and the paper's points."""
    ks = [k for k in sorted(curve) if curve[k]["test_accuracy"]["mean"] is not None]
    found = [curve[k]["test_accuracy"] for k in ks]
    means = [100 * f["mean"] for f in found]
    bars = [np.nan if f["high"] is None else 100 * (f["high"] - f["mean"]) for f in found]
    drawn = panel.errorbar(ks, means, yerr=bars, fmt="o-", ms=3, capsize=2, label=label)
    theirs = [(k, curve[k]["paper"]["test"]) for k in sorted(curve) if "test" in curve[k]["paper"]]
    if theirs:
        panel.plot(
            *zip(*theirs), "s", ms=5, mfc="none", color=drawn[0].get_color(), label=f"{label}, the paper"
        )


def _number(name: str) -> int:
    """20 of "top-k k=20" and of "random k=20, scaled by n / k"."""
    return int(name.split("=")[1].split(",")[0])
