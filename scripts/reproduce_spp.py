"""SPP (arXiv 1709.06994) and what it is compared with, from the same trained weights, over seeds.

    python scripts/reproduce_spp.py lenet convnet     nine methods, R = 0.75, 0.9 and 0.95
    python scripts/reproduce_spp.py ablations         SPP with one thing changed
    python scripts/reproduce_spp.py lenet --smoke     digits, 2 seeds, few epochs; temporary folders

Each run is scored when the last group has left, after equal retraining, and after equal epochs in all. The
pictures of CIFAR-10 are those of reproduce_cnn.py. Every finished run is a file in --out, so that a table goes on
where it was stopped. Writes TABLE.json to --to and prints the table; scripts/tables.py writes it into
docs/results/spp.md. A table takes about an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from cnn.arms import CIFAR
from cnn.pictures import named, stored
from common.command import on_stderr
from common.reproduce import command, options, run_tables, write
from spp.arms import AS_IT_IS, NONE, SPP, TABLES, Table, smaller
from spp.markdown import spp_table
from spp.runs import Run, pruned, trained

import minimalbp as mbp
from minimalbp.experiment import merged_machine, run_many
from minimalbp.report import paired, spread

OF_PRUNED = ("pruned", "speedup", "updates")


def run_all(name: str, table: Table, args: argparse.Namespace) -> dict[str, list[Run]]:
    """All seeds of all arms, the networks before them first."""
    settings = table.settings
    if CIFAR in settings.data:
        settings = named(settings, stored(args.cifar, args.out.parent / "cnn"))
    seeded = [settings.changed(seed=seed, threads=1) for seed in range(args.seeds)]
    folder: Path = args.out / name
    if args.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    weights = [folder / f"before-seed{one.seed}-{digest(one)}.safetensors" for one in seeded]
    for _ in run_many(trained, list(zip(seeded, weights)), args.jobs):
        pass
    todo = [
        (arm.name, one, arm.plan, table.total, table.retrain, path,
         folder / f"{arm.name.replace(' ', '-')}-seed{one.seed}.json")
        for arm in table.arms for one, path in zip(seeded, weights)
    ]  # fmt: skip
    found: dict[str, list[Run]] = {arm.name: [] for arm in table.arms}
    for done, (_, run) in enumerate(run_many(pruned, todo, args.jobs), 1):
        found[run["name"]].append(run)
        seed, scores = run["settings"]["seed"], (run.get("pruned", run["before"]), run["after"]["retrain"])
        said = f"{run['name']}, seed {seed}: {scores[0]:.4f}, {scores[1]:.4f}, {run['seconds']} s"
        on_stderr(f"{name}: {done}/{len(todo)} {said}")
    return {key: sorted(runs, key=lambda run: run["settings"]["seed"]) for key, runs in found.items()}


def digest(settings: mbp.Settings) -> str:
    """What tells the settings of a network from others, so that none is taken that was trained in another way."""
    return hashlib.sha256(json.dumps(settings.as_json(), sort_keys=True).encode()).hexdigest()[:8]


def summary(name: str, found: dict[str, list[Run]]) -> dict[str, Any]:
    """Mean, standard error and interval of one arm over the seeds; its paired differences."""
    runs = found[name]
    row: dict[str, Any] = {"name": name, "before": spread([run["before"] for run in runs])}
    row |= {
        key: spread([run["after"][key] for run in runs if key in run["after"]])
        for key in ("retrain", "total")
    }
    scored = [flat(run) for run in runs]
    row["minus before"] = paired(scored, [one | {"retrain": one["before"]} for one in scored], "retrain")
    if name == NONE:
        return row
    row |= {key: spread([run[key] for run in runs]) for key in OF_PRUNED}
    row["remainder"] = spread([sum(run["remainder"]) for run in runs])
    row["recovered"] = spread([sum(run["recovered"]) / len(run["recovered"]) for run in runs])
    spp = AS_IT_IS if AS_IT_IS in found else f"{SPP} {name.rpartition(' ')[2]}"
    if spp in found and spp != name:
        row["minus spp"] = paired(scored, [flat(run) for run in found[spp]], "retrain")
    return row


def flat(run: Run) -> Run:
    """What `paired` reads of a run."""
    return {"settings": run["settings"], "before": run["before"], **run["after"]}


def make(name: str, args: argparse.Namespace) -> None:
    """One table: its JSON, and on stdout its Markdown."""
    table = smaller(TABLES[name]) if args.smoke else TABLES[name]
    found = run_all(name, table, args)
    runs = [run for of_arm in found.values() for run in of_arm]
    report = {
        "command": command("reproduce_spp", name, args, vars(parser().parse_args([name])), ""),
        "table": name, "title": table.title, "settings": runs[0]["settings"], "total": table.total,
        "retrain": table.retrain, "seeds": args.seeds, "machine": merged_machine(runs),
        "commits": sorted({str(run["commit"]) for run in runs}),
        "arms": [summary(arm.name, found) for arm in table.arms], "runs": runs,
    }  # fmt: skip
    write(args.to / f"{name}.json", report)
    print(f"{report['title']}\n\n{spp_table(report)}")


def parser() -> argparse.ArgumentParser:
    made = options(__doc__, list(TABLES), "digits, 2 seeds, few epochs; temporary folders", "spp")
    made.add_argument("--cifar", type=Path, metavar="PATH", help=f"default $MINIMALBP_DATA/{CIFAR}")
    made.set_defaults(data=None)
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)

    def work(tables: list[str]) -> None:
        for name in tables:
            make(name, args)

    return run_tables(args, work, "spp")


if __name__ == "__main__":
    sys.exit(main())
