"""meSimp (arXiv 1711.06528): networks that shrink themselves, with seeds and the controls that the paper lacks.

    python scripts/reproduce_mesimp.py mnist            the released configuration, corrected, moments restarted
    python scripts/reproduce_mesimp.py mnist-plain      without the restart; window and floor at their defaults
    python scripts/reproduce_mesimp.py mnist-faithful   as the released code does it
    python scripts/reproduce_mesimp.py tagging parsing  on UD English EWT, as reproduce_text.py
    python scripts/reproduce_mesimp.py mnist --smoke    digits, 2 seeds, 4 epochs, to a temporary folder

Each seed is one `minimalbp simplify` with its folder in --out, so that a table goes on where it was stopped. The
speed of the forward pass is measured at the end, one network after another with all cores: on a machine that does
nothing else. --speed-only measures it again. Writes TABLE.json and TABLE.png (of seed 0) to --to and prints the
table; scripts/tables.py writes it into docs/results/mesimp.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from common.command import commit, on_stderr
from common.reproduce import accuracies, command, options, run_tables, write
from meprop.text import made_up
from mesimp.arms import TABLES, Case, of_smoke, paper_of
from mesimp.markdown import mesimp_table

import minimalbp as mbp
from minimalbp.cost import compare_forward
from minimalbp.experiment import CONTROLS, SMALL, build, merged_machine, run_many, simplify
from minimalbp.files import read_json, replacing, write_json
from minimalbp.report import paired, spread
from minimalbp.simplify import Plan

KEYS = ("average_width", "dev_accuracy", "test_accuracy", "best_epoch", "dev_las", "test_las")
OF_RUN = ("name", "widths", "dev_loss", "test_loss", *KEYS)


def train(case: Case, folder: Path) -> dict[str, Any]:
    """One seed, or what is missing of it; what is reported of it."""
    done = folder / "done.json"
    if done.exists():
        kept: dict[str, Any] = read_json(done)
        if kept["config"] == case.settings.as_json() and Plan.from_json(kept["plan"]) == case.plan:
            return kept
        raise mbp.BadInput(f"{folder} holds a run with other settings; give another --out, or --fresh")
    resume = (folder / "run.json").exists()
    made_by, data = _begun(folder), mbp.load_data(case.settings)
    report = simplify(case.settings, case.plan, data, out=folder, resume=resume)
    evaluations = [
        json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    kept = {
        "settings": {"seed": case.settings.seed}, "config": case.settings.as_json(), "plan": report["plan"],
        "runs": [{key: run[key] for key in OF_RUN if key in run} for run in map(accuracies, report["runs"])],
        "hidden": next(run["hidden"] for run in report["runs"] if run["name"] == SMALL),
        "notes": next(run["notes"] for run in report["runs"] if run["name"] == SMALL),
        "widths_by_look": [line["widths"] for line in evaluations if line["run"] == SMALL],
        "commits": made_by, "machine": report["machine"],
    }  # fmt: skip
    write_json(done, kept)
    return kept


def _begun(folder: Path) -> list[str]:
    """The commits that this seed was begun and gone on with, this one last."""
    path = folder.with_name(f"{folder.name}.commits.json")
    made_by = [
        *dict.fromkeys([*(read_json(path) if path.exists() and folder.exists() else []), str(commit())])
    ]
    write_json(path, made_by)
    return made_by


def train_all(name: str, cases: list[Case], args: argparse.Namespace) -> list[dict[str, Any]]:
    """All seeds of a table, args.jobs at a time."""
    folders = [args.out / f"{name}-seed{case.settings.seed}" for case in cases]
    if args.fresh:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    found = {}
    for i, kept in run_many(train, list(zip(cases, folders)), args.jobs):
        found[i] = kept
        small = next(run for run in kept["runs"] if run["name"] == SMALL)
        said = f"seed {i}: width {small['average_width']:.1f}, test {small['test_accuracy']:.4f}"
        on_stderr(f"{name}: {len(found)}/{len(cases)} {said}")
    return [found[i] for i in range(len(cases))]


def summary(name: str, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean, standard error and interval of one network over the seeds; its paired differences from two others."""
    by_name = defaultdict(list)  # a control that diverged is missing
    for seed in seeds:
        for run in seed["runs"]:
            by_name[run["name"]].append(run | {"settings": seed["settings"]})
    mine = by_name[name]
    row: dict[str, Any] = {"name": name}
    row |= {key: spread([run[key] for run in mine]) for key in KEYS if key in mine[0]}
    for other in ("dense", SMALL):
        if name != other:
            row[f"minus {other}"] = paired(mine, by_name[other])
    return row


def measure(cases: list[Case], seeds: list[dict[str, Any]], smoke: bool) -> list[dict[str, Any]]:
    """Of each seed, the speed of the forward pass of both networks, with all cores."""
    data = mbp.load_data(cases[0].settings)
    large = build(cases[0].settings, data, mbp.Dense())[0]
    found = []
    for case, seed in zip(cases, seeds):
        small = build(case.settings.changed(hidden=tuple(seed["hidden"])), data, mbp.Dense())[0]
        found.append(compare_forward(large, small, data, seconds=0.05 if smoke else 2.0))
    return found


def speed(cases: list[Case], seeds: list[dict[str, Any]], smoke: bool) -> dict[str, Any]:
    """`measure`, and on which machine and commit."""
    made_by = commit()
    return {"decoding": measure(cases, seeds, smoke), "decoded_on": mbp.machine() | {"commit": made_by}}


def make(name: str, args: argparse.Namespace) -> None:
    """One table: its JSON, its picture, and on stdout its Markdown."""
    cases = [TABLES[name].seeded(seed) for seed in range(args.seeds)]
    if args.data:
        cases = [replace(case, settings=case.settings.changed(data=args.data)) for case in cases]
    if args.smoke:
        cases = [of_smoke(case, args.data or args.made_up) for case in cases]
    if args.speed_only:
        report = read_json(args.to / f"{name}.json")
        write(args.to / f"{name}.json", report | speed(cases, report["seeds"], args.smoke))
        return
    seeds = train_all(name, cases, args)
    first, trained = cases[0], {run["name"] for seed in seeds for run in seed["runs"]}
    names = [name for name in ("dense", SMALL, *CONTROLS) if name in trained]
    defaults = vars(parser().parse_args([name]))
    report = {
        "command": command("reproduce_mesimp", name, args, defaults, ""),
        "table": name, "title": TABLES[name].title, "config": first.settings.as_json(), "plan": asdict(first.plan),
        "machine": merged_machine(seeds), "commits": sorted({made for seed in seeds for made in seed["commits"]}),
        "paper": paper_of(name), "arms": [summary(name, seeds) for name in names],
        **speed(cases, seeds, args.smoke), "seeds": seeds,
    }  # fmt: skip
    write(args.to / f"{name}.json", report)
    with replacing(args.to / f"{name}.png") as temporary:
        shutil.copyfile(args.out / f"{name}-seed0" / "simplify.png", temporary)
    print(f"{report['title']}\n\n{mesimp_table(report)}")


def parser() -> argparse.ArgumentParser:
    smoke = "digits or a made-up treebank, 2 seeds, few epochs and units; temporary folders"
    made = options(__doc__, list(TABLES), smoke, "mesimp")
    made.add_argument("--data", help="instead of the table's own")
    made.add_argument(
        "--speed-only", action="store_true", help="train nothing; time the forward passes of TABLE.json again"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        args.made_up = made_up(Path(folder) / "made-up.conllu") if args.smoke else None

        def work(tables: list[str]) -> None:
            for name in tables:
                make(name, args)

        return run_tables(args, work, "mesimp")


if __name__ == "__main__":
    sys.exit(main())
