"""A network of ours with a clock, and its turns with others, as the benchmarks of whole steps compare them."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import minimalbp as mbp
from minimalbp.cost import peer_threads
from minimalbp.measure import Timed
from minimalbp.train import train_step


class Clocked:
    """`seconds` of forward, backward, update for each step with Adam."""

    def __init__(self, net: mbp.Sequential, rows: str):
        self.net = net
        self.loss = mbp.SoftmaxCrossEntropy().bind(net.be, "float32")
        self.optimizer = mbp.Adam(net.parameters(), lr=1e-3, rows=rows)
        self.seconds: list[tuple[float, ...]] = []

    def step(self, x: np.ndarray, labels: np.ndarray) -> float:
        marks = [time.perf_counter()]
        value = train_step(
            self.net, self.loss, self.optimizer, x, labels, lambda phase: marks.append(time.perf_counter())
        )
        self.seconds.append(tuple(b - a for a, b in pairwise(marks)))
        return value

    def weights(self) -> list[np.ndarray]:
        return [p.value for p in self.net.parameters()]

    def gradients(self) -> list[np.ndarray]:
        """Whole gradients, zero where no row was chosen."""
        whole = []
        for p in self.net.parameters():
            g = np.zeros_like(p.value)
            g[slice(None) if p.grad.rows is None else p.grad.rows] = p.grad.values
            whole.append(g)
        return whole


def seconds_of(network: Any) -> Callable[..., tuple[float, ...]]:
    """One step of a network with a clock, as a call that returns the seconds of its parts."""
    return lambda x, labels: (network.step(x, labels), network.seconds.pop())[1]


def timed(call: Callable[..., tuple[float, ...]], threads: int, peer: str = "") -> Timed:
    """What takes turns with others on as many threads: code of ours, or of the peer named."""
    if peer:
        return Timed(call, lambda: peer_threads(threads, peer), peer)
    return Timed(call, lambda: mbp.get_backend("cpu").threads(threads))
