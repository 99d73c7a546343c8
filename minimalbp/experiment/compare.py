"""The same network trained dense and with a selector: same initial weights, same order of examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..select import Dense
from .arms import Arm, clipped, open_folder, start_report, train_arm
from .build import AnyData
from .folder import Folder
from .settings import Settings

BACKWARD = ("select", "dw", "dx", "other")


def compare(
    settings: Settings,
    data: AnyData,
    *,
    dense: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> dict[str, Any]:
    """Train both networks and report, as `minimalbp train --json` prints it.

    data: as `load_data(settings)` brings them.
    dense: whether to train the dense network too. out: a folder for run.json, metrics.jsonl, and a checkpoint
    and the best weights of each run; resume: go on from those. progress: whether to show bars on a
    terminal.
    Raises BadInput and Diverged as `fit` does, and BadInput where `data` are not those of the resumed run.
    """
    settings, notes = clipped(settings, data)
    arms = [Arm("dense", settings, Dense())] if dense or settings.select == "dense" else []
    if settings.select != "dense":
        arms.append(Arm(settings.arm(), settings, settings.selector()))
    results: dict[str, Any] = {"dense": dense, "runs": [], "speedup": {"backward": None, "step": None}}
    report, folder = start_report(settings, data) | results, Folder(out)
    open_folder(folder, report, data, arms, [], resume)
    for arm in arms:
        folder.load_history(arm.name)
    for arm in arms:
        result = train_arm(arm, data, folder, resume=resume, progress=progress)
        report["runs"].append(result | {"notes": [*result["notes"], *notes]})
    if len(arms) == 2:
        report["speedup"] = speedup(*(run["seconds"] for run in report["runs"]))
    folder.write("run.json", report)
    return report


def speedup(dense: dict[str, float], sparse: dict[str, float]) -> dict[str, float]:
    """How many times faster the second is: its backward (select, dW, dx, other) and its whole step."""
    backward = [sum(seconds[p] for p in BACKWARD) for seconds in (dense, sparse)]
    return {"backward": backward[0] / backward[1], "step": dense["total"] / sparse["total"]}
