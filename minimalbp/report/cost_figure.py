"""cost.png: seconds against k beside the dense line, one panel for each shape or network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..files import replacing
from .cost_table import shape_text

WIDTH, HEIGHT = 4.6, 3.6  # inches of a panel


def draw_cost(report: dict[str, Any], path: Path) -> None:
    """Draw seconds against k, one panel for each shape or network.

    Parameters
    ----------
    report : dict
        As cost.json holds it.
    path : Path
        Of the PNG to write.

    Raises
    ------
    BadInput
        Where the file cannot be written.
    """
    from matplotlib.figure import Figure

    groups: dict[str, list[dict[str, Any]]] = {}
    for result in report["results"]:
        groups.setdefault(_title(result), []).append(result)
    figure = Figure(figsize=(WIDTH * len(groups), HEIGHT), layout="constrained")
    panels = figure.subplots(1, len(groups), squeeze=False)[0]
    for panel, (title, results) in zip(panels, groups.items()):
        _panel(panel, title, results, "backward" if report["phase"] == "backward" else "total")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _panel(panel: Any, title: str, results: list[dict[str, Any]], part: str) -> None:
    """Milliseconds against k / n; the ideal is the share k / n of the dense time."""
    for result in results:
        ratios = [p["ratio"] for p in result["points"]]
        low, high = zip(*(p["quartiles"] for p in result["points"]))
        (drawn,) = panel.plot(ratios, [1e3 * p["seconds"][part] for p in result["points"]], "o-", ms=3,
                              label=result["select"])  # fmt: skip
        panel.fill_between(
            ratios, [1e3 * t for t in low], [1e3 * t for t in high], alpha=0.2, color=drawn.get_color()
        )
    dense = results[0]["dense"]
    panel.axhline(1e3 * dense["seconds"], color="black", lw=1, label=f"best dense ({dense['by']})")
    if part == "backward":
        panel.plot(
            ratios, [1e3 * dense["seconds"] * r for r in ratios], ":", color="grey", label="ideal k / n"
        )
    else:
        panel.axhline(1e3 * results[0]["amdahl"]["seconds"], color="grey", ls=":", label="backward for free")
    panel.set(xscale="log", yscale="log", xlabel="k / n", ylabel="milliseconds", title=title)
    panel.legend(fontsize=7)


def _title(result: dict[str, Any]) -> str:
    if "shape" in result:
        name = f"{result['problem']}\n" if "problem" in result else ""
        return f"{name}{shape_text(result['shape'], 'to')}"
    return f"{'-'.join(map(str, result['sizes']))}, batch {result['batch']}"
