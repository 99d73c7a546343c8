"""Table 2 of the meProp paper: seconds of an epoch, forward and backward, and of the optimiser that it leaves out.

Every arm trains on MNIST; the arms take turns in short blocks on the same mini-batches, so that a slow moment of
the machine hits all. The paper timed one thread of scalar double-precision C#; here dense arms call BLAS (float32).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import numpy as np
from meprop_arms import BASE
from meprop_stats import spread

import minimalbp as mbp
from minimalbp.assembly import build
from minimalbp.cost.peers import TorchStep, peer_threads
from minimalbp.measure.counters import PHASES
from minimalbp.measure.machine import version
from minimalbp.run import train_step
from minimalbp.settings import Settings

SKIP = 5  # steps at the start of a block that do not count: caches fill
LINEAR = ("select", "dw", "dx")  # what the paper's Table 1 calls backprop time
ADAGRAD = {"optimizer": "adagrad", "lr": 0.1}
# name: the settings changed, the arm whose time is divided by its own, and the paper's seconds of an epoch
ARMS: dict[str, tuple[dict[str, Any], str, dict[str, float]]] = {
    "Adam, dense": ({}, "", {"linear": 169.5, "forward": 69, "backward": 171, "both": 240}),
    "Adam, top-k k=20, rows=all": (
        {"select": "topk", "k": 20}, "Adam, dense", {"linear": 7.9, "forward": 68, "backward": 9, "both": 77}),
    "Adam, top-k k=20, rows=chosen": ({"select": "topk", "k": 20, "rows": "chosen"}, "Adam, dense", {}),
    "AdaGrad, dense": (ADAGRAD, "", {"linear": 171.0}),
    "AdaGrad, top-k k=10": (ADAGRAD | {"select": "topk", "k": 10}, "AdaGrad, dense", {"linear": 4.1}),
}  # fmt: skip
PEERS = {"PyTorch, dense, fused Adam": True, "PyTorch, dense, default Adam": None}
PARTS = ("linear", "forward", "backward", "both", "update", "total")  # both: forward and backward


class Ours:
    """A network with its meter; `step` answers the seconds of PARTS."""

    def __init__(self, settings: Settings, data: mbp.Dataset):
        self.settings = settings
        self.net, self.optimizer = build(settings, data, settings.selector())
        self.loss = mbp.SoftmaxCrossEntropy().bind(self.net.be, self.net.dtype)
        self.meter = mbp.Meter()
        watched = self.meter.watch(self.net.be)
        for owner in [*self.net.layers(), self.loss, self.optimizer]:
            owner.be = watched

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

    def __init__(self, like: Ours, sizes: list[int], fused: bool | None):
        weights = [p.value for p in like.net.parameters()]
        self.peer = TorchStep(sizes, weights, fused=fused, lr=like.settings.lr or 0)

    def threads(self, n: int) -> AbstractContextManager[Any]:
        return peer_threads(n)

    def step(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        marks: list[float] = []
        self.peer.step(x, labels, lambda phase: marks.append(time.perf_counter()))
        forward, backward, update = (b - a for a, b in pairwise(marks))
        return float("nan"), forward, backward, forward + backward, update, forward + backward + update


def measure(
    settings: Settings, *, epochs: int, block: int, tell: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """{"arms", "steps", "cpu_share"}: each arm's seconds of an epoch, PARTS by PARTS, `spread` over the epochs.

    settings: of the dense Adam arm; `threads` are those of every arm. block: steps of an arm before the next has
    its turn; SKIP of them do not count, and the others stand for them. cpu_share: processor time divided by the
    clock's, below about 0.95 on one thread where other programs wanted the cores as well.
    """
    data, threads = mbp.load_dataset(settings.data), settings.threads or 1
    arms: dict[str, Any] = {
        name: Ours(settings.changed(**changes), data) for name, (changes, *_) in ARMS.items()
    }
    first = next(iter(arms.values()))
    sizes = [data.n_inputs, *settings.hidden, data.n_classes]
    if version("torch"):
        arms |= {name: Torch(first, sizes, fused) for name, fused in PEERS.items()}
    x, y = first.net.prepare(data.train.x), np.asarray(data.train.y, np.int32)
    steps = len(x) // settings.batch  # whole mini-batches: a smaller one would compile its own time
    block = min(block, steps)
    shuffle = np.random.default_rng(settings.seed)
    seconds: dict[str, list[np.ndarray]] = {name: [] for name in arms}
    warm(arms, x[: settings.batch], y[: settings.batch], threads)
    clock, cpu = time.perf_counter(), time.process_time()
    for epoch in range(epochs):
        order = shuffle.permutation(len(x))[: steps * settings.batch].reshape(steps, settings.batch)
        of_epoch: dict[str, list[tuple[float, ...]]] = {name: [] for name in arms}
        for lo in range(0, steps - block + 1, block):
            turn = [(x[which], y[which]) for which in order[lo : lo + block]]
            for name, arm in arms.items():
                with arm.threads(threads):
                    of_epoch[name] += [arm.step(*batch) for batch in turn][min(SKIP, block - 1) :]
        for name, times in of_epoch.items():
            seconds[name].append(np.mean(times, axis=0) * steps)
        tell(f"epoch {epoch + 1} of {epochs}, all arms")
    share = (time.process_time() - cpu) / (time.perf_counter() - clock)
    found = {
        name: {
            part: spread([float(s[i]) for s in of]) for i, part in enumerate(PARTS) if not np.isnan(of[0][i])
        }
        for name, of in seconds.items()
    }
    return {"arms": found, "steps": steps, "cpu_share": share}


def warm(arms: dict[str, Any], x: np.ndarray, labels: np.ndarray, threads: int) -> None:
    """One step of each: compiling is no part of anybody's time."""
    for arm in arms.values():
        with arm.threads(threads):
            arm.step(x, labels)


def report(
    settings: Settings, *, epochs: int, block: int = 100, tell: Callable[[str], None]
) -> dict[str, Any]:
    """What table2.json holds besides its command."""
    found = measure(settings, epochs=epochs, block=block, tell=tell)
    if found["cpu_share"] < 0.95 and (settings.threads or 1) == 1:
        tell(f"other programs wanted the cores: this one had {found['cpu_share']:.0%} of one; measure again")
    arms = [
        {"name": name, "against": against, "paper": paper, "seconds": found["arms"][name]}
        for name, (_, against, paper) in ARMS.items()
    ]
    arms += [
        {"name": name, "against": "Adam, dense", "paper": {}, "seconds": found["arms"][name]}
        for name in PEERS if name in found["arms"]
    ]  # fmt: skip
    return {
        "table": "table2", "title": "Table 2: seconds of an epoch", "data": settings.data, "epochs": epochs,
        "paper_epochs": BASE.epochs, "threads": settings.threads, "steps": found["steps"],
        "cpu_share": found["cpu_share"], "machine": mbp.machine(), "torch": version("torch"), "arms": arms,
    }  # fmt: skip
