"""What all tables of runs share: training what is missing, the summary of each arm, JSON, the command line."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meprop_arms import BASE, Arm, Table
from meprop_runs import Kept, Run, finish, identity, merged, on_stderr
from meprop_stats import paired, spread

from minimalbp.errors import BadInput, check_int
from minimalbp.experiment.settings import Settings
from minimalbp.files import replacing

KEYS = ("dev_accuracy", "test_accuracy", "test_loss", "best_epoch")
OF_PARSERS = ("dev_las", "test_las")
PAIRED = ("dev_accuracy", "test_accuracy", "test_loss", "test_las")
Wanted = dict[tuple[str, int], Settings]  # by arm and seed


def accuracy_report(
    name: str, table: Table, wanted: Wanted, args: argparse.Namespace, kept: Kept, command: str
) -> dict[str, Any]:
    """Train what is missing of a table; its summary by arm, and all of its runs."""
    missing = {
        identity(s.as_json()): (arm, s) for (arm, _), s in wanted.items() if kept.get(s) is None
    }  # two arms of a smoke test may be the same
    on_stderr(f"{name}: {len(wanted) - len(missing)} runs are done, {len(missing)} to do")
    finish(list(missing.values()), kept, args.jobs, on_stderr)
    runs: dict[str, list[Run]] = {arm.name: [] for arm in table.arms}
    for (arm_name, _), settings in wanted.items():
        run = kept.get(settings)
        assert run is not None
        runs[arm_name].append({"name": arm_name, **{key: v for key, v in run.items() if key != "name"}})
    everything = [run for of_arm in runs.values() for run in of_arm]
    first = everything[0]["settings"]
    return {
        "command": command, "table": name, "title": table.title, "data": first["data"],
        "epochs": first["epochs"], "paper_epochs": BASE.epochs, "seeds": args.seeds, "machine": merged(everything),
        "commits": sorted({str(run["commit"]) for run in everything}),
        "arms": [summary(arm, runs) for arm in table.arms], "runs": everything,
    }  # fmt: skip


def summary(arm: Arm, runs: dict[str, list[Run]]) -> dict[str, Any]:
    """Mean, standard error and intervals of an arm over its seeds, and its paired difference from another."""
    mine = runs[arm.name]
    row: dict[str, Any] = {
        "name": arm.name, "changes": arm.changes, "rows": mine[0]["settings"]["rows"], "against": arm.against,
        "paper": arm.paper, "diverged": sum("diverged" in run for run in mine),
    }  # fmt: skip
    keys = KEYS + tuple(key for key in OF_PARSERS if any(key in run for run in mine))
    for key in keys:
        row[key] = spread([run[key] for run in mine if run.get(key) is not None])
    if arm.against:
        row["gap"] = {key: paired(mine, runs[arm.against], key) for key in PAIRED if key in keys}
    return row


def write(path: Path, report: dict[str, Any]) -> None:
    """JSON with one line for each of its "runs" ("by_seed", "seeds"), so that a change of one shows as one."""
    key = next(key for key in ("runs", "by_seed", "seeds") if isinstance(report.get(key), list))
    head = json.dumps({name: value for name, value in report.items() if name != key}, indent=1)
    lines = ",\n".join(json.dumps(run) for run in report[key])
    with replacing(path) as temporary:
        temporary.write_text(f'{head[:-2]},\n "{key}": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def options(
    description: str | None, tables: list[str], smoke: str, paper: str = "meprop"
) -> argparse.ArgumentParser:
    """The command line: tables by name, seeds, jobs, where finished runs and results are."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = made.add_argument
    add("table", nargs="+", choices=tables, metavar="TABLE", help=", ".join(tables))
    add("--seeds", type=int, default=5)
    add("--jobs", type=int, default=2, help="runs at a time, each on one thread; 1: in this process")
    add("--out", type=Path, help=f"finished runs (default runs/{paper})")
    add("--to", type=Path, help=f"where TABLE.json goes (default docs/results/{paper})")
    add("--fresh", action="store_true", help="throw away the kept runs of these tables first")
    add("--smoke", action="store_true", help=smoke)
    return made


def command(script: str, name: str, args: argparse.Namespace, defaults: dict[str, Any], flags: str) -> str:
    """What a person types to get this report. flags: those that are on, and options with their values."""
    words = [f"python scripts/{script}.py", name, *(["--smoke"] if args.smoke else []), *flags.split()]
    words += [
        f"--{key} {getattr(args, key)}" for key in ("seeds", "data") if getattr(args, key) != defaults[key]
    ]
    return " ".join(words)


def run_tables(args: argparse.Namespace, work: Callable[[list[str]], None], paper: str) -> int:
    """`work` on the tables that were asked for, each once; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) if args.smoke else Path()
        args.out = args.out or home / "runs" / paper
        args.to = args.to or home / "docs/results" / paper
        if args.smoke:
            args.seeds = 2
        try:
            for what in ("seeds", "jobs"):
                check_int(what, getattr(args, what), least=1)
            work(list(dict.fromkeys(args.table)))
        except BadInput as e:
            on_stderr(f"error: {e}")
            return 2
        except KeyboardInterrupt:
            on_stderr(f"stopped; finished runs are kept in {args.out}")
            return 130
    return 0


def run_accuracy_tables(
    args: argparse.Namespace,
    wanted_of: Callable[[str, argparse.Namespace], Wanted],
    make: Callable[[str, argparse.Namespace, Kept], None],
) -> int:
    """The tables of meProp that were asked for, from runs that are kept; returns the exit status."""

    def work(tables: list[str]) -> None:
        if args.epochs is not None:
            check_int("epochs", args.epochs, least=1)
        kept = Kept(args.out, sorted(args.to.glob("*.json")))
        if args.fresh:
            kept.forget(s for name in tables for s in wanted_of(name, args).values())
        for name in tables:
            make(name, args, kept)

    return run_tables(args, work, "meprop")
