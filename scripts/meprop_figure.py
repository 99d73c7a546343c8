"""figure4.png: the three panels of the paper's Figure 4, with intervals, and the paper's own points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minimalbp.files import replacing


def draw(report: dict[str, Any], path: Path) -> None:
    """Draw what figure4.json holds to `path`, a PNG: test accuracy with its 95 % interval against k or h."""
    from matplotlib.figure import Figure

    arms = {arm["name"]: arm for arm in report["arms"]}
    dense = arms["dense h=500"]
    top = {_number(name): arm for name, arm in arms.items() if name.startswith("top-k")}
    scaled = {_number(n): arm for n, arm in arms.items() if n.startswith("random") and "scaled" in n}
    raw = {_number(n): arm for n, arm in arms.items() if n.startswith("random") and "scaled" not in n}
    narrow = {_number(n): arm for n, arm in arms.items() if n.startswith("dense h=") and arm is not dense}
    figure = Figure(figsize=(13, 3.8), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    _curve(first, "top-k", top | {500: dense})
    for name, curve in (("top-k", top), ("random-k", raw), ("random-k, scaled", scaled)):
        _curve(second, name, {k: arm for k, arm in curve.items() if k in raw})
    _curve(third, "top-k, 500 wide", {k: arm for k, arm in top.items() if k <= max(narrow)})
    _curve(third, "dense, h wide", narrow)
    first.set(xlabel="k of 500", ylabel="test accuracy, %", title="k")
    second.set(xlabel="k of 500", title="top-k and random-k")
    third.set(xlabel="k, or h", title="k of 500, and nets h wide")
    for panel in (first, second, third):
        panel.set_xscale("log")
        panel.legend(fontsize=7)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _curve(panel: Any, label: str, curve: dict[int, dict[str, Any]]) -> None:
    """Ours as a line with bars; the paper's points hollow and without bars, for it has one run each."""
    ks = [k for k in sorted(curve) if curve[k]["test_accuracy"]["mean"] is not None]
    found = [curve[k]["test_accuracy"] for k in ks]
    means = [100 * f["mean"] for f in found]
    bars = [0.0 if f["high"] is None else 100 * (f["high"] - f["mean"]) for f in found]
    drawn = panel.errorbar(ks, means, yerr=bars, fmt="o-", ms=3, capsize=2, label=label)
    theirs = [(k, curve[k]["paper"]["test"]) for k in sorted(curve) if "test" in curve[k]["paper"]]
    if theirs:
        panel.plot(
            *zip(*theirs), "s", ms=5, mfc="none", color=drawn[0].get_color(), label=f"{label}, the paper"
        )


def _number(name: str) -> int:
    """20 of "top-k k=20" and of "random k=20, scaled by n / k"."""
    return int(name.split("=")[1].split(",")[0])
