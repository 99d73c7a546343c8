"""The MNIST tables of the meProp paper, with the seeds, standard errors and paired differences that it lacks.

    python scripts/reproduce_meprop.py table1         AdaGrad and Adam, dense and top-k
    python scripts/reproduce_meprop.py table2         seconds of an epoch; wants a quiet machine
    python scripts/reproduce_meprop.py figure4        k, random-k, and nets of k units
    python scripts/reproduce_meprop.py table3 table4 table5 table6 mnist
    python scripts/reproduce_meprop.py table1 --smoke digits, 2 seeds, 1 epoch, to a temporary folder

For one seed all arms of a table see the same order of examples, and those of equal shape start from the same
weights. Every finished run is a file in --out, known by its settings: a table goes on where it was stopped, and
tables share the runs they have in common (those inside the tables in --to count too). A table takes up to an hour
on two cores; where it would take longer, all of its arms train for fewer epochs, unless --full asks for the paper's
20. Writes TABLE.json and figure4.png to --to, prints the table and where it disagrees with the paper;
scripts/tables.py writes it into docs/results/meprop.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import meprop_markdown
import meprop_time
from meprop_arms import BASE, TABLES, Arm, smaller
from meprop_runs import Kept, Run, commit, finish, identity, merged, on_stderr
from meprop_stats import paired, spread

from minimalbp.errors import BadInput, whole
from minimalbp.files import replacing, write_json
from minimalbp.settings import Settings

KEYS = ("dev_accuracy", "test_accuracy", "test_loss", "best_epoch")
TIMED_EPOCHS = 5  # of table2


def wanted_of(name: str, args: argparse.Namespace) -> dict[tuple[str, int], Settings]:
    """The settings of each (arm, seed) of a table, as the command line asks for it."""
    table, wanted = TABLES[name], {}
    for seed in range(args.seeds):
        for arm in table.arms:
            epochs = BASE.epochs if args.full else args.epochs or table.epochs
            settings = arm.settings(data=args.data, seed=seed, epochs=epochs)
            wanted[arm.name, seed] = smaller(settings) if args.smoke else settings
    return wanted


def accuracy_report(name: str, args: argparse.Namespace, kept: Kept) -> dict[str, Any]:
    """Train what is missing of a table; its summary by arm, and all of its runs."""
    table, wanted = TABLES[name], wanted_of(name, args)
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
        "command": command(name, args), "table": name, "title": table.title, "data": first["data"],
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
    for key in KEYS:
        row[key] = spread([run[key] for run in mine if run[key] is not None])
    if arm.against:
        row["gap"] = {key: paired(mine, runs[arm.against], key) for key in KEYS[:3]}
    return row


def command(name: str, args: argparse.Namespace) -> str:
    """What a person types to get this report."""
    words = ["python scripts/reproduce_meprop.py", name, *(["--smoke"] if args.smoke else [])]
    if args.full:
        words.append("--full")
    elif args.epochs:
        words.append(f"--epochs {args.epochs}")
    defaults = vars(parser().parse_args([name]))
    words += [
        f"--{key} {getattr(args, key)}" for key in ("seeds", "data") if getattr(args, key) != defaults[key]
    ]
    return " ".join(words)


def write(path: Path, report: dict[str, Any]) -> None:
    """JSON with one line for each run, so that a change of one shows as one."""
    runs = report.pop("runs", None)
    if runs is None:
        return write_json(path, report)
    head = json.dumps(report, indent=1)
    lines = ",\n".join(json.dumps(run) for run in runs)
    with replacing(path) as temporary:
        temporary.write_text(f'{head[:-2]},\n "runs": [\n{lines}\n ]\n}}\n', encoding="utf-8")
    report["runs"] = runs
    return None


def make(name: str, args: argparse.Namespace, kept: Kept) -> None:
    """One table: its JSON, its figure, and on stdout its Markdown and where it disagrees with the paper."""
    if name == "table2":
        settings = BASE.changed(data=args.data)
        settings = smaller(settings) if args.smoke else settings
        epochs = 1 if args.smoke else args.epochs or TIMED_EPOCHS
        report = {"command": command(name, args), "commits": [str(commit())]}
        report |= meprop_time.report(settings, epochs=epochs, block=10 if args.smoke else 100, tell=on_stderr)
    else:
        report = accuracy_report(name, args, kept)
    write(args.to / f"{name}.json", report)
    if name == "figure4":
        from meprop_figure import draw

        draw(report, args.to / "figure4.png")
    print(f"{report['title']}\n\n{meprop_markdown.table(report)}")
    for line in meprop_markdown.disagreements(report):
        print(f"disagrees with the paper: {line}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = made.add_argument
    add("table", nargs="+", choices=[*TABLES, "table2"], metavar="TABLE", help=", ".join([*TABLES, "table2"]))
    add("--seeds", type=int, default=5)
    add("--epochs", type=int, help="of every arm (default: what fits into an hour)")
    add("--full", action="store_true", help="the paper's 20 epochs, however long it takes")
    add("--data", default=BASE.data)
    add("--jobs", type=int, default=2, help="runs at a time, each on one thread; 1: in this process")
    add("--out", type=Path, help="finished runs, one file each (default runs/meprop)")
    add("--to", type=Path, help="where TABLE.json goes (default docs/results/meprop)")
    add("--fresh", action="store_true", help="throw away the kept runs of these tables first")
    add(
        "--smoke",
        action="store_true",
        help="digits, 2 seeds, 1 epoch, a tenth of the units; temporary folders",
    )
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) if args.smoke else Path()
        args.out = args.out or home / "runs/meprop"
        args.to = args.to or home / "docs/results/meprop"
        if args.smoke:
            args.seeds = 2
        try:
            for what in ("seeds", "jobs"):
                whole(what, getattr(args, what), least=1)
            if args.epochs is not None:
                whole("epochs", args.epochs, least=1)
            kept = Kept(args.out, sorted(args.to.glob("*.json")))
            tables = list(dict.fromkeys(args.table))
            if args.fresh:
                kept.forget(s for name in tables if name in TABLES for s in wanted_of(name, args).values())
            for name in tables:
                make(name, args, kept)
        except BadInput as e:
            on_stderr(f"error: {e}")
            return 2
        except KeyboardInterrupt:
            on_stderr(f"stopped; finished runs are kept in {args.out}")
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
