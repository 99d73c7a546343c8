"""The comparison as one table for a person."""

from __future__ import annotations

from typing import Any

PHASES = {
    "forward": "forward", "select": "select", "dw": "dW", "dx": "dx", "other": "other backward",
    "update": "update", "total": "whole step",
}  # fmt: skip


def comparison_table(report: dict[str, Any]) -> str:
    """`report` as compare() returns it: accuracies, then seconds, operations and bytes of each phase."""
    config, data, runs = report["config"], report["data"], report["runs"]
    sizes = "-".join(map(str, [_product(data["shape"]), *config["hidden"], data["classes"]]))
    head = (
        f"{data['name']}: {data['train']:,} train, {data['dev']:,} dev, {data['test']:,} test · {sizes} · "
        f"{config['optimizer']}, rows={config['rows']} · batch {config['batch']} · {config['epochs']} epochs · "
        f"{config['backend']}, {max(report['pools'].values())} threads · seed {report['seed']}"
    )
    two = len(runs) == 2
    rows = [["", *(run["name"] for run in runs)] + (["dense / sparse"] if two else [])]
    rows.append(["dev accuracy", *(f"{100 * run['dev_accuracy']:.2f} %" for run in runs)])
    rows.append(["test accuracy at best dev", *(f"{100 * run['test_accuracy']:.2f} %" for run in runs)])
    rows.append(["epoch of best dev", *(str(run["best_epoch"]) for run in runs)])
    for key, title, form in (
        ("seconds", "seconds", ".3f"),
        ("ops", "operations", ","),
        ("bytes", "bytes", ","),
    ):
        rows.append([title])
        for phase, label in PHASES.items():
            values = [run[key][phase] for run in runs]
            ratio = [f"{values[0] / values[1]:.2f}x" if values[0] and values[1] else ""] if two else []
            rows.append([f"  {label}", *(format(v, form) for v in values), *ratio])
    if two:
        rows.append(["speed-up of backward", "", "", f"{report['speedup']['backward']:.2f}x"])
        rows.append(["speed-up of the whole step", "", "", f"{report['speedup']['step']:.2f}x"])
    return head + "\n\n" + align(rows)


def align(rows: list[list[str]]) -> str:
    """Rows of text as a table: the first column to the left, the others to the right."""
    columns = max(map(len, rows))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(columns)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, columns))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _product(shape: list[int]) -> int:
    total = 1
    for n in shape:
        total *= n
    return total
