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

import numpy as np
from scipy.stats import sem

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
# What the paper prints (its Table 1, Figure 4, Table 3), test accuracy in per cent; "~" is read off a figure.
PAPER = {
    "dense h=500": "97.82",
    "top-k k=20": "98.01",
    "top-k k=80": "98.15",
    "random k=20": "~92.2",
    "dense h=20": "95.77 (Table 3), ~96.4 (Figure 4)",
}


def mnist_table(report: dict) -> str:
    """Accuracy of each arm, mean and standard error over the seeds."""
    dense = {r["seed"]: r["test_accuracy"] for r in report["runs"] if r["name"] == "dense h=500"}
    lines = [
        "| arm | optimiser rows | dev % | test % at best dev | minus dense, paired | best epoch | paper's test % |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in report["arms"]:
        gaps = [
            100 * (r["test_accuracy"] - dense[r["seed"]]) for r in report["runs"] if r["name"] == arm["name"]
        ]
        gap = "" if arm["name"] == "dense h=500" else f"{np.mean(gaps):+.2f} ± {sem(gaps):.2f}"
        dev, test, epoch = (arm[key] for key in ("dev_accuracy", "test_accuracy", "best_epoch"))
        lines.append(
            f"| {arm['name'].split(',')[0]} | {arm['rows']} | {100 * dev['mean']:.2f} ± {100 * dev['se']:.2f} "
            f"| {100 * test['mean']:.2f} ± {100 * test['se']:.2f} | {gap} | {epoch['mean']:.1f} "
            f"| {PAPER.get(arm['name'], '')} |"
        )
    return "\n".join(lines)


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


# What was to be reached: {(shape, k): {selector: (kind, figure)}}; share: the speed-up over the ideal n / k.
AIMS = {
    ((1, 500, 500), 10): {"unified": ("speed-up", 5), "topk": ("speed-up", 5)},
    ((10, 784, 500), 25): {"unified": ("share", 0.35), "topk": ("share", 0.25)},
    ((64, 500, 500), 25): {"unified": ("share", 0.5), "topk": ("share", 0.3)},
    ((128, 1024, 1024), 51): {"unified": ("share", 0.6), "topk": ("share", 0.3)},
    ((512, 2048, 2048), 102): {"unified": ("share", 0.8), "topk": ("share", 0.25)},
    ((64, 8192, 8192), 80): {"unified": ("share", 0.6), "topk": ("speed-up", 5)},
}


def cost_table(report: dict) -> str:
    """The backward pass of one layer at the k of the aims: seconds, speed-up, share, roof and aim."""
    lines = [
        "| batch, n_in, n_out, k | select | µs: select, dW, dx | backward | best dense | speed-up | share "
        "| of its roof | aim |",
        "|---|---|---|---|---|---|---|---|---|",
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
            lines.append(
                f"| {name} | {result['select']} | {', '.join(_micro(s[part]) for part in ('select', 'dw', 'dx'))} "
                f"| {_micro(s['backward'])} | {_micro(result['dense']['seconds'])} ({result['dense']['by']}) "
                f"| {p['speedup']:.1f}x | {p['share_of_ideal']:.2f} | {roof['share']:.2f} ({roof['by']}) | {aim} |"
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


# name: (how it is made, the file in docs/results that it is made of)
TABLES = {
    "mnist": (mnist_table, "mnist"), "step": (step_table, "step"),
    "cost": (cost_table, "cost"), "law": (law_table, "cost"),
}  # fmt: skip
PAGES = ("README.md", "docs/results/mnist.md", "docs/results/step.md", "docs/results/cost.md")


def fill(text: str) -> str:
    """`text` with what stands between <!-- table NAME --> and <!-- end --> made anew from the JSON."""

    def table(match: re.Match) -> str:
        make, name = TABLES[match[1]]
        report = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        on = report["machine"]
        where = f"{on['cpu']}, {on['cores']} cores, minimalbp {on['minimalbp']}, numpy {on['numpy']}"
        where += f", numba {on['numba']}" + (f", PyTorch {report['torch']}" if report.get("torch") else "")
        body = f"{make(report)}\n\n`{report['command']}` on {where}."
        return f"<!-- table {match[1]} -->\n{body}\n<!-- end -->"

    return re.sub(r"<!-- table (\w+) -->\n.*?<!-- end -->", table, text, flags=re.S)


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
