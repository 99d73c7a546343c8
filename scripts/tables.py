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


TABLES = {"mnist": mnist_table, "step": step_table}
PAGES = ("README.md", "docs/results/mnist.md", "docs/results/step.md")


def fill(text: str) -> str:
    """`text` with what stands between <!-- table NAME --> and <!-- end --> made anew from NAME.json."""

    def table(match: re.Match) -> str:
        report = json.loads((RESULTS / f"{match[1]}.json").read_text(encoding="utf-8"))
        on = report["machine"]
        where = f"{on['cpu']}, {on['cores']} cores, minimalbp {on['minimalbp']}, numpy {on['numpy']}"
        where += f", numba {on['numba']}" + (f", PyTorch {report['torch']}" if "torch" in report else "")
        body = f"{TABLES[match[1]](report)}\n\n`{report['command']}` on {where}."
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
