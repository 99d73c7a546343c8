"""The report of `compare` as tables: a column for each arm with all of its figures, or a row with the main ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .arms import DENSE, by_arm, mean, seeds, values
from .cells import density_cell, gap_cell, score_cell, speedup_cell, target_cell, target_title
from .tables import align, head, score_titles

PHASES = {
    "forward": "forward", "select": "select", "dw": "dW", "dx": "dx", "other": "other backward",
    "update": "update", "total": "whole step",
}  # fmt: skip
COSTS = {"seconds": ("seconds", ".3f"), "ops": ("operations", ",.0f"), "bytes": ("bytes", ",.0f")}


def brief_table(report: dict[str, Any]) -> str:
    """The main figures of each arm in a row: test scores beside dense, speed-ups, seconds to the target."""
    name, title = next(iter(report["scores"].items()))
    titles, compared = (
        {f"test_{name}": f"test {title}", f"last_test_{name}": "after the last step"},
        _compared(report),
    )
    titles = {key: words for key, words in titles.items() if any(key in run for run in report["runs"])}
    rows = [["", *(cell for words in titles.values() for cell in (words, "minus dense")[: 1 + compared])]]
    if compared:
        rows[0] += ["backward", "whole step"]
    if report.get("target") is not None:
        rows[0].append(f"seconds to {target_title(report)}")
    for arm, runs in by_arm(report).items():
        row = [arm]
        for key in titles:
            row += [score_cell(runs, key), gap_cell(report, arm, key)][: 1 + compared]
        if compared:
            row += [speedup_cell(report, arm, part) for part in ("backward", "step")]
        if report.get("target") is not None:
            row.append(target_cell(report, runs))
        rows.append(row)
    return f"{head(report)}\n\n{align(rows)}{_natural(report)}"


def comparison_table(report: dict[str, Any]) -> str:
    """Scores, then seconds, operations and bytes of each phase: a column for each arm.

    Beside each sparse arm stands a column of dense divided by it. Over several seeds all figures are means.
    """
    table, several = _Columns(report), len(seeds(report)) > 1
    for key, title in score_titles(report).items():
        table.add(title, {arm: score_cell(runs, key) for arm, runs in table.arms.items()}, plain=key)
        if table.compared and several and "test_" in key:
            table.add("  minus dense, points", {arm: gap_cell(report, arm, key) for arm in table.arms})
    epochs = {arm: values(runs, "best_epoch") for arm, runs in table.arms.items()}
    table.add("epoch of best dev", {arm: f"{np.mean(n):.3g}" for arm, n in epochs.items() if n})
    for i in range(_convolutions(report)):
        cells = {arm: density_cell(runs, i) for arm, runs in table.arms.items()}
        table.add(f"natural non-zeros of convolution {i + 1}", cells)
    if report.get("target") is not None:
        cells = {arm: target_cell(report, runs) for arm, runs in table.arms.items()}
        table.add(f"seconds to {target_title(report)}", cells)
    for key, (title, form) in COSTS.items():
        table.rows.append([title])
        for phase, label in PHASES.items():
            table.add_cost(f"  {label}", key, phase, form)
    for part, title in (("backward", "backward"), ("step", "the whole step")) if table.compared else ():
        table.add(f"speed-up of {title}", {}, {arm: speedup_cell(report, arm, part) for arm in table.arms})
    return f"{head(report)}\n\n{align(table.rows)}"


def _convolutions(report: dict[str, Any]) -> int:
    """How many convolutions the networks have."""
    return max((len(run.get("density", ())) for run in report["runs"]), default=0)


def _natural(report: dict[str, Any]) -> str:
    """A line that says how many entries of each convolution's gradient are not zero before anything is chosen."""
    arms, n = by_arm(report), _convolutions(report)
    found = {arm: [density_cell(runs, i) for i in range(n)] for arm, runs in arms.items()}
    arm = next((name for name in (DENSE, *arms) if any(found.get(name, ()))), None)
    if arm is None:
        return ""
    shares = ", ".join(f"convolution {i} {cell}" for i, cell in enumerate(found[arm], 1) if cell)
    return f"\n\nnatural non-zeros of the gradient in {arm}: {shares}"


def _compared(report: dict[str, Any]) -> bool:
    """Whether there are sparse arms and dense to compare them with."""
    arms = by_arm(report)
    return DENSE in arms and len(arms) > 1


class _Columns:
    """The rows of the comparison table."""

    def __init__(self, report: dict[str, Any]):
        self.arms, self.compared = by_arm(report), _compared(report)
        self.plain = report["data"].get("baseline")  # of a treebank: a column after the arms
        self.rows: list[list[str]] = []
        self.add("", {arm: arm for arm in self.arms}, dict.fromkeys(self.arms, "dense / sparse"), "name")

    def add(
        self, title: str, cells: Mapping[str, str], ratios: Mapping[str, str] | None = None, plain: str = ""
    ) -> None:
        """A row with these cells, and those beside sparse arms. plain: the key of its cell in the baseline."""
        row = [title]
        for arm in self.arms:
            row.append(cells.get(arm, ""))
            if self.compared and arm != DENSE:
                row.append((ratios or {}).get(arm, ""))
        if self.plain and plain in self.plain:
            value = self.plain[plain]
            row.append(value if isinstance(value, str) else f"{100 * value:.2f} %")
        self.rows.append(row)

    def add_cost(self, title: str, key: str, phase: str, form: str) -> None:
        """A row of seconds, ops or bytes of a phase, with what dense takes divided by it."""
        means = {arm: mean(runs, key, phase) for arm, runs in self.arms.items()}
        found = {arm: n for arm, n in means.items() if n is not None}  # an arm that diverged has none
        dense = found.get(DENSE)
        ratios = {arm: f"{dense / n:.2f}x" for arm, n in found.items() if dense and n}
        self.add(title, {arm: format(n, form) for arm, n in found.items()}, ratios)
