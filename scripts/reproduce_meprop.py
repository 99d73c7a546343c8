"""The MNIST tables of the meProp paper, with the seeds, standard errors and paired differences that it lacks.

    python scripts/reproduce_meprop.py table1         AdaGrad and Adam, dense and top-k
    python scripts/reproduce_meprop.py table2         seconds of an epoch; wants a quiet machine
    python scripts/reproduce_meprop.py figure4        k, random-k, and nets of k units
    python scripts/reproduce_meprop.py figure4-topk   k alone, for all epochs
    python scripts/reproduce_meprop.py table3 table4 table5 table6 mnist
    python scripts/reproduce_meprop.py table1 --smoke digits, 2 seeds, 1 epoch, to a temporary folder

For one seed all arms of a table see the same order of examples, and those of equal shape start from the same
weights. Every finished run is a file in --out, known by its settings: a table goes on where it was stopped, and
tables share the runs they have in common (those inside the tables in --to count too). A run of table2 is a seed:
one epoch, all arms in turns in one process, kept in --out/table2 alone, for seconds belong to a machine. On two
idle cores a table takes about half an hour: figure4 and table5 train all of their arms for fewer epochs for that,
unless --full asks for the paper's 20. Writes TABLE.json and TABLE.png to --to, prints the table and where it
disagrees with the paper; scripts/tables.py writes it into docs/results/meprop.md.
"""

from __future__ import annotations

import argparse
import sys

from common.command import on_stderr
from common.reproduce import command, options, write
from meprop import markdown, timing
from meprop.arms import BASE, TABLES, smaller
from meprop.figure import draw
from meprop.report import Wanted, accuracy_report, run_accuracy_tables

from minimalbp import Settings
from minimalbp.experiment import KeptRuns

TIMED = "table2"
JOBS = 2  # at a time, of the other tables


def wanted_of(name: str, args: argparse.Namespace) -> Wanted:
    """The settings of each (arm, seed) of a table, as the command line asks for it; none of TIMED."""
    wanted: Wanted = {}
    if name not in TABLES:
        return wanted
    table = TABLES[name]
    for seed in range(args.seeds):
        for arm in table.arms:
            epochs = BASE.epochs if args.full else args.epochs or table.epochs
            settings = arm.settings(data=args.data, seed=seed, epochs=epochs)
            wanted[arm.name, seed] = smaller(settings) if args.smoke else settings
    return wanted


def timed_of(args: argparse.Namespace) -> list[Settings]:
    """The settings of each seed of TIMED."""
    base = BASE.changed(data=args.data, epochs=1)
    base = smaller(base) if args.smoke else base
    return [base.changed(seed=seed) for seed in range(args.seeds)]


def senseless(args: argparse.Namespace) -> str | None:
    """What of the command line has no meaning for TIMED, and what to do instead."""
    if TIMED not in args.table:
        return None
    if args.full or args.epochs is not None:
        return f"{TIMED} measures one epoch of each seed; leave {'--full' if args.full else '--epochs'} out"
    if args.jobs not in (None, 1):
        return f"the arms of {TIMED} take turns in one process; leave --jobs out"
    return None


def make(name: str, args: argparse.Namespace, kept: KeptRuns) -> None:
    """One table: its JSON, its figure, and on stdout its Markdown and where it disagrees with the paper."""
    flags = "--full" if args.full else f"--epochs {args.epochs}" if args.epochs else ""
    typed = command("reproduce_meprop", name, args, vars(parser().parse_args([name])), flags)
    if name == TIMED:
        wanted, timed = timed_of(args), KeptRuns(args.out / TIMED, BASE)
        if args.fresh:
            timed.forget(wanted)
        report = {"command": typed, **timing.report(wanted, timed, on_stderr)}
    else:
        report = accuracy_report(name, TABLES[name], wanted_of(name, args), args, kept, typed)
    write(args.to / f"{name}.json", report)
    draw(report, args.to / f"{name}.png")
    print(f"{report['title']}\n\n{markdown.table(report)}")
    for line in markdown.disagreements(report):
        print(f"disagrees with the paper: {line}")


def parser() -> argparse.ArgumentParser:
    smoke = "digits, 2 seeds, 1 epoch, a tenth of the units; temporary folders"
    made = options(__doc__, [*TABLES, TIMED], smoke)
    add = made.add_argument
    add("--epochs", type=int, help="of every arm (default 20; of figure4 and table5 8)")
    add("--full", action="store_true", help="the paper's 20 epochs, however long it takes")
    add("--data", default=BASE.data)
    made.set_defaults(jobs=None)  # JOBS; TIMED knows no jobs
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    if said := senseless(args):
        on_stderr(f"error: {said}")
        return 2
    args.jobs = JOBS if args.jobs is None else args.jobs
    return run_accuracy_tables(args, wanted_of, make)


if __name__ == "__main__":
    sys.exit(main())
