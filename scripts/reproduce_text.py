"""The text tasks of the meProp paper, on UD English EWT, with seeds, standard errors and paired differences.

    python scripts/reproduce_text.py tagging          LSTMs: dense, top-k, and k wide; the most frequent tag
    python scripts/reproduce_text.py parsing          Chen and Manning's parser: dense, top-k, k wide; dropout
    python scripts/reproduce_text.py parsing --smoke  a made-up treebank, 2 seeds, 1 epoch, to a temporary folder

The Penn Treebank of the paper needs a licence: these are other words, tags and trees, and no figure here is one of
the paper's. Finished runs are files in --out, as for reproduce_meprop.py: it takes hours, but goes on where it was
stopped.
Writes TABLE.json and TABLE.png to --to and prints the table; scripts/tables.py writes it into
docs/results/meprop.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from common.reproduce import command, options, write
from meprop import markdown
from meprop.figure import draw
from meprop.report import KEYS, Wanted, accuracy_report, run_accuracy_tables
from meprop.text import TAGGING, TEXT_TABLES, made_up, smaller

from minimalbp import load_data
from minimalbp.experiment import KeptRuns
from minimalbp.report import spread


def wanted_of(name: str, args: argparse.Namespace) -> Wanted:
    """The settings of each (arm, seed) of a table, as the command line asks for it."""
    wanted: Wanted = {}
    for seed in range(args.seeds):
        for arm in TEXT_TABLES[name].arms:
            settings = arm.settings(seed=seed)
            if args.smoke:
                settings = smaller(settings, args.data)
            wanted[arm.name, seed] = settings.changed(data=args.data, epochs=args.epochs or settings.epochs)
    return wanted


def make(name: str, args: argparse.Namespace, kept: KeptRuns) -> None:
    """One table: its JSON, and on stdout its Markdown."""
    flags = f"--epochs {args.epochs}" if args.epochs else ""
    defaults = vars(parser().parse_args([name]))
    typed = command(
        "reproduce_text", name, args, defaults | ({"data": args.data} if args.smoke else {}), flags
    )
    wanted = wanted_of(name, args)
    report = accuracy_report(name, TEXT_TABLES[name], wanted, args, kept, typed)
    report["corpus"] = corpus = load_data(next(iter(wanted.values()))).describe()
    if "baseline" in corpus:
        report["arms"].append(baseline_arm(corpus["baseline"]))
    write(args.to / f"{name}.json", report)
    draw(report, args.to / f"{name}.png")
    print(f"{report['title']}\n\n{markdown.table(report)}")


def baseline_arm(baseline: dict) -> dict:
    """What no seed changes, as a line of the table."""
    values = {key: spread([baseline[key]] if key in baseline else []) for key in KEYS}
    return {
        "name": baseline["name"],
        "changes": {},
        "rows": "",
        "against": "",
        "paper": {},
        "diverged": 0,
    } | values


def parser() -> argparse.ArgumentParser:
    made = options(
        __doc__, list(TEXT_TABLES), "a made-up treebank, 2 seeds, 1 epoch, few units; temporary folders"
    )
    made.add_argument("--epochs", type=int, help="of every arm")
    made.add_argument("--data", default=TAGGING.data, help="a treebank by name, or a path of CoNLL-U")
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        if args.smoke and args.data == TAGGING.data:
            args.data = made_up(Path(folder) / "made-up.conllu")
        return run_accuracy_tables(args, wanted_of, make)


if __name__ == "__main__":
    sys.exit(main())
