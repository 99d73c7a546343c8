"""Runs that also score the pictures they learnt from: the gap between train and test after the last step."""

from __future__ import annotations

import argparse
import time
from typing import Any

from common.command import on_stderr
from meprop.report import Run, Wanted, accuracy_report, made_by

import minimalbp as mbp
from minimalbp.experiment import KeptRuns, build, run_many
from minimalbp.report import paired, spread

from .arms import Table

MORE = ("last_train_accuracy", "overfit")


def overfitting_report(
    name: str, table: Table, wanted: Wanted, args: argparse.Namespace, kept: KeptRuns, command: str
) -> dict[str, Any]:
    """The report of a table, with the train accuracy of each arm and its gap to the test accuracy."""
    unscored = {kept.name(one): one for one in wanted.values() if not scored(kept.get(one))}
    todo = list(unscored.values())
    on_stderr(f"{name}: {len(todo)} runs to do")
    for done, (_, run) in enumerate(run_many(trained, [(one, made_by()) for one in todo], args.jobs), 1):
        kept.put(run)
        on_stderr(
            f"{name}: {done}/{len(todo)} {kept.name(mbp.Settings(**run['settings']))}, {run['seconds']} s"
        )
    report = accuracy_report(name, table, wanted, args, kept, command)
    runs: dict[str, list[Run]] = {}
    for run in report["runs"]:
        runs.setdefault(run["name"], []).append(run)
    for arm in report["arms"]:
        for key in MORE:
            arm[key] = spread([run[key] for run in runs[arm["name"]] if run.get(key) is not None])
            if arm["against"]:
                arm["gap"][key] = paired(runs[arm["name"]], runs[arm["against"]], key)
    return report


def scored(run: Run | None) -> bool:
    """Whether it is finished, and not a run of another table, which did not score what it learnt from."""
    return run is not None and ("overfit" in run or "diverged" in run)


def trained(settings: mbp.Settings, extra: dict[str, Any]) -> Run:
    """Train one network, and score it on all three parts."""
    data = mbp.load_data(settings)
    net, optimizer = build(settings, data, settings.selector())
    began = time.perf_counter()
    try:
        history = mbp.fit(
            net, data, optimizer, epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed,
            evals_per_epoch=settings.evals, threads=settings.threads, augment=settings.augmentation(),
            schedule=mbp.Schedule(settings.schedule, settings.warmup),
        )  # fmt: skip
        train, test = (
            mbp.evaluate(net, part, threads=settings.threads).accuracy for part in (data.train, data.test)
        )
        best = history.best
        found = {
            "dev_accuracy": best.dev_accuracy, "test_accuracy": best.test_accuracy, "test_loss": best.test_loss,
            "best_epoch": best.epoch, "last_test_accuracy": test, "last_train_accuracy": train,
            "overfit": train - test, "first_loss": history.first_loss, "density": history.density,
            "largest_loss": max(record.train_loss for record in history.records),
        }  # fmt: skip
    except mbp.Diverged as e:
        found = {"diverged": str(e)}
    seconds = round(time.perf_counter() - began, 1)
    return {
        **extra, "settings": settings.as_json(), **found, "seconds": seconds, "machine": mbp.machine(),
    }  # fmt: skip
