"""Sparse gradients that learn as well as dense ones: centring, and unbiased draws of units, over seeds.

    python scripts/reproduce_centring.py digits                  all rules beside dense, k = 25 and 10 of 500
    python scripts/reproduce_centring.py mnist-10k fashion-3     the same on two larger sets, short runs
    python scripts/reproduce_centring.py mnist fashion-20        four rules, 20 epochs
    python scripts/reproduce_centring.py tagging tagging-dropout parsing parsing-dropout
    python scripts/reproduce_centring.py ablations               what mends what; batches, depths, optimisers, k
    python scripts/reproduce_centring.py gradients               the gradients themselves: bias, variance, direction
    python scripts/reproduce_centring.py digits --smoke          2 seeds, 1 epoch, to a temporary folder

For one seed all arms see the same order of examples, and those of equal shape start from the same weights. Every
finished run is a file in --out, known by its settings, so that a table goes on where it was stopped. Writes
TABLE.json to --to and prints the table; scripts/tables.py writes it into docs/results/centring.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from centring.arms import TABLES
from centring.gradients import gradient_report
from centring.markdown import centring_table, gradients_table
from common.reproduce import command, options, write
from meprop.arms import smaller
from meprop.report import Wanted, accuracy_report, run_accuracy_tables
from meprop.text import made_up
from meprop.text import smaller as smaller_text

from minimalbp.experiment import KeptRuns

GRADIENTS = "gradients"


def wanted_of(name: str, args: argparse.Namespace) -> Wanted:
    """The settings of each (arm, seed) of a table; none of GRADIENTS."""
    wanted: Wanted = {}
    for arm in TABLES[name].arms if name in TABLES else ():
        for seed in range(args.seeds):
            settings = arm.settings(seed=seed)
            if args.smoke and settings.task == "classify":
                settings = smaller(settings).changed(data="digits", batch=min(100, settings.batch * 10))
            elif args.smoke:
                settings = smaller_text(settings, args.made_up)
            wanted[arm.name, seed] = settings.changed(epochs=args.epochs or settings.epochs)
    return wanted


def make(name: str, args: argparse.Namespace, kept: KeptRuns) -> None:
    """One table: its JSON, and on stdout its Markdown."""
    flags = f"--epochs {args.epochs}" if args.epochs else ""
    typed = command(
        "reproduce_centring", name, args, vars(parser().parse_args([name])) | {"data": None}, flags
    )
    if name == GRADIENTS:
        report = {"command": typed, **gradient_report(args.seeds, smoke=args.smoke)}
        print_table = gradients_table
    else:
        report = accuracy_report(name, TABLES[name], wanted_of(name, args), args, kept, typed)
        print_table = centring_table
    write(args.to / f"{name}.json", report)
    print(f"{report['title']}\n\n{print_table(report)}")


def parser() -> argparse.ArgumentParser:
    smoke = "digits or a made-up treebank, 2 seeds, 1 epoch, few units; temporary folders"
    made = options(__doc__, [*TABLES, GRADIENTS], smoke, "centring")
    made.add_argument("--epochs", type=int, help="of every arm")
    made.set_defaults(data=None)
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        args.made_up = made_up(Path(folder) / "made-up.conllu") if args.smoke else None
        return run_accuracy_tables(args, wanted_of, make, "centring")


if __name__ == "__main__":
    sys.exit(main())
