"""Reports of `compare` and `simplify` as tables for the terminal."""

from __future__ import annotations

from typing import Any

PHASES = {
    "forward": "forward", "select": "select", "dw": "dW", "dx": "dx", "other": "other backward",
    "update": "update", "total": "whole step",
}  # fmt: skip


def comparison_table(report: dict[str, Any]) -> str:
    """The report of `compare` as a table: scores, then seconds, operations and bytes of each phase."""
    data, runs = report["data"], [run for run in report["runs"] if "diverged" not in run]
    head = _head(report)
    two = len(runs) == 2 and report["speedup"].get("backward") is not None
    plain = [data["baseline"]] if "baseline" in data else []  # a column after the runs and their ratio
    rows = [["", *(run["name"] for run in runs)] + (["dense / sparse"] if two else [])]
    rows[0] += [run["name"] for run in plain]
    for key, title in _scores(report).items():
        row = [f"{100 * run[key]:.2f} %" for run in runs] + [""] * two
        rows.append([title, *row, *(f"{100 * run[key]:.2f} %" for run in plain)])
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


def _scores(report: dict[str, Any]) -> dict[str, str]:
    """Titles of the scores of a run, by their keys."""
    dev = {f"dev_{name}": f"dev {title}" for name, title in report["scores"].items()}
    return dev | {f"test_{name}": f"test {title} at best dev" for name, title in report["scores"].items()}


def _head(report: dict[str, Any]) -> str:
    """What was trained, on what, and how."""
    config, data = report["config"], report["data"]
    sizes = "-".join(map(str, report["sizes"]))
    line = (
        f"{data['name']}: {data['train']:,} train, {data['dev']:,} dev, {data['test']:,} test"
        f"{' ' * bool(report['examples'])}{report['examples']} · {sizes} · "
        f"{config['optimizer']}, rows={config['rows']} · batch {config['batch']} · {config['epochs']} epochs · "
        f"{config['backend']}, {max(report['pools'].values())} threads · seed {report['seed']}"
    )
    return line + _left_out(data)


def simplification_table(report: dict[str, Any]) -> str:
    """The report of `simplify` as tables: a column for each network, then the speed of forward passes."""
    plan, runs = report["plan"], report["runs"]
    head = _head(report) + (
        f"\nk {report['config']['k']} · prune rate {plan['prune']:g} · cycles of {plan['cycle']} epochs · "
        f"window of {plan['window']} evaluations · minimum width {plan['min_width']}"
        f"{' · moments restarted' if plan['restart'] else ''}"
        f"{' · faithful to the released code' if plan['faithful'] else ''}"
    )
    rows = [["", *(run["name"] for run in runs)]]
    rows.append(["units of the hidden layers", *("-".join(map(str, run["widths"])) for run in runs)])
    rows.append(["on average", *(f"{run['average_width']:.1f}" for run in runs)])
    for key, title in _scores(report).items():
        rows.append([title, *(f"{100 * run[key]:.2f} %" for run in runs)])
    rows.append(["epoch of best dev", *(str(run["best_epoch"]) for run in runs)])
    rows.append(["seconds of training", *(f"{run['seconds']['total']:.1f}" for run in runs)])
    speeds = [["forward pass, batch of", "dense", "simplified", "speed-up", "multiply-adds", "share"]]
    for d in report["decoding"]:
        large, small = (
            f"{1e6 * d['seconds'][name]:,.0f} us ({d['by'][name]})" for name in ("large", "small")
        )
        speeds.append(
            [
                f"{d['batch']:,}",
                large,
                small,
                f"{d['speedup']:.2f}x",
                f"{d['reduction']:.2f}x less",
                f"{d['share']:.2f}",
            ]
        )
    return f"{head}\n\n{align(rows)}\n\n{align(speeds)}"


def align(rows: list[list[str]]) -> str:
    """Align rows of text as a table: the first column to the left, the others to the right.

    Parameters
    ----------
    rows : list of list of str
        Cells. A row may be shorter than others.

    Returns
    -------
    str

    Examples
    --------
    >>> print(align([["", "seconds"], ["dense", "2.51"], ["top-k", "0.5"]]))
           seconds
    dense     2.51
    top-k      0.5
    """
    columns = max(map(len, rows))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(columns)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, columns))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _left_out(data: dict[str, Any]) -> str:
    """The share of trees that a parser cannot build; empty for other data."""
    if "not_projective" not in data:
        return ""
    shares = [f"{n:,} in {part} ({n / data[part]:.1%})" for part, n in data["not_projective"].items()]
    return f"\ntrees that are not projective, left out of training: {', '.join(shares)}"
