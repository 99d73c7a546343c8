"""One network trained, and pruned by one method: what both fairness rules say of it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from common.command import commit

import minimalbp as mbp
from minimalbp.experiment import build
from minimalbp.files import read_json, write_json
from minimalbp.prune import PrunePlan, Pruner, speedup

Run = dict[str, Any]


def trained(settings: mbp.Settings, weights: Path) -> None:
    """Train the network that all methods start from, unless its weights are there."""
    if weights.exists():
        return
    data = mbp.load_data(settings)
    net, optimizer = build(settings, data, settings.selector())
    mbp.fit(net, data, optimizer, epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed,
            evals_per_epoch=1, threads=settings.threads)  # fmt: skip
    mbp.save(net, weights)


class Stops(mbp.Companion):
    """Scores a network on the test part after so many epochs in all, and so many after the last removal.

    Both are ends of epochs. The training ends with the later one. A network that is not pruned by then has no score
    after so many epochs in all.
    """

    def __init__(self, net: mbp.Sequential, data: Any, pruner: Pruner | None, total: int, retrain: int):
        self.net, self.data, self.pruner, self.total, self.retrain = net, data, pruner, total, retrain
        self.scores: dict[str, float] = {}
        self.epochs: dict[str, int] = {}

    def begin(self, net: mbp.Sequential, optimizer: mbp.Optimizer, parts: int) -> None:
        self.steps = 0

    def observe(self) -> None:
        self.steps += 1

    def after_part(self, record: mbp.Record) -> bool:
        settled = 0 if self.pruner is None else self.pruner.settled
        if settled is None:
            return False
        last = math.ceil(settled * record.epoch / self.steps)  # the epoch of the last removal
        ends = {"retrain": last + self.retrain, **({"total": self.total} if last <= self.total else {})}
        for name, end in ends.items():
            if record.epoch == end:
                self.scores[name] = mbp.evaluate(self.net, self.data.test, threads=1).accuracy
                self.epochs[name] = record.epoch
        return record.epoch >= max(ends.values())


def pruned(
    name: str,
    settings: mbp.Settings,
    plan: PrunePlan | None,
    total: int,
    retrain: int,
    weights: Path,
    kept: Path,
) -> Run:
    """Prune the trained network and train it on; kept in a file, and found there again."""
    wanted = {"name": name, "settings": settings.as_json(), "plan": None if plan is None else plan.as_json(),
              "total": total, "retrain": retrain}  # fmt: skip
    if kept.exists():
        found: Run = read_json(kept)
        if {key: found.get(key) for key in wanted} == wanted:
            return found
    data = mbp.load_data(settings)
    net, optimizer = build(settings, data, settings.selector())
    mbp.load(net, weights)
    before = mbp.evaluate(net, data.test, threads=1).accuracy

    def score() -> dict[str, float]:
        return {"accuracy": mbp.evaluate(net, data.test, threads=1).accuracy}

    pruner = None if plan is None else Pruner(plan, settings.seed, on_settled=score)
    stops = Stops(net, data, pruner, total, retrain)
    began = time.perf_counter()
    most = total + retrain
    if plan is not None:  # even if every update is needed
        most += math.ceil(plan.updates * plan.interval * settings.batch / len(data.train))
    history = mbp.fit(
        net, data, optimizer, epochs=most, batch_size=settings.batch, rng=settings.seed, evals_per_epoch=1,
        threads=settings.threads, companions=[stops] if pruner is None else [pruner, stops],
    )  # fmt: skip
    run = wanted | {
        "before": before, "after": stops.scores, "epochs": stops.epochs,
        "dev": [record.dev_accuracy for record in history.records], "machine": mbp.machine(), "commit": commit(),
        "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    if pruner is not None:
        run |= {
            "pruned": pruner.scores["accuracy"], "settled": pruner.settled, "updates": pruner.updates,
            "remainder": pruner.remainder, "speedup": speedup(net),
            "recovered": [layer.recovered() for layer in pruner.layers],
            "groups": [[layer.pruned, layer.n] for layer in pruner.layers],
        }  # fmt: skip
    write_json(kept, run)
    return run
