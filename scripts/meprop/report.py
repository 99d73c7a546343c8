"""The tables of accuracies: training what is missing, and the summary of each arm."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from common.command import commit, on_stderr
from common.reproduce import accuracies, run_tables

import minimalbp as mbp
from minimalbp.errors import check_int
from minimalbp.experiment import KeptRuns, merged_machine, sweep
from minimalbp.report import paired, spread

from .arms import BASE, Arm, Table

KEYS = ("dev_accuracy", "test_accuracy", "test_loss", "best_epoch")
MORE = (
    "dev_las",
    "test_las",
    "last_test_accuracy",
    "last_test_las",
    "first_loss",
    "largest_loss",
)  # of some runs
PAIRED = ("dev_accuracy", "test_accuracy", "test_loss", "test_las", "last_test_accuracy", "last_test_las")
Run = dict[str, Any]
Wanted = dict[tuple[str, int], mbp.Settings]  # by arm and seed


def accuracy_report(
    name: str, table: Table, wanted: Wanted, args: argparse.Namespace, kept: KeptRuns, command: str
) -> dict[str, Any]:
    """Train what is missing of a table; its summary by arm, and all of its runs."""
    found = sweep(
        wanted.values(), kept, jobs=args.jobs, extra=made_by, tell=lambda line: on_stderr(f"{name}: {line}")
    )
    runs: dict[str, list[Run]] = {arm.name: [] for arm in table.arms}
    for (arm_name, _), run in zip(wanted, found):
        run = {"name": arm_name} | accuracies({key: v for key, v in run.items() if key != "name"})
        runs[arm_name].append(run | {key: None for key in KEYS if key not in run})  # where the loss ran away
    everything = [run for of_arm in runs.values() for run in of_arm]
    first = everything[0]["settings"]
    return {
        "command": command, "table": name, "title": table.title, "data": first["data"],
        "epochs": first["epochs"], "paper_epochs": BASE.epochs, "seeds": args.seeds,
        "machine": merged_machine(everything), "commits": sorted({str(run["commit"]) for run in everything}),
        "arms": [summary(arm, runs) for arm in table.arms], "runs": everything,
    }  # fmt: skip


def made_by() -> dict[str, Any]:
    """What is kept with each run beside what it found."""
    return {"commit": commit()}


def summary(arm: Arm, runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Mean, standard error and intervals of an arm over its seeds, and its paired difference from another."""
    mine = runs[arm.name]
    row: dict[str, Any] = {
        "name": arm.name, "changes": arm.changes, "rows": mine[0]["settings"]["rows"], "against": arm.against,
        "paper": arm.paper, "diverged": sum("diverged" in run for run in mine),
    }  # fmt: skip
    keys = KEYS + tuple(key for key in MORE if any(key in run for of_arm in runs.values() for run in of_arm))
    for key in keys:
        row[key] = spread([run[key] for run in mine if run.get(key) is not None])
    if arm.against:
        row["gap"] = {key: paired(mine, runs[arm.against], key) for key in PAIRED if key in keys}
    return row


def run_accuracy_tables(
    args: argparse.Namespace,
    wanted_of: Callable[[str, argparse.Namespace], Wanted],
    make: Callable[[str, argparse.Namespace, KeptRuns], None],
    paper: str = "meprop",
) -> int:
    """The tables of a paper that were asked for, from runs that are kept; returns the exit status."""

    def work(tables: list[str]) -> None:
        if args.epochs is not None:
            check_int("epochs", args.epochs, least=1)
        kept = KeptRuns(args.out, BASE, sorted(args.to.glob("*.json")))
        if args.fresh:
            kept.forget(s for name in tables for s in wanted_of(name, args).values())
        for name in tables:
            make(name, args, kept)

    return run_tables(args, work, paper)
