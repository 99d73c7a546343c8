"""What tables for the terminal have in common, and the report of `simplify` as one."""

from __future__ import annotations

from typing import Any

from .arms import seeds

FORMS = {
    "dev_": "dev {}", "test_": "test {} at best dev",
    "last_dev_": "dev {} after the last step", "last_test_": "test {} after the last step",
}  # fmt: skip


def score_titles(report: dict[str, Any]) -> dict[str, str]:
    """Titles of the scores that runs have, by their keys."""
    titles = {
        f"{part}{name}": form.format(title)
        for part, form in FORMS.items()
        for name, title in report["scores"].items()
    }
    return {key: title for key, title in titles.items() if any(key in run for run in report["runs"])}


def head(report: dict[str, Any], *, epochs: bool = True) -> str:
    """What was trained, on what, and how. epochs: whether to say how many."""
    config, data = report["config"], report["data"]
    model = config.get("model", "mlp")
    sizes = f"{model} " * (model != "mlp") + "-".join(map(str, report["sizes"]))
    line = (
        f"{data['name']}: {data['train']:,} train, {data['dev']:,} dev, {data['test']:,} test"
        f"{' ' * bool(report['examples'])}{report['examples']} · {sizes} · "
        f"{config['optimizer']}, rows={config['rows']} · batch {config['batch']} · "
        f"{str(config['epochs']) + ' epochs · ' if epochs else ''}"
        f"{config['backend']}, {max(report['pools'].values())} threads · {_seeds(report)}"
    )
    return line + _left_out(data)


def _seeds(report: dict[str, Any]) -> str:
    """Which seeds there are, and what the figures are where there are several."""
    found = seeds(report)
    if len(found) < 2:
        return f"seed {report['seed']}"
    beside = "; the runs were trained side by side, so seconds are longer than those of a single run"
    return (
        f"{len(found)} seeds from {found[0]}\nmeans over the seeds ± standard errors, differences with their 95 % "
        f"intervals{beside if report.get('jobs', len(found)) > 1 else ''}"
    )


def simplification_table(report: dict[str, Any]) -> str:
    """The report of `simplify` as tables: a column for each network, then the speed of forward passes."""
    plan, runs = report["plan"], report["runs"]
    top = head(report) + (
        f"\nk {report['config']['k']} · prune rate {plan['prune']:g} · cycles of {plan['cycle']} epochs · "
        f"window of {plan['window']} evaluations · minimum width {plan['min_width']}"
        f"{' · moments restarted' if plan['restart'] else ''}"
        f"{' · faithful to the released code' if plan['faithful'] else ''}"
    )
    rows = [["", *(run["name"] for run in runs)]]
    rows.append(["units of the hidden layers", *("-".join(map(str, run["widths"])) for run in runs)])
    rows.append(["on average", *(f"{run['average_width']:.1f}" for run in runs)])
    for key, title in score_titles(report).items():
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
    return f"{top}\n\n{align(rows)}\n\n{align(speeds)}"


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
