"""The tables of README.md and docs/results/, made from the committed JSON. Never edited by hand.

python scripts/tables.py            write them
python scripts/tables.py --check    exit with 1 where one is not what the JSON says
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from meprop_claims import claims_markdown
from meprop_markdown import disagreements, mean, table, took
from mesimp_markdown import mesimp_table

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"


def mnist_table(report: dict) -> str:
    """Accuracy of each arm, mean and standard error over the seeds."""
    lines = [
        "| arm | optimiser rows | dev % | test % at best dev | minus dense, paired | best epoch | paper's test % |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gap = mean(arm["gap"]["test_accuracy"], digits="+.2f") if "gap" in arm else ""
        paper = f"{arm['paper']['test']:g}" if arm["paper"] else ""
        lines.append(
            f"| {arm['name'].split(',')[0]} | {arm['rows']} | {mean(arm['dev_accuracy'])} "
            f"| {mean(arm['test_accuracy'])} | {gap} | {arm['best_epoch']['mean']:.1f} | {paper} |"
        )
    return "\n".join([*lines, "", took(report)])


def step_table(report: dict) -> str:
    """Microseconds of one training step, and how many times faster than PyTorch with fused Adam."""
    lines = [
        "| batch | arm | forward | backward | update | step (quartiles), µs | against PyTorch, fused Adam |",
        "|---|---|---|---|---|---|---|",
    ]
    for batch, arms in report["batches"].items():
        fused = arms["PyTorch, fused Adam"]["step"]
        for name, r in arms.items():
            low, high = (1e6 * q for q in r["quartiles"])
            whole = f"{1e6 * r['step']:.0f} ({low:.0f}-{high:.0f}) | {fused / r['step']:.2f}x"
            lines.append(
                f"| {batch} | {name} | {1e6 * r['forward']:.0f} | {1e6 * r['backward']:.0f} "
                f"| {1e6 * r['update']:.0f} | {whole} |"
            )
    return "\n".join(lines)


def lstm_backward_table(report: dict) -> str:
    """Microseconds of the backward pass of the LSTM, and how many times faster than the two dense ones."""
    lines = ["| arm | backward (quartiles), µs | against our dense | against PyTorch |", "|---|---|---|---|"]
    arms = report["backward"]
    for name, r in arms.items():
        low, high = (1e6 * q for q in r["quartiles"])
        gains = (f"{arms[other]['median'] / r['median']:.1f}x" for other in ("dense", "PyTorch"))
        lines.append(f"| {name} | {1e6 * r['median']:.0f} ({low:.0f}-{high:.0f}) | {' | '.join(gains)} |")
    return "\n".join(lines)


def lstm_parts_table(report: dict) -> str:
    """Microseconds of each part of the backward pass."""
    lines = [
        "| arm | loop through time, dx | dW, dU | choosing among drawn numbers | bias, drawing, Python, µs |",
        "|---|---|---|---|---|",
    ]
    for name, parts in report["parts"].items():
        times = (f"{1e6 * parts[part]:.0f}" for part in ("dx", "dw", "select", "other"))
        lines.append(f"| {name} | {' | '.join(times)} |")
    return "\n".join(lines)


def lstm_step_table(report: dict) -> str:
    """Microseconds of a step of the tagger, and how many times faster than the fastest of PyTorch's."""
    lines = [
        "| arm | forward | backward | update | step (quartiles), µs | against PyTorch |",
        "|---|---|---|---|---|---|",
    ]
    arms = report["step"]
    best = min(r["step"]["median"] for name, r in arms.items() if name.startswith("PyTorch"))
    for name, r in arms.items():
        parts = " | ".join(f"{1e6 * r[part]:.0f}" for part in ("forward", "backward", "update"))
        low, high = (1e6 * q for q in r["step"]["quartiles"])
        whole = f"{1e6 * r['step']['median']:.0f} ({low:.0f}-{high:.0f})"
        lines.append(f"| {name} | {parts} | {whole} | {best / r['step']['median']:.2f}x |")
    return "\n".join(lines)


# What was to be reached: {(shape, k): {selector: (kind, figure)}}; share: the speed-up over the ideal n / k.
AIMS = {
    ((1, 500, 500), 10): {"unified": ("speed-up", 5), "topk": ("speed-up", 5)},
    ((10, 784, 500), 25): {"unified": ("share", 0.35), "topk": ("share", 0.25)},
    ((64, 500, 500), 25): {"unified": ("share", 0.5), "topk": ("share", 0.3)},
    ((128, 1024, 1024), 51): {"unified": ("share", 0.6), "topk": ("share", 0.3)},
    ((512, 2048, 2048), 102): {"unified": ("share", 0.8), "topk": ("share", 0.25)},
    ((64, 8192, 8192), 80): {"unified": ("share", 0.6), "topk": ("speed-up", 5)},
    ((10_000, 2400, 500), 20): {"topk": ("speed-up", 8), "unified": ("speed-up", 8)},
}


def cost_table(report: dict) -> str:
    """The backward pass of one layer at the k of the aims: seconds, speed-up, share, roof and aim."""
    lines = [
        "| batch, n_in, n_out, k | select | µs: select, dW, dx | backward | best dense | speed-up | share "
        "| against the others | of its roof | aim |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in report["results"]:
        k, aims = next(((k, a) for (s, k), a in AIMS.items() if s == tuple(result["shape"])), (0, {}))
        for p in result["points"]:
            if p["k"] != k or result["select"] not in aims:
                continue
            kind, figure = aims[result["select"]]
            reached = (p["speedup"] if kind == "speed-up" else p["share_of_ideal"]) >= figure
            aim = f"{kind} {figure}: {'reached' if reached else 'missed'}"
            source = result.get("problem", "").removesuffix(".npz").removeprefix("mnist-")
            name = ", ".join(map(str, (*result["shape"], k))) + (f" ({source})" if source else "")
            s, roof = p["seconds"], p["roof"]
            others = min(t for by, t in result["dense"]["all"].items() if by != "minimalbp") / s["backward"]
            lines.append(
                f"| {name} | {result['select']} | {', '.join(_micro(s[part]) for part in ('select', 'dw', 'dx'))} "
                f"| {_micro(s['backward'])} | {_micro(result['dense']['seconds'])} ({result['dense']['by']}) "
                f"| {p['speedup']:.1f}x | {p['share_of_ideal']:.2f} "
                f"| {others:.1f}x, {others * p['ratio']:.2f} | {roof['share']:.2f} ({roof['by']}) | {aim} |"
            )
    return "\n".join(lines)


def law_table(report: dict) -> str:
    """The straight line through the points up to 50 %, and where dense becomes faster."""
    lines = [
        "| batch, n_in, n_out | select | R2 | intercept, of dense | dense is faster from | k = n over dense |",
        "|---|---|---|---|---|---|",
    ]
    for result in report["results"]:
        if "problem" in result:
            continue
        fit, dense, n = result["fit"], result["dense"]["seconds"], result["shape"][2]
        cross = f"{result['crossover_k'] / n:.0%}" if result["crossover_k"] else "never"
        last = result["points"][-1]["seconds"]["backward"] / dense
        lines.append(
            f"| {', '.join(map(str, result['shape']))} | {result['select']} | {fit['r2']:.4f} "
            f"| {fit['intercept'] / dense:.1%} | {cross} | {last:.2f} |"
        )
    return "\n".join(lines)


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f}" if seconds >= 1e-4 else f"{1e6 * seconds:.1f}"


TEXT = ("tagging", "parsing")
MESIMP = ("mnist", "mnist-plain", "mnist-faithful", "tagging", "parsing")
MEPROP = (
    "table1",
    "table2",
    "figure4",
    "figure4-topk",
    "table3",
    "table4",
    "table5",
    "table6",
    "mnist",
    *TEXT,
)
# name: (how it is made, the file in docs/results that it is made of)
TABLES = {
    "mnist": (mnist_table, "mnist"), "step": (step_table, "step"),
    "cost": (cost_table, "cost"), "law": (law_table, "cost"),
    "parser": (cost_table, "parser/cost"),
    "lstm-backward": (lstm_backward_table, "lstm"),
    "lstm-parts": (lstm_parts_table, "lstm"), "lstm-step": (lstm_step_table, "lstm"),
    **{name: (table, name) for name in MEPROP if name != "mnist"},
    **{f"mesimp-{name}": (mesimp_table, f"mesimp-{name}") for name in MESIMP},
}  # fmt: skip
PAGES = (
    "README.md", "docs/results/meprop.md", "docs/results/mnist.md", "docs/results/step.md", "docs/results/cost.md",
    "docs/results/mesimp.md", "docs/results/lstm.md",
)  # fmt: skip


def read(name: str) -> dict | None:
    """A report by name; None where it has not been made yet."""
    folder = "mesimp" if name.startswith("mesimp-") else "meprop" if name in MEPROP else ""
    path = RESULTS / folder / f"{name.removeprefix('mesimp-')}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def made(name: str) -> str:
    """The Markdown of one table, and what made it where."""
    if name in ("claims", "disagreements"):  # made of all reports there are
        reports = {n: report for n in MEPROP if (report := read(n))}
        if name == "claims":
            return claims_markdown(reports)
        found: dict[str, str] = {}
        for n, report in reports.items():
            for line in disagreements(report):
                found.setdefault(line.partition(" is ")[2], f"* {n}: {line}")  # tables share runs
        return "\n".join(found.values()) or "None."
    make, source = TABLES[name]
    report = read(source)
    if report is None:
        if source.startswith("mesimp-"):
            script, what = "mesimp", source.removeprefix("mesimp-")
        else:
            script, what = "text" if source in TEXT else "meprop", source
        return f"Not made yet: `python scripts/reproduce_{script}.py {what}`."
    on = report["machine"]
    where = f"{on['cpu']}, {on['cores']} cores, minimalbp {on['minimalbp']}, numpy {on['numpy']}"
    where += f", numba {on['numba']}" + (f", PyTorch {report['torch']}" if report.get("torch") else "")
    where += f" (commit {', '.join(report['commits'])})" if report.get("commits") else ""
    return f"{make(report)}\n\n`{report['command']}` on {where}."


def fill(text: str) -> str:
    """`text` with what stands between <!-- table NAME --> and <!-- end --> made anew from the JSON."""

    def between(match: re.Match) -> str:
        return f"<!-- table {match[1]} -->\n{made(match[1])}\n<!-- end -->"

    return re.sub(r"<!-- table ([\w-]+) -->\n.*?<!-- end -->", between, text, flags=re.S)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    stale = []
    for name in PAGES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if fill(text) != text:
            stale.append(name)
            if not args.check:
                path.write_text(fill(text), encoding="utf-8")
    if args.check and stale:
        print(f"not what the JSON says: {', '.join(stale)}; run python scripts/tables.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
