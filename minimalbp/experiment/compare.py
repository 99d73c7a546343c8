"""The same network dense and with a selector: same initial weights, same order of examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..report.curves import check_target, set_target
from ..select import Dense
from .arms import Arm, PreparedArm, fit_batch, open_folder, start_report
from .folder import Folder
from .settings import Settings

BACKWARD = ("select", "dw", "dx", "other")


def compare(
    settings: Settings,
    data: Any,
    *,
    dense: bool = True,
    out: Path | None = None,
    resume: bool = False,
    progress: bool = False,
    target: float | None = None,
) -> dict[str, Any]:
    """Train a network dense and with a selector, and report on both as `minimalbp train --json` does.

    Parameters
    ----------
    settings : Settings
        Of both networks; the dense one ignores the selector.
    data : Dataset, TaggingData or ParsingData
        As ``load_data(settings)`` returns them.
    dense : bool, default True
        Whether to train the dense network too.
    out : Path, optional
        A new folder for run.json, metrics.jsonl, and a checkpoint and the best weights of each network.
    resume : bool, default False
        Whether to go on with the run in `out`.
    progress : bool, default False
        Whether to show bars on a terminal.
    target : float, optional
        A dev score, a share such as 0.975: "seconds_to_target" of each run says when training first reached it. By
        default 99 % of the best dev score of the first network.

    Returns
    -------
    dict
        What run.json holds.

    Raises
    ------
    BadInput
        As `fit` does, for a folder in use, and for other data than those of the run that is resumed.
    Diverged
        When a loss is no longer finite.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> settings = mbp.Settings(hidden=(20,), k="10%", epochs=1, backend="reference")
    >>> report = mbp.compare(settings, mbp.load_data(settings))
    >>> [run["name"] for run in report["runs"]]
    ['dense', 'topk 10%']
    >>> dense, sparse = (run["ops"]["dw"] for run in report["runs"])
    >>> sparse < dense
    True
    """
    target = None if target is None else check_target(target)
    settings, notes = fit_batch(settings, data)
    folder = Folder(out)
    chosen = [Arm("dense", settings, Dense())] if dense or settings.select == "dense" else []
    if settings.select != "dense":
        chosen.append(Arm(settings.arm(), settings, settings.selector()))
    arms = [PreparedArm(arm, data, folder) for arm in chosen]
    report = start_report(arms[0]) | {
        "dense": dense, "runs": [], "speedup": {"backward": None, "step": None}, "target_given": target,
    }  # fmt: skip
    open_folder(report, arms, [], resume)
    while arms:  # popped, so that nothing here keeps the memory of an arm that is trained
        result = arms.pop(0).train(progress=progress)
        report["runs"].append(result | {"notes": [*result["notes"], *notes]})
    if len(report["runs"]) == 2:
        report["speedup"] = speedup(*(run["seconds"] for run in report["runs"]))
    set_target(report, target)
    folder.write("run.json", report)
    return report


def speedup(dense: dict[str, float], sparse: dict[str, float]) -> dict[str, float]:
    """How many times faster the second is: its backward pass (select, dW, dx, other) and its whole step."""
    backward = [sum(seconds[p] for p in BACKWARD) for seconds in (dense, sparse)]
    return {"backward": backward[0] / backward[1], "step": dense["total"] / sparse["total"]}
