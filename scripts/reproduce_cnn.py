"""Top-k of a convolution's gradient: accuracy on MNIST and CIFAR-10 beside dense, over seeds.

    python scripts/reproduce_cnn.py mnist mnist-bn cifar cifar-bn      two rules at 20, 10, 5, 2 and 1 %
    python scripts/reproduce_cnn.py controls controls-bn               what is chosen at 5 %, where it is cut
    python scripts/reproduce_cnn.py controls-cifar controls-cifar-bn   the same on CIFAR-10
    python scripts/reproduce_cnn.py full                               both networks at full size, one seed
    python scripts/reproduce_cnn.py overfitting overfitting-bn         1,000 and 5,000 pictures: train against test
    python scripts/reproduce_cnn.py mnist --smoke                      2 seeds, 1 epoch, to a temporary folder

CIFAR-10 is a folder of pictures, train/CLASS/... and test/CLASS/..., or an archive of one: --cifar PATH, by default
$MINIMALBP_DATA/cifar10-jpeg or an archive in that folder. It is read once, into a file in --out. For one seed all
arms see the same order of examples and start from the same weights. Every finished run is a file in --out, known by
its settings, so that a table goes on where it was stopped. Writes TABLE.json to --to and prints the table;
scripts/tables.py writes it into docs/results/cnn.md. A table takes 10 to 40 minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cnn.arms import CIFAR, OVERFITTING, TABLES, smaller
from cnn.markdown import cnn_table
from cnn.overfitting import overfitting_report
from cnn.pictures import named, stored
from common.reproduce import command, options, write
from meprop.report import Wanted, accuracy_report, run_accuracy_tables

from minimalbp.experiment import KeptRuns

ONCE = "full"


def seeds_of(name: str, args: argparse.Namespace) -> int:
    return 1 if name == ONCE else args.seeds


def wanted_of(name: str, args: argparse.Namespace) -> Wanted:
    """The settings of each (arm, seed) of a table."""
    wanted: Wanted = {}
    for arm in TABLES[name].arms:
        for seed in range(seeds_of(name, args)):
            settings = arm.settings(seed=seed)
            if args.smoke:
                settings = smaller(settings)
            elif CIFAR in settings.data:
                settings = named(settings, stored(args.cifar, args.out))
            wanted[arm.name, seed] = settings.changed(epochs=args.epochs or settings.epochs)
    return wanted


def make(name: str, args: argparse.Namespace, kept: KeptRuns) -> None:
    """One table: its JSON, and on stdout its Markdown."""
    flags = f"--epochs {args.epochs}" if args.epochs else ""
    typed = command("reproduce_cnn", name, args, vars(parser().parse_args([name])), flags)
    report_of = overfitting_report if name in OVERFITTING else accuracy_report
    of_table = argparse.Namespace(**vars(args) | {"seeds": seeds_of(name, args)})
    report = report_of(name, TABLES[name], wanted_of(name, args), of_table, kept, typed)
    write(args.to / f"{name}.json", report)
    print(f"{report['title']}\n\n{cnn_table(report)}")


def parser() -> argparse.ArgumentParser:
    smoke = "digits, 2 seeds, 1 epoch, few filters; temporary folders"
    made = options(__doc__, list(TABLES), smoke, "cnn")
    made.add_argument("--epochs", type=int, help="of every arm")
    made.add_argument("--cifar", type=Path, metavar="PATH", help=f"default $MINIMALBP_DATA/{CIFAR}")
    made.set_defaults(data=None)
    return made


def main(argv: list[str] | None = None) -> int:
    return run_accuracy_tables(parser().parse_args(argv), wanted_of, make, "cnn")


if __name__ == "__main__":
    sys.exit(main())
