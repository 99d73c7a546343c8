"""What all commands that make tables of runs share: options, folders, JSON."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minimalbp.errors import check_int
from minimalbp.files import replacing

from .command import status


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

        def checked() -> None:
            for what in ("seeds", "jobs"):
                check_int(what, getattr(args, what), least=1)
            work(list(dict.fromkeys(args.table)))

        return status(checked, f"finished runs are kept in {args.out}")


def write(path: Path, report: dict[str, Any]) -> None:
    """JSON with one line for each of its "runs" ("by_seed", "seeds"), so that a change of one shows as one."""
    key = next(key for key in ("runs", "by_seed", "seeds") if isinstance(report.get(key), list))
    head = json.dumps({name: value for name, value in report.items() if name != key}, indent=1)
    lines = ",\n".join(json.dumps(run) for run in report[key])
    with replacing(path) as temporary:
        temporary.write_text(f'{head[:-2]},\n "{key}": [\n{lines}\n ]\n}}\n', encoding="utf-8")


def accuracies(run: dict[str, Any]) -> dict[str, Any]:
    """A run as tables hold it: what decides is called accuracy there, also of parsers, whose score is UAS."""
    return {name.replace("_uas", "_accuracy"): value for name, value in run.items()}
