"""The whole training step against k: how much of it a cheaper backward pass saves.

It can never save more than Amdahl's line, the step whose backward pass takes no time at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..losses import SoftmaxCrossEntropy
from ..measure.counters import PHASES
from ..measure.machine import version
from ..measure.meter import Meter
from ..measure.timing import Timed, blocks, in_turns
from ..network import Sequential
from ..network.mlp import mlp
from ..optim import Adam
from ..select import Dense, Selector
from ..train.step import train_step
from .fit import crossover, line
from .layer import OURS, SELECTORS
from .peers import TorchStep, peer_threads

BATCHES = 16  # mini-batches, in turn
BACKWARD = ("select", "dw", "dx", "other")


def measure_step(
    sizes: Sequence[int],
    batch: int,
    select: str,
    ks: list[int],
    *,
    rows: str,
    threads: int,
    seconds: float = 0.3,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """One entry of "results" of `--phase step`: ReLU between linear layers, softmax cross-entropy, Adam.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden layers, outputs.
    batch : int
    select : str
        "topk", "unified" or "random".
    ks : list of int
        Units of the widest hidden layer; narrower layers use at most all of theirs.
    rows : str
        "all" or "chosen", the rows that Adam updates in sparse arms; dense arms update all.
    threads : int
    seconds : float, default 0.3
        Of measuring, for each arm.
    tick : callable, optional
        Called as many times as `step_ticks` says, for a progress bar.
    """
    rng = np.random.default_rng(0)
    made = [
        (np.maximum(rng.random((batch, sizes[0]), dtype=np.float32) - 0.8, 0) * 5,  # as dense as MNIST's pixels
         rng.integers(0, sizes[-1], batch).astype(np.int32))
        for _ in range(BATCHES)
    ]  # fmt: skip
    chosen: dict[Any, Selector] = {OURS: Dense(), **{k: SELECTORS[select](k) for k in ks}}
    ours = {name: _Ours(sizes, s, "all" if name == OURS else rows, made) for name, s in chosen.items()}
    be = ours[OURS].net.be
    arms = {name: Timed(one.call, lambda: be.threads(threads)) for name, one in ours.items()}
    if version("torch"):
        start = [p.value for p in ours[OURS].net.parameters()]
        for name, fused in (("PyTorch, fused Adam", True), ("PyTorch, default Adam", None)):
            arms[name] = Timed(
                _torch_call(TorchStep(sizes, start, fused=fused), made),
                lambda: peer_threads(threads, "PyTorch"),
                "PyTorch",
            )
    times = in_turns(arms, seconds, tick)
    dense = {name: float(np.median(times[name].sum(axis=1))) for name in arms if isinstance(name, str)}
    by = min(dense, key=dense.__getitem__)
    points = [_point(k, max(sizes[1:-1]), times[k], ours[k].meter, dense) for k in ks]
    whole = [p["seconds"]["total"] for p in points]
    phases = _phases(times[OURS])
    free = phases["total"] - sum(phases[p] for p in BACKWARD)
    return {
        "sizes": list(sizes), "batch": batch, "select": select, "rows": rows,
        "dense": {"seconds": dense[by], "by": by, "all": dense, "phases": phases},
        "amdahl": {"seconds": free, "speedup": dense[OURS] / free},
        "points": points, "fit": line(ks, whole), "crossover_k": crossover(ks, whole, dense[by]),
    }  # fmt: skip


def step_ticks(ks: list[int], seconds: float) -> int:
    """The number of times that `measure_step` calls `tick`."""
    return (len(ks) + 1 + (2 if version("torch") else 0)) * blocks(seconds)


class _Ours:
    """A network with its own meter."""

    def __init__(self, sizes: Sequence[int], select: Selector, rows: str, made: list[Any]):
        self.net: Sequential = mlp(list(sizes), select=select)
        self.loss = SoftmaxCrossEntropy().bind(self.net.be, self.net.dtype)
        self.optimizer = Adam(self.net.parameters(), rows=rows)
        self.made, self.meter, self.done = made, Meter(), 0
        self.meter.attach(self.net, self.loss, self.optimizer)

    def call(self) -> tuple[float, ...]:
        """Seconds of each phase of one step."""
        meter, (x, labels) = self.meter, self.made[self.done % BATCHES]
        self.done += 1
        meter.clear()
        meter.start()
        train_step(self.net, self.loss, self.optimizer, x, labels, meter.mark)
        return tuple(meter.seconds[p] for p in PHASES)


def _torch_call(step: TorchStep, made: list[Any]) -> Callable[[], tuple[float, ...]]:
    done = [0]

    def call() -> tuple[float, ...]:
        x, labels = made[done[0] % BATCHES]
        done[0] += 1
        return step.step(x, labels)[1]

    return call


def _phases(times: np.ndarray) -> dict[str, float]:
    phases = {p: float(t) for p, t in zip(PHASES, np.median(times, axis=0))}
    return phases | {"total": float(np.median(times.sum(axis=1)))}


def _point(k: int, n_out: int, times: np.ndarray, meter: Meter, dense: dict[str, float]) -> dict[str, Any]:
    seconds = _phases(times)
    low, high = (float(q) for q in np.percentile(times.sum(axis=1), [25, 75]))
    return {
        "k": k, "ratio": k / n_out, "seconds": seconds, "quartiles": [low, high], "calls": len(times),
        "ops": sum(meter.ops.values()), "bytes": sum(meter.bytes.values()),
        "speedup": {name: t / seconds["total"] for name, t in dense.items()},
    }  # fmt: skip
