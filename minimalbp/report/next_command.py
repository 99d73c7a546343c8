"""The command to try after a comparison: what was typed, with one thing changed."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from .arms import by_arm, minus_dense, seeds, speedup

FAR = -0.005  # below dense by more than half a point
CHANCE = -0.02  # as far as one seed alone may be off on a small test set
ONCE = ("out", "json", "plot")  # options for a folder or file that exists by now, or for programs


def next_command(report: dict[str, Any], best: str | None, typed: Mapping[str, Any]) -> str:
    """The command, of the options that were typed by name. best: the best sparse arm, None if there is none."""
    options = {name: value for name, value in typed.items() if name not in ONCE} | _change(report, best)
    words = ["minimalbp", "train"]
    for name, value in options.items():
        if value is None or value is False:
            continue
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)


def _change(report: dict[str, Any], best: str | None) -> dict[str, Any]:
    """The options that change; None takes one away."""
    config, arms = report["config"], by_arm(report)
    if any("diverged" in run for run in report["runs"]):
        return {"lr": f"{config['lr'] / 10:g}"}
    if "dense" not in arms or best is None:  # one of the two is missing
        return {"no_compare": None} | ({"select": None} if best is None else {})
    gap = minus_dense(report, best, f"test_{next(iter(report['scores']))}")["mean"]
    if (topology := arms[best][0].get("topology")) is not None:
        return _denser(topology, gap, len(seeds(report)))
    if gap is not None and gap < FAR:
        if all(run.get("center", "off") == "off" for run in report["runs"]):
            return {"center": "forward"}
        if gap < CHANCE or len(seeds(report)) > 1:
            return {"k": _times(_k(arms[best][0], config), 2)}
    if (speedup(report, best) or {"step": 1.0})["step"] < 1:
        name = "filters" if config.get("filters") else "hidden"
        widths = config["filters"] if name == "filters" else report["sizes"][1:-1]
        return {name: ",".join(str(2 * width) for width in widths)}
    if len(seeds(report)) == 1:
        return {"seeds": 5}
    return {"k": _times(_k(arms[best][0], config), 0.5)}


def _denser(topology: dict[str, Any], gap: float | None, seeds: int) -> dict[str, Any]:
    """What changes where a sparse topology is best: more edges where it is far behind, more seeds, fewer edges."""
    density = topology["density"]
    if density is None:  # that of a file
        return {"seeds": 5} if seeds == 1 else {"select": "topk"}
    if gap is not None and gap < (CHANCE if seeds == 1 else FAR):
        return {"density": _times(density, 2)}
    return {"seeds": 5} if seeds == 1 else {"density": _times(density, 0.5)}


def _k(run: dict[str, Any], config: dict[str, Any]) -> str:
    """The k of an arm as it is typed: that of its selector, or of the settings."""
    select = run["select"]
    if "ratio" in select:
        return f"{100 * select['ratio']:g}%"
    return str(select.get("k", config["k"]))


def _times(k: str, factor: float) -> str:
    """A number of units or a percentage, times a factor."""
    if k.endswith("%"):
        return f"{min(100.0, factor * float(k[:-1])):.3g}%"
    return str(max(1, round(factor * int(k))))
