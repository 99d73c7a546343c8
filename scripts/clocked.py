"""A network of ours with a clock, as the benchmarks of whole steps compare it."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np

import minimalbp as mbp
from minimalbp.run import train_step


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
