"""The cells of tables about arms: scores, differences to dense, speed-ups, seconds to the target."""

from __future__ import annotations

import math
from typing import Any

from .arms import DENSE, Run, minus_dense, seconds_to_target, speedup, values
from .stats import spread


def score_cell(runs: list[Run], key: str) -> str:
    """A score in percent, over several seeds with its standard error."""
    found = spread(values(runs, key))
    if found["mean"] is None:
        return "diverged"
    error = "" if found["se"] is None else f" ± {100 * found['se']:.2f}"
    return f"{100 * found['mean']:.2f}{error} %"


def gap_cell(report: dict[str, Any], name: str, key: str) -> str:
    """The difference of a score to that of dense in points, over several seeds with its 95 % interval."""
    gap = minus_dense(report, name, key)
    if name == DENSE or gap["mean"] is None:
        return ""
    reach = "" if gap["low"] is None else f" ({100 * gap['low']:+.2f} to {100 * gap['high']:+.2f})"
    return f"{100 * gap['mean']:+.2f}{reach}"


def density_cell(runs: list[Run], i: int) -> str:
    """The natural share of non-zeros of convolution number i, the mean over the seeds; empty without it."""
    shares = [run["density"][i] for run in runs if len(run.get("density", ())) > i]
    return f"{100 * sum(shares) / len(shares):.3g} %" if shares else ""


def speedup_cell(report: dict[str, Any], name: str, part: str) -> str:
    """How many times as fast as dense."""
    found = speedup(report, name)
    return f"{found[part]:.2f}x" if found else ""


def target_title(report: dict[str, Any]) -> str:
    """The score that is timed, such as "dev accuracy 97.5 %"."""
    return f"dev {next(iter(report['scores'].values()))} {100 * report['target']:.4g} %"


def target_cell(report: dict[str, Any], runs: list[Run]) -> str:
    """Seconds until the dev score reached the target: the median of the seeds, and how many of them did."""
    seconds, reached = seconds_to_target(runs)
    if not reached and any(max(run["curve"]["dev"]) >= report["target"] for run in runs if "curve" in run):
        return "not known"  # an earlier version did not count them
    some = f" ({reached} of {len(runs)})" if 0 < reached < len(runs) else ""
    return ("never" if seconds == math.inf else f"{seconds:.3f}") + some
