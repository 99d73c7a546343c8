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

from bench import markdown as bench
from bench.challenge_markdown import challenge_table
from bench.prune_markdown import prune_table
from bench.sparse_markdown import forward_table, passes_table
from bench.sparse_markdown import step_table as sparse_step_table
from centring.markdown import centring_table, gradients_table, seconds_table
from cnn.markdown import cnn_table
from meprop.claims import claims_markdown
from meprop.markdown import disagreements, mnist_table, table
from mesimp.markdown import mesimp_table
from radixnet.markdown import radixnet_table
from spp.markdown import spp_table

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
TEXT = ("tagging", "parsing")
MESIMP = ("mnist", "mnist-plain", "mnist-faithful", "tagging", "parsing")
CENTRING = ("digits", "mnist-10k", "mnist-10k-falling", "mnist", "fashion-3", "fashion-20", "ablations", "tagging",
            "tagging-dropout", "parsing", "parsing-dropout")  # fmt: skip
CNN = ("mnist", "mnist-bn", "cifar", "cifar-bn", "controls", "controls-bn", "controls-cifar", "controls-cifar-bn",
       "full", "overfitting", "overfitting-bn")  # fmt: skip
SPP = ("lenet", "convnet", "ablations")
RADIXNET = ("authors", "better", "wide", "lenet5", "equal")
FOLDERS = ("mesimp", "centring", "cnn", "spp", "radixnet")
BENCHES = {
    "time_to_accuracy": "time_to_accuracy",
    "centring_seconds": "centring",
    "sparse": "sparse",
}  # scripts
MEPROP = (
    "table1", "table2", "figure4", "figure4-topk", "table3", "table4", "table5", "table6", "mnist", *TEXT,
)  # fmt: skip
# name: (how it is made, the file in docs/results that it is made of)
TABLES = {
    "mnist": (mnist_table, "mnist"), "step": (bench.step_table, "step"),
    "cost": (bench.cost_table, "cost"), "law": (bench.law_table, "cost"),
    "parser": (bench.cost_table, "parser/cost"),
    "time-to-accuracy": (bench.accuracy_table, "time_to_accuracy"),
    "lstm-backward": (bench.lstm_backward_table, "lstm"),
    "prune": (prune_table, "prune"), "graphchallenge": (challenge_table, "graphchallenge"),
    "conv": (bench.conv_table, "conv"), "conv-steps": (bench.conv_step_table, "conv"),
    "lstm-parts": (bench.lstm_parts_table, "lstm"), "lstm-step": (bench.lstm_step_table, "lstm"),
    **{name: (table, name) for name in MEPROP if name != "mnist"},
    **{f"mesimp-{name}": (mesimp_table, f"mesimp-{name}") for name in MESIMP},
    **{f"centring-{name}": (centring_table, f"centring-{name}") for name in CENTRING},
    **{f"cnn-{name}": (cnn_table, f"cnn-{name}") for name in CNN},
    **{f"spp-{name}": (spp_table, f"spp-{name}") for name in SPP},
    **{f"radixnet-{name}": (radixnet_table, f"radixnet-{name}") for name in RADIXNET},
    "sparse-passes": (passes_table, "sparse"), "sparse-forward": (forward_table, "sparse"),
    "sparse-step": (sparse_step_table, "sparse"),
    "gradients": (gradients_table, "centring-gradients"), "centring-seconds": (seconds_table, "centring_seconds"),
}  # fmt: skip
PAGES = (
    "README.md", "docs/results/meprop.md", "docs/results/mnist.md", "docs/results/step.md", "docs/results/cost.md",
    "docs/results/mesimp.md", "docs/results/lstm.md", "docs/results/centring.md",
    "docs/results/time_to_accuracy.md", "docs/results/cnn.md", "docs/results/spp.md",
    "docs/results/topology.md", "docs/results/graphchallenge.md",
)  # fmt: skip


def home(name: str) -> tuple[str, str]:
    """The folder of a report, and its name there: "mesimp-mnist" is mesimp/mnist.json."""
    folder, _, rest = name.partition("-")
    return (folder, rest) if folder in FOLDERS else ("meprop" if name in MEPROP else "", name)


def read(name: str) -> dict | None:
    """A report by name; None where it has not been made yet."""
    folder, name = home(name)
    path = RESULTS / folder / f"{name}.json"
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
        if source in BENCHES:
            return (
                f"Not made yet: `python scripts/bench_{BENCHES[source]}.py --to docs/results/{source}.json`."
            )
        if source == "graphchallenge":
            return "Not made yet: `python scripts/graphchallenge.py`."
        folder, what = home(source)
        script = "text" if source in TEXT else folder or "meprop"
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
