"""The cost law of minimal-effort back propagation, k / n, measured on one layer.

Seconds of selection, dW, dx and update against k, beside the fastest dense code at hand (ours, NumPy's or
PyTorch's). All take turns in short blocks within one run, so that a slow moment of the machine hits all of
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import BadInput
from ..layers import Linear
from ..measure.machine import version
from ..measure.meter import Meter
from ..measure.timing import Timed, blocks, in_turns
from ..network import Sequential
from ..optim import Adam
from ..select import Dense, RandomK, Selector, Signs, Systematic, Threshold, TopK, UnifiedTopK, masked
from .ceilings import roof
from .conv import OurConv
from .fit import crossover, line
from .peers import Products, dense_backward, peer_threads
from .problem import Pictures, Problem
from .subject import FLOAT, Subject

SELECTORS: dict[str, Callable[[int], Selector]] = {
    s.name: s for s in (TopK, UnifiedTopK, RandomK, Systematic, Threshold, Signs)
}
OURS = "minimalbp"


class Ours(Subject):
    """Our linear layer on a problem."""

    selectors = SELECTORS

    def __init__(self, problem: Problem, backend: str = "cpu"):
        _, n_in, n_out = problem.shape
        self.problem, self.shape = problem, problem.shape
        self.layer = Linear(n_in, n_out, bias=False, select=RandomK(1))  # random, so that it gets a generator
        self.net = Sequential(self.layer, backend=backend)
        self.layer.weight.value[...] = problem.w
        self.layer.forward(problem.x)
        self.dy = problem.dy
        self.optimizer = Adam(
            self.net.parameters(), lr=1e-12, rows="chosen"
        )  # so small that weights do not change

    def verify(self, select: Selector) -> None:
        """Raise RuntimeError unless dW and dx are those of the dense backward of the masked dy (NumPy's)."""
        layer, dy = self.layer, self.dy
        layer.select = select
        dx, grad = layer.backward(dy), layer.weight.grad
        assert dx is not None and grad is not None
        rows = slice(None) if grad.rows is None else grad.rows
        kept = masked(layer.last_choice, layer.last_picked, dy.shape)
        for name, found, right in (("dW", grad.values, (kept.T @ layer.last_x)[rows]),
                                   ("dx", dx, kept @ layer.weight.value)):  # fmt: skip
            if not np.linalg.norm(found - right) <= 1e-5 * np.linalg.norm(right):
                raise RuntimeError(f"{select}: {name} is wrong on this machine; please report it")

    def peers(self) -> dict[str, Products]:
        p = self.problem
        return dense_backward(np.empty_like(p.w), np.empty_like(p.x), p.dy, p.x, p.w)

    @staticmethod
    def peers_there() -> int:
        return 2 if version("torch") else 1

    def whole(self, rows: int) -> int:
        batch, n_in, n_out = self.shape
        return FLOAT * (2 * rows * n_in + 2 * batch * n_in + batch * n_out)


def measure_layer(
    problem: Problem | Pictures,
    select: str,
    ks: list[int],
    *,
    threads: int,
    limits: dict[str, float],
    seconds: float = 0.3,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """One entry of "results" in cost.json: the points, the fit and the crossover of one shape and selector.

    Parameters
    ----------
    problem : Problem or Pictures
        Of a linear layer, or of a convolution.
    select : str
        A key of the selectors of that layer.
    ks : list of int
        Ascending, each of at least 1 and at most what there is to choose from.
    threads : int
    limits : dict of str to float
        What `ceilings` found.
    seconds : float, default 0.3
        Of measuring, for each arm.
    tick : callable, optional
        Called as many times as `ticks` says, for a progress bar.

    Raises
    ------
    BadInput
        For a k out of range.
    """
    ours: Subject = OurConv(problem) if isinstance(problem, Pictures) else Ours(problem)
    n = ours.units(select)
    if any(not 1 <= k <= n for k in ks):
        raise BadInput(f"k must be in 1..{n} for the shape {','.join(map(str, ours.shape))}, not {ks}")
    selectors: dict[Any, Selector] = {OURS: Dense(), **{k: ours.selectors[select](k) for k in ks}}
    be = ours.net.be
    meters = {name: Meter() for name in selectors}
    arms = {
        name: Timed(_call(ours, s, meters[name]), lambda: be.threads(threads))
        for name, s in selectors.items()
    }
    rows = {}
    with be.threads(threads):
        for name, s in selectors.items():
            ours.verify(s)
            grad = ours.layer.weight.grad
            rows[name] = len(problem.w) if grad is None or grad.rows is None else len(grad.rows)
    for peer, (of_dw, of_dx) in ours.peers().items():
        library = peer.split(",")[0]
        arms[peer] = Timed(_pair(of_dw, of_dx), partial(peer_threads, threads, library), library)
    times = in_turns(arms, seconds, tick)
    updates = in_turns(
        {name: Timed(_update(ours, s), lambda: be.threads(threads)) for name, s in selectors.items()},
        seconds / 4, tick,
    )  # fmt: skip
    dense = {name: float(np.median(times[name].sum(axis=1))) for name in arms if isinstance(name, str)}
    by = min(dense, key=dense.__getitem__)
    points = []
    for k in ks:
        point = _point(k, n, times[k], updates[k], meters[k], dense[by])
        over = roof(limits, ours.whole(rows[k]), point["ops"], point["bytes"])
        share = float(over["seconds"]) / point["seconds"]["backward"]
        points.append(point | {"rows": rows[k], "roof": over | {"share": share}})
    backward = [p["seconds"]["backward"] for p in points]
    linear = [i for i, p in enumerate(points) if p["ratio"] <= 0.5]
    return {
        "shape": list(ours.shape),
        "select": select,
        "units": n,
        "dense": {"seconds": dense[by], "by": by, "all": dense},
        "points": points,
        "fit": line([ks[i] for i in linear], [backward[i] for i in linear]),
        "crossover_k": crossover(ks, backward, dense[by]),
    }


def ticks(ks: list[int], seconds: float, kind: type[Subject] = Ours) -> int:
    """The number of times that `measure_layer` calls `tick`, for a layer of this kind."""
    peers = kind.peers_there()
    return (len(ks) + 1 + peers) * blocks(seconds) + (len(ks) + 1) * blocks(seconds / 4)


def _call(ours: Subject, select: Selector, meter: Meter) -> Callable[[], tuple[float, ...]]:
    """A call that gives the seconds of (select, dW, dx); the meter keeps the counts of the last one."""

    def call() -> tuple[float, ...]:
        ours.layer.select = select
        meter.clear()
        meter.start()
        meter.mark("forward")
        ours.backward()
        meter.mark("backward")
        meter.count()  # now: the next arm writes its lists into the same memory
        return tuple(meter.seconds[part] for part in ("select", "dw", "dx"))

    watched = meter.watch(ours.net.be)

    def measured() -> tuple[float, ...]:
        before, ours.layer.be = ours.layer.be, watched
        try:
            return call()
        finally:
            ours.layer.be = before

    return measured


def _pair(of_dw: Callable[[], object], of_dx: Callable[[], object]) -> Callable[[], tuple[float, ...]]:
    clock = time.perf_counter

    def call() -> tuple[float, ...]:
        began = clock()
        of_dw()
        middle = clock()
        of_dx()
        return middle - began, clock() - middle

    return call


def _update(ours: Subject, select: Selector) -> Callable[[], tuple[float, ...]]:
    """A call that gives the seconds of Adam on the rows that a backward pass touched."""

    def call() -> tuple[float, ...]:
        ours.layer.select = select
        ours.backward()
        began = time.perf_counter()
        ours.optimizer.step()
        return (time.perf_counter() - began,)

    return call


def _point(
    k: int, n_out: int, times: np.ndarray, updates: np.ndarray, meter: Meter, dense: float
) -> dict[str, Any]:
    parts = ("select", "dw", "dx")
    whole = times.sum(axis=1)
    low, middle, high = (float(q) for q in np.percentile(whole, [25, 50, 75]))
    seconds = {part: float(t) for part, t in zip(parts, np.median(times, axis=0))}
    seconds |= {"update": float(np.median(updates)), "backward": middle}
    ops, moved = (sum(counts[part] for part in parts) for counts in (meter.ops, meter.bytes))
    speedup = dense / middle
    return {
        "k": k, "ratio": k / n_out, "seconds": seconds, "quartiles": [low, high], "calls": len(times),
        "ops": ops, "bytes": moved, "gflops": 2 * ops / middle / 1e9, "gbps": moved / middle / 1e9,
        "speedup": speedup, "share_of_ideal": speedup * k / n_out,
    }  # fmt: skip
