"""Networks on sparse topologies (arXiv 1810.00299): accuracy on MNIST beside dense ones, over seeds.

    python scripts/reproduce_radixnet.py authors     the authors' recipe, with ReLU on the logits and without
    python scripts/reproduce_radixnet.py better      no decay, He's initial weights by the true fan-in, shuffled
    python scripts/reproduce_radixnet.py wide        a RadiX-Net of 3,000 units with as many edges as dense
    python scripts/reproduce_radixnet.py lenet5      a convolution and a linear layer of LeNet-5 on random graphs
    python scripts/reproduce_radixnet.py equal       sparse weights against sparse gradients at equal work
    python scripts/reproduce_radixnet.py authors --smoke     digits, 2 seeds, 150 steps; temporary folders

Each run trains 10,000 steps of 100 examples (lenet5 1,000) on one thread and is scored on the test part after the
last one, as the authors do. There is no dev part: none is used to choose anything. For one seed all arms of a
recipe see the same batches. Every finished run is a file in --out, known by its network, recipe, data and seed.
So a table goes on where it was stopped, and tables share runs. Writes TABLE.json to --to and prints the table;
scripts/tables.py writes it into docs/results/topology.md. A table should take some ten minutes on two idle cores;
on busy ones ours took an hour.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from common.command import on_stderr
from common.reproduce import command, options, run_tables, write
from radixnet.arms import RADIX, TABLES, TEN, Arm, Table, smaller
from radixnet.markdown import radixnet_table
from radixnet.runs import Run, path_of, trained, wanted

from minimalbp.experiment import merged_machine, run_many
from minimalbp.report import paired, spread

KEYS = ("test_accuracy", "test_loss", "dead", "lost")


def run_all(name: str, table: Table, args: argparse.Namespace) -> dict[str, list[Run]]:
    """All seeds of all arms: those that are kept, and the others trained now."""
    todo = [
        (arm, (arm.net, arm.recipe, table.data, seed, args.out)) for arm in table.arms for seed in range(args.seeds)
    ]  # fmt: skip
    if args.fresh:
        for _, call in todo:
            path_of(args.out, wanted(*call[:4])).unlink(missing_ok=True)
    args.out.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Run]] = {arm.name: [] for arm in table.arms}
    calls = run_many(trained, [call for _, call in todo], args.jobs)
    for done, (i, run) in enumerate(calls, 1):
        arm, seed = todo[i][0], run["settings"]["seed"]
        found[arm.name].append({"name": arm.name} | run)
        said = run.get("diverged") or f"{run['test_accuracy']:.4f}"
        on_stderr(f"{name}: {done}/{len(todo)} {arm.name}, seed {seed}: {said}, {run['seconds']} s")
    return {key: sorted(runs, key=lambda run: run["settings"]["seed"]) for key, runs in found.items()}


def summary(arm: Arm, found: dict[str, list[Run]]) -> dict[str, Any]:
    """Means, standard errors and intervals of an arm over the seeds; its paired difference; its exact work."""
    mine = found[arm.name]
    done = [run for run in mine if "diverged" not in run]
    row: dict[str, Any] = {
        "name": arm.name, "group": arm.group, "against": arm.against, "published": arm.published,
        "diverged": len(mine) - len(done), "parameters": spread([run["parameters"] for run in mine]),
    }  # fmt: skip
    row |= {key: spread([run[key] for run in done]) for key in KEYS}
    parts = done[0]["work"] if done else {}
    row["work"] = {part: spread([run["work"][part] for run in done])["mean"] for part in parts}
    if arm.against:
        row["gap"] = paired(mine, found[arm.against], "test_accuracy")
    if RADIX in found and arm.name != RADIX and (arm.group or arm.name == TEN):
        row["minus radix"] = paired(mine, found[RADIX], "test_accuracy")
    return row


def make(name: str, args: argparse.Namespace) -> None:
    """One table: its JSON, and on stdout its Markdown."""
    table = smaller(TABLES[name]) if args.smoke else TABLES[name]
    found = run_all(name, table, args)
    runs = [run for of_arm in found.values() for run in of_arm]
    report = {
        "command": command("reproduce_radixnet", name, args, vars(parser().parse_args([name])), ""),
        "table": name, "title": table.title, "data": table.data, "seeds": args.seeds,
        "machine": merged_machine(runs), "commits": sorted({str(run["commit"]) for run in runs}),
        "arms": [summary(arm, found) for arm in table.arms], "runs": runs,
    }  # fmt: skip
    write(args.to / f"{name}.json", report)
    print(f"{report['title']}\n\n{radixnet_table(report)}")


def parser() -> argparse.ArgumentParser:
    made = options(__doc__, list(TABLES), "digits, 2 seeds, 150 steps; temporary folders", "radixnet")
    made.set_defaults(data=None)
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)

    def work(tables: list[str]) -> None:
        for name in tables:
            make(name, args)

    return run_tables(args, work, "radixnet")


if __name__ == "__main__":
    sys.exit(main())
