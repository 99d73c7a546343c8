"""prune.png: the probabilities of each layer's groups, the score while groups leave, and the speed-ups."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Array
from ..files import replacing
from ..train.history import History

WIDTH, HEIGHT = 4.2, 3.4  # inches of a panel
LINES = 120  # groups of a layer that are drawn at most, evenly chosen
COLOURS = {"left": "tab:red", "stays": "tab:blue", "fell again": "tab:orange"}


def draw(paths: Mapping[str, Array], history: History, report: dict[str, Any], path: Path) -> None:
    """Draw the figure. Raises BadInput where `path` cannot be written.

    Parameters
    ----------
    paths : mapping of str to array of float32, shape (updates, groups)
        Of each layer by its name: the pruning probabilities after each update.
    history : History
        Of pruning and retraining. Its records have the groups that are left in each layer.
    report : dict
        As `prune` returns it.
    path : Path
        A PNG file.
    """
    from matplotlib.figure import Figure

    n = len(paths)
    figure = Figure(figsize=(WIDTH * (n + 2), HEIGHT), layout="constrained")
    panels = figure.subplots(1, n + 2)
    for panel, (name, rows) in zip(panels, paths.items()):
        _probabilities(panel, rows, f"layer {name}: probability of being masked")
    _score(panels[n], history, report)
    _speed(panels[n + 1], report)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _probabilities(panel: Any, rows: Array, title: str) -> None:
    """A line for each group, in the colour of what became of it."""
    shown = np.unique(np.linspace(0, rows.shape[1] - 1, LINES).astype(int))
    updates = np.arange(1, len(rows) + 1)
    for label, which in fates(rows).items():
        for i, group in enumerate(np.intersect1d(shown, np.flatnonzero(which))):
            panel.plot(
                updates, rows[:, group], color=COLOURS[label], lw=0.6, alpha=0.6, label=None if i else label
            )
    panel.set(title=title, xlabel="update", ylim=(-0.02, 1.02))
    if panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize="small")


def fates(rows: Array) -> dict[str, Array]:
    """Which groups left, which stayed, and which of the latter had fallen again after they rose: bool (groups,)."""
    gone = rows[-1] >= 1
    fell = (np.diff(rows, axis=0) < 0).any(axis=0) & ~gone
    return {"left": gone, "fell again": fell, "stays": ~gone & ~fell}


def _score(panel: Any, history: History, report: dict[str, Any]) -> None:
    """The dev score over the steps, and the share of all groups that is left."""
    records, title = history.records, next(iter(report["scores"].values()))
    steps = [record.step for record in records]
    every = sum(layer["groups"] for layer in report["layers"])
    panel.plot(steps, [100 * record.main for record in records], ".-", ms=3, color="tab:blue")
    panel.axvline(report["settled"], color="black", lw=1, ls=":", label="retraining begins")
    panel.set(title=f"dev {title} (blue) and groups left (grey), %", xlabel="step", ylim=(0, 101))
    panel.step(
        steps, [100 * sum(record.widths or [0]) / every for record in records], where="post", color="grey"
    )
    panel.legend(fontsize="small")


def _speed(panel: Any, report: dict[str, Any]) -> None:
    """Bars of the theoretical speed-up of each layer and of the network, and beside them the measured ones."""
    entries = [*report["layers"], {"name": "net", **report["speedup"]}]
    places, highest = np.arange(len(entries)), 1.0
    for shift, key, colour in ((-0.2, "theoretical", "lightgrey"), (0.2, "measured", "tab:blue")):
        values = [entry[key] or 0.0 for entry in entries]
        if any(values):
            panel.bar(places + shift, values, 0.4, color=colour, label=key)
            highest = max(highest, *values)
    panel.axhline(1, color="black", lw=1)
    panel.set(title="speed-up of a forward pass", xlabel="layer", xticks=places, ylim=(0, 1.3 * highest))
    panel.set_xticklabels([entry["name"] for entry in entries])
    panel.legend(fontsize="small")
