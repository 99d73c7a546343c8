"""Table 2 of the meProp paper: seconds of an epoch, forward and backward, and of the optimiser that it leaves out.

Each seed is an epoch of MNIST from fresh weights. Its arms take turns in short blocks on the same mini-batches, so
that a slow moment of the machine hits all. The paper timed one thread of scalar double-precision C#; here dense
arms call BLAS (float32).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
from common.command import commit

import minimalbp as mbp
from minimalbp import Settings
from minimalbp.cost import TorchStep, peer_threads
from minimalbp.experiment import KeptRuns, build, merged_machine
from minimalbp.measure import PHASES, Timed, take_turns, version
from minimalbp.report import spread
from minimalbp.train import train_step

BLOCK = 100  # steps of an arm before the next has its turn; of a short epoch a tenth
SKIP = 5  # steps at the start of a block that do not count: caches fill
LINEAR = ("select", "dw", "dx")  # what the paper's Table 1 calls backprop time
ADAGRAD = {"optimizer": "adagrad", "lr": 0.1}
# name: the settings changed, the arm whose time is divided by its own, and what the paper prints: seconds of an
# epoch by part, and how many times faster (_x)
ARMS: dict[str, tuple[dict[str, Any], str, dict[str, float]]] = {
    "Adam, dense": ({}, "", {"linear": 169.5, "forward": 69, "backward": 171, "both": 240}),
    "Adam, top-k k=20, rows=all": (
        {"select": "topk", "k": 20}, "Adam, dense",
        {"linear": 7.9, "linear_x": 21.4, "forward": 68, "backward": 9, "backward_x": 18.4,
         "both": 77, "both_x": 3.1}),
    "Adam, top-k k=20, rows=chosen": ({"select": "topk", "k": 20, "rows": "chosen"}, "Adam, dense", {}),
    "AdaGrad, dense": (ADAGRAD, "", {"linear": 171.0}),
    "AdaGrad, top-k k=10": (
        ADAGRAD | {"select": "topk", "k": 10}, "AdaGrad, dense", {"linear": 4.1, "linear_x": 41.7}),
}  # fmt: skip
PEERS = {"PyTorch, dense, fused Adam": True, "PyTorch, dense, default Adam": None}
PARTS = ("linear", "forward", "backward", "both", "update", "total")  # both: forward and backward


class Ours:
    """A network with its meter; `step` returns the seconds of PARTS."""

    pool = ""

    def __init__(self, settings: Settings, data: mbp.Dataset):
        self.settings = settings
        self.net, self.optimizer = build(settings, data, settings.selector())
        self.loss = mbp.SoftmaxCrossEntropy().bind(self.net.be, self.net.dtype)
        self.meter = mbp.Meter()
        self.meter.attach(self.net, self.loss, self.optimizer)

    def threads(self, n: int) -> AbstractContextManager[Any]:
        return self.net.be.threads(n)

    def step(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        meter = self.meter
        meter.clear()
        meter.start()
        train_step(self.net, self.loss, self.optimizer, x, labels, meter.mark)
        s = meter.seconds
        linear = sum(s[p] for p in LINEAR)
        both = sum(s[p] for p in PHASES) - s["update"]
        return linear, s["forward"], both - s["forward"], both, s["update"], both + s["update"]


class Torch:
    """The dense network in PyTorch, from the same weights. Its linear part by itself is not known."""

    pool = "PyTorch"

    def __init__(self, like: Ours, sizes: list[int], fused: bool | None):
        weights = [p.value for p in like.net.parameters()]
        self.peer = TorchStep(sizes, weights, fused=fused, lr=like.settings.lr or 0)

    def threads(self, n: int) -> AbstractContextManager[Any]:
        return peer_threads(n)

    def step(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        forward, backward, update = self.peer.step(x, labels)[1]
        return float("nan"), forward, backward, forward + backward, update, forward + backward + update


def measure(settings: Settings) -> dict[str, Any]:
    """One seed: {"arms": {name: {part: seconds of an epoch}}, "steps", "cpu_share", ...}, to be kept as a run.

    settings: of the dense Adam arm; its seed and `threads` are those of every arm. SKIP steps of each block do not
    count, and the others stand for them. cpu_share: processor time of the blocks divided by the clock's, below
    about 0.95 (of one thread) where other programs wanted the cores as well.
    """
    made_by, data, threads = commit(), mbp.load_dataset(settings.data), settings.threads or 1
    arms = _arms(settings, data)
    x, y = arms["Adam, dense"].net.prepare(data.train.x), np.asarray(data.train.y, np.int32)
    steps = len(x) // settings.batch  # whole mini-batches: a smaller one would compile its own time
    if not steps:
        raise mbp.BadInput(f"{settings.data} has less than a mini-batch of {settings.batch} to train on")
    block = max(1, min(BLOCK, steps // 10))
    order = np.random.default_rng(settings.seed).permutation(len(x))
    order = order[: steps * settings.batch].reshape(steps, settings.batch)
    times: dict[str, list[tuple[float, ...]]] = {name: [] for name in arms}
    warm(arms, x[: settings.batch], y[: settings.batch], threads)
    spent = np.zeros(2)  # seconds of the clock and of the processor

    def turn(name: str, i: int) -> None:
        batches = [(x[which], y[which]) for which in order[i * block : (i + 1) * block]]
        spent[:] -= time.perf_counter(), time.process_time()
        times[name] += [arms[name].step(*batch) for batch in batches][min(SKIP, len(batches) - 1) :]
        spent[:] += time.perf_counter(), time.process_time()

    take_turns(
        {name: Timed(arm.step, partial(arm.threads, threads), arm.pool) for name, arm in arms.items()},
        math.ceil(steps / block), turn,
    )  # fmt: skip
    return {
        "settings": settings.as_json(), "steps": steps, "cpu_share": float(spent[1] / spent[0]),
        "commit": made_by, "machine": mbp.machine(), "torch": version("torch"),
        "arms": {name: _of_epoch(of_steps, steps) for name, of_steps in times.items()},
    }  # fmt: skip


def _arms(settings: Settings, data: mbp.Dataset) -> dict[str, Any]:
    """Every network, fresh; those of PyTorch where it is installed."""
    arms: dict[str, Any] = {
        name: Ours(settings.changed(**changes), data) for name, (changes, *_) in ARMS.items()
    }
    first, sizes = next(iter(arms.values())), [data.n_inputs, *settings.hidden, data.n_classes]
    return arms | {name: Torch(first, sizes, PEERS[name]) for name in names() if name in PEERS}


def _of_epoch(times: list[tuple[float, ...]], steps: int) -> dict[str, float]:
    """Seconds of `steps` steps, by the parts that are known."""
    seconds = np.mean(times, axis=0) * steps
    return {part: float(s) for part, s in zip(PARTS, seconds) if not np.isnan(s)}


def warm(arms: dict[str, Any], x: np.ndarray, labels: np.ndarray, threads: int) -> None:
    """One step of each, so that compiling is not timed."""
    for arm in arms.values():
        with arm.threads(threads):
            arm.step(x, labels)


def names() -> list[str]:
    """The arms that can be measured here."""
    return [*ARMS, *(PEERS if version("torch") else ())]


def report(wanted: list[Settings], kept: KeptRuns, tell: Callable[[str], None]) -> dict[str, Any]:
    """What table2.json holds besides its command; seeds that are not kept yet are measured first.

    A kept seed without an arm that can be measured now, such as PyTorch's, is measured again.
    """

    def done(settings: Settings) -> bool:
        run = kept.get(settings)
        return run is not None and set(names()) <= set(run.get("arms", ()))

    missing = [settings for settings in wanted if not done(settings)]
    tell(f"table2: {len(wanted) - len(missing)} seeds are done, {len(missing)} to do")
    for i, settings in enumerate(missing, 1):
        run = measure(settings)
        kept.put(run)
        tell(f"{i}/{len(missing)} seed {settings.seed}: this process had {run['cpu_share']:.0%} of a core")
        if run["cpu_share"] < 0.95:
            tell("other programs wanted the cores: measure again on a quiet machine, with --fresh")
    runs = [run for settings in wanted if (run := kept.get(settings))]
    first = runs[0]
    if any(run[key] != first[key] for run in runs for key in ("commit", "machine", "torch")):
        tell("these seeds are of several commits or machines; --fresh measures all of them here and now")
    arms = [{"name": name, "against": against, "paper": paper} for name, (_, against, paper) in ARMS.items()]
    arms += [{"name": name, "against": "Adam, dense", "paper": {}} for name in PEERS]
    arms = [arm for arm in arms if all(arm["name"] in run["arms"] for run in runs)]
    for arm in arms:
        mine = [run["arms"][arm["name"]] for run in runs]
        arm["seconds"] = {part: spread([seconds[part] for seconds in mine]) for part in mine[0]}
    return {
        "table": "table2", "title": "Table 2: seconds of an epoch", "data": first["settings"]["data"],
        "seeds": len(runs), "threads": first["settings"]["threads"], "steps": first["steps"],
        "cpu_share": min(run["cpu_share"] for run in runs), "machine": merged_machine(runs),
        "torch": first["torch"], "commits": sorted({str(run["commit"]) for run in runs}), "arms": arms,
        "by_seed": runs,
    }  # fmt: skip
