"""simplify.png: the activeness of each layer's units at each evaluation, their number, and the score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array
from ..files import replacing
from ..train.history import History

WIDTH, HEIGHT = 4.2, 3.4  # inches of a panel


def draw(activeness: list[Array], history: History, report: dict[str, Any], parts: int, path: Path) -> None:
    """Draw the figure. Raises BadInput where `path` cannot be written.

    Parameters
    ----------
    activeness : list of array of float32, shape (evaluations, units)
        Of each layer, as `Shrinker` has it.
    history : History
        Of the network that shrank.
    report : dict
        As `simplify` returns it.
    parts : int
        Evaluations in each epoch.
    path : Path
        A PNG file.
    """
    from matplotlib.figure import Figure

    n = len(activeness)
    figure = Figure(figsize=(WIDTH * (n + 2), HEIGHT), layout="constrained")
    panels = figure.subplots(1, n + 2)
    for i, picture in enumerate(activeness):
        _heat(figure, panels[i], picture, parts, f"activeness of hidden layer {i + 1}")
    _widths(panels[n], history, parts)
    _score(panels[n + 1], history, report)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _heat(figure: Any, panel: Any, picture: Array, parts: int, title: str) -> None:
    """Units from left to right, the most active at the last evaluation first. Removed units are white."""
    order = np.lexsort((-np.nan_to_num(picture).mean(axis=0), -np.nan_to_num(picture[-1], nan=-1)))
    ends = (0, picture.shape[1], len(picture) / parts, 0)
    shown = panel.imshow(picture[:, order], aspect="auto", interpolation="nearest", extent=ends, vmin=0)
    figure.colorbar(shown, ax=panel)
    panel.set(title=title, xlabel="units, sorted", ylabel="epoch")


def _widths(panel: Any, history: History, parts: int) -> None:
    epochs = (np.arange(len(history.records)) + 1) / parts
    for i, widths in enumerate(zip(*(record.widths or [] for record in history.records))):
        panel.step(epochs, widths, where="pre", label=f"hidden layer {i + 1}")
    best = history.best
    panel.axvline(epochs[history.records.index(best)], color="black", lw=1, ls=":", label="best evaluation")
    panel.set(title="units", xlabel="epoch", ylim=(0, None))
    panel.legend()


def _score(panel: Any, history: History, report: dict[str, Any]) -> None:
    """Dev score against average width, for every evaluation of the network that shrank, and each network's best."""
    records, runs = history.records, report["runs"]
    name, title = next(iter(report["scores"].items()))
    widths, found = [np.mean(r.widths or 0) for r in records], [100 * r.main for r in records]
    panel.plot(widths, found, ".-", lw=0.5, ms=3, color="grey", label="every evaluation")
    for run in runs:
        panel.plot(run["average_width"], 100 * run[f"dev_{name}"], "o", label=run["name"])
    low = min(run[f"dev_{name}"] for run in runs)
    panel.set(title=f"dev {title}, %", xlabel="average width", ylim=(100 * (low - 0.02), None))
    panel.legend(fontsize="small")
