"""The figure of `minimalbp train --plot`: loss and dev score over the seconds of training, a line for each arm."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from ..files import check_writable, replacing
from .arms import Run, by_arm, seconds_to_target, values
from .cells import target_title

FORMATS = ("png", "svg", "pdf")
WIDTH, HEIGHT = 5.2, 3.4  # inches of a panel
COLUMNS = 3  # of the legend


def check_figure(path: str | Path) -> Path:
    """The path of a figure to come. Raises BadInput for any other suffix, and where it cannot be written."""
    path = Path(path)
    if path.suffix[1:] not in FORMATS:
        known = f"{', '.join(f'.{name}' for name in FORMATS[:-1])} or .{FORMATS[-1]}"
        raise BadInput(f"a figure ends in {known}, not {str(path)!r}; give a file such as curves.png")
    check_writable(path)
    return path


def draw_curves(report: dict[str, Any], path: str | Path) -> None:
    """Draw loss and dev score over the seconds of training, a line for each arm.

    Thick lines are means over the seeds, thin ones the seeds. A triangle stands where an arm reached the target.
    Where some seconds are not known, the lines run over training steps instead.

    Parameters
    ----------
    report : dict
        As `compare` returns it.
    path : str or Path
        Of the figure, by its suffix .png, .svg or .pdf. It is written whole or not at all.

    Raises
    ------
    BadInput
        For another suffix, where the file cannot be written, and where no run has a curve.
    """
    from matplotlib import color_sequences
    from matplotlib.figure import Figure

    path = check_figure(path)
    arms = {
        name: found for name, runs in by_arm(report).items() if (found := [r for r in runs if "curve" in r])
    }
    if not arms:
        raise BadInput("no run has a curve to draw; train it again with this version")
    known = all(None not in run["curve"]["seconds"] for runs in arms.values() for run in runs)
    x = "seconds" if known else "step"
    lines_below = math.ceil((len(arms) + 2) / COLUMNS)  # of the legend
    figure = Figure(figsize=(2 * WIDTH, HEIGHT + 0.2 * lines_below), layout="constrained")
    loss, dev = figure.subplots(1, 2)
    for panel in (loss, dev):
        panel.set_prop_cycle(color=color_sequences["tab10" if len(arms) <= 10 else "tab20"])
    for name, runs in arms.items():
        _lines(loss, name, runs, x, "train_loss", 1)
        if known and report.get("target") is not None:
            seconds, _ = seconds_to_target(runs)
            after = "never" if seconds == math.inf else f"after {seconds:.3g} s"
            color = _lines(dev, f"{name}: {after}", runs, x, "dev", 100)
            dev.plot([seconds], [100 * report["target"]], "v", color=color)
        else:
            _lines(dev, name, runs, x, "dev", 100)
    firsts = values([run for runs in arms.values() for run in runs], "first_loss")
    if firsts:
        loss.axhline(np.mean(firsts), color="grey", ls="--", lw=1, label="loss of the first step")
    if report.get("target") is not None:
        dev.axhline(100 * report["target"], color="grey", ls=":", lw=1, label=target_title(report))
    below = "seconds of training" if known else "training steps"
    loss.set(title="loss in training", xlabel=below, yscale="log")
    dev.set(title=f"dev {next(iter(report['scores'].values()))}, %", xlabel=below)
    handles = [*dev.get_legend_handles_labels()[0], *loss.lines[-1:]] if firsts else None
    figure.legend(handles=handles, loc="outside lower center", ncols=COLUMNS, fontsize="small")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format=path.suffix[1:])


def _lines(panel: Any, name: str, runs: list[Run], x: str, y: str, unit: float) -> str:
    """The mean of the runs as a line, and each of several as a thin one. Returns its colour."""
    across, up = (_mean(run["curve"][key] for run in runs) for key in (x, y))
    (line,) = panel.plot(across, unit * up, label=name)
    color: str = line.get_color()
    for run in runs if len(runs) > 1 else ():
        panel.plot(run["curve"][x], unit * np.array(run["curve"][y]), color=color, lw=0.5, alpha=0.4)
    return color


def _mean(columns: Iterable[list[float]]) -> np.ndarray:
    """The mean, evaluation by evaluation, as far as all runs go."""
    return np.mean(list(zip(*columns)), axis=1)
