"""Trainings until the dev set first reaches a target, each with its seconds: ours, and the dense one in PyTorch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common.command import commit

import minimalbp as mbp
from minimalbp import Settings
from minimalbp.cost import TorchStep
from minimalbp.experiment import build
from minimalbp.measure import Timed, take_turns, version
from minimalbp.report import curve, seconds_to
from minimalbp.seeds import Streams
from minimalbp.train import warm_up

from .clocked import timed

# The settings of each arm that are not the default; the third is the rule of the meProp paper.
ARMS: dict[str, dict[str, Any]] = {
    "dense": {"select": "dense"},
    "dense forward": {"select": "dense", "center": "forward"},
    "topk 5%": {"select": "topk", "k": "5%"},
    "topk 5% forward": {"select": "topk", "k": "5%", "center": "forward", "rows": "chosen"},
    "unified 5% forward": {"select": "unified", "k": "5%", "center": "forward", "rows": "chosen"},
    "threshold-batch 5% forward": {
        "select": "threshold-batch",
        "k": "5%",
        "center": "forward",
        "rows": "chosen",
    },
}
PEER = "PyTorch, dense, fused Adam"
WARM = 20  # steps of PyTorch before its clock runs
DEV_BATCH = 1000  # examples in a forward pass of PyTorch on the dev set


class Until(mbp.Companion):
    """Ends a training at a dev score."""

    def __init__(self, target: float):
        self.target = target

    def after_part(self, record: mbp.Record) -> bool:
        return record.main >= self.target


def ours(settings: Settings, data: mbp.Dataset, target: float) -> mbp.History:
    """The history of an arm of ours. Compiling comes before the clock."""
    net, optimizer = build(settings, data, settings.selector())
    warm_up(net, optimizer, data, settings.batch, threads=settings.threads)
    return mbp.fit(
        net, data, optimizer, epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed,
        evals_per_epoch=settings.evals, companions=[Until(target)], threads=settings.threads,
    )  # fmt: skip


def torchs(settings: Settings, data: mbp.Dataset, target: float) -> mbp.History:
    """The same dense training in PyTorch: initial weights, order of examples, evaluations, what the clock sees."""
    x, y = inputs(data.train.x), np.asarray(data.train.y, np.int32)
    sizes = [data.n_inputs, *settings.hidden, data.n_classes]
    start = [p.value for p in build(settings, data, mbp.Dense())[0].parameters()]
    batch, steps = settings.batch, math.ceil(len(x) / settings.batch)
    warm = TorchStep(sizes, start, fused=True)  # thrown away
    for size in [*[batch] * WARM, len(x) % batch or batch]:
        warm.step(x[:size], y[:size])
    peer = TorchStep(sizes, start, fused=True, lr=settings.lr or 0)
    parts = min(settings.evals, steps)
    ends = {steps * (i + 1) // parts for i in range(parts)}
    history, shuffle = mbp.History(), Streams(settings.seed).generator("shuffle")
    seconds, losses, began = 0.0, [], time.perf_counter()
    for epoch in range(settings.epochs):
        order = shuffle.permutation(len(x))
        for i in range(steps):
            which = order[i * batch : (i + 1) * batch]
            losses.append(peer.step(x[which], y[which])[0])
            if i + 1 not in ends:
                continue
            seconds += time.perf_counter() - began
            if history.first_loss is None:
                history.first_loss = losses[0]
            found = {"accuracy": accuracy(peer, data.dev)}
            step = epoch * steps + i + 1
            record = mbp.Record(epoch + 1, step, float(np.mean(losses)), found, math.nan, seconds=seconds)
            history.records.append(record)
            if record.main >= target:
                return history
            losses, began = [], time.perf_counter()
    return history


def inputs(x: np.ndarray) -> np.ndarray:
    """Inputs as PyTorch takes them."""
    return np.ascontiguousarray(x.reshape(len(x), -1), np.float32)


def accuracy(peer: TorchStep, part: mbp.Split) -> float:
    """The share of a part that PyTorch's network gets right."""
    right = 0
    with peer.torch.no_grad():
        for i in range(0, len(part.y), DEV_BATCH):
            x = peer.torch.from_numpy(inputs(part.x[i : i + DEV_BATCH]))
            answers = peer.net(x).argmax(dim=1).numpy()
            right += int(np.sum(answers == part.y[i : i + DEV_BATCH]))
    return right / len(part.y)


def names() -> list[str]:
    """The arms that can be trained here."""
    return [*ARMS, *([PEER] if version("torch") else [])]


def measure(settings: Settings, data: mbp.Dataset, target: float) -> dict[str, Any]:
    """One seed and size of batch: {"arms": {name: its result}, ...}, to be kept as a run.

    settings: of the dense arm. The arms take turns, and sleep before another library's. Both dense trainings must
    begin with the same loss.
    """
    made_by, found = commit(), {}

    def training(name: str) -> Callable[[], tuple[float, ...]]:
        def call() -> tuple[float, ...]:
            try:
                if name == PEER:
                    history = torchs(settings, data, target)
                else:
                    history = ours(settings.changed(**ARMS[name]), data, target)
            except mbp.Diverged as e:
                found[name] = {"seconds": None, "diverged": str(e)}
            else:
                found[name] = result_of(history, target)
            return ()

        return call

    threads = settings.threads or 1
    turns: dict[str, Timed] = {
        name: timed(training(name), threads, "PyTorch" if name == PEER else "") for name in names()
    }
    take_turns(turns, 1, lambda name, i: turns[name].call())
    if PEER in found:
        np.testing.assert_allclose(found[PEER]["first_loss"], found["dense"]["first_loss"], rtol=1e-4)
    return {
        "settings": settings.as_json(), "target": target, "commit": made_by, "machine": mbp.machine(),
        "torch": version("torch"), "arms": found,
    }  # fmt: skip


def result_of(history: mbp.History, target: float) -> dict[str, Any]:
    """What is kept of a training: seconds to the target (None: never), where it ended, its curve."""
    last = history.records[-1]
    return {
        "seconds": seconds_to(history, target), "epochs": last.epoch, "steps": last.step,
        "trained": last.seconds, "first_loss": history.first_loss,
        "curve": {name: [round(value, 5) for value in column] for name, column in curve(history).items()},
    }  # fmt: skip
