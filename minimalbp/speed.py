"""How fast two networks answer, in turns: the gain of a smaller one beside what its multiply-adds promise."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from .cost.turns import Arm, in_turns
from .feed import Data
from .layers import Units
from .network import Sequential

BATCHES = (1, 1000)
SECONDS = 0.5  # of timing, for each network and batch


def decoding(
    large: Sequential,
    small: Sequential,
    data: Data,
    *,
    threads: int | None = None,
    seconds: float | None = None,
) -> list[dict[str, Any]]:
    """Of each batch of BATCHES test examples (sentences, of a tagger): medians of the seconds of forward passes.

    Each {"batch", "seconds": {"large", "small"}, "ops": the same, multiply-adds, "speedup", "reduction" of ops,
    "share" = speedup / reduction}.
    """
    seconds, found = SECONDS if seconds is None else seconds, []
    for batch in BATCHES:
        x, lengths = data.test.first(batch)
        arms = {name: _arm(net, x, lengths, threads) for name, net in (("large", large), ("small", small))}
        times = in_turns(arms, seconds, lambda: None)
        took = {name: float(np.median(t)) for name, t in times.items()}
        ops = {name: _operations(net, len(x)) for name, net in (("large", large), ("small", small))}
        gain, less = took["large"] / took["small"], ops["large"] / ops["small"]
        examples = len(x) if lengths is None else len(lengths)
        found.append({"batch": examples, "seconds": took, "ops": ops, "speedup": gain, "reduction": less,
                      "share": gain / less})  # fmt: skip
    return found


def _arm(net: Sequential, x: Any, lengths: Any, threads: int | None) -> Arm:
    prepared = net.prepare(x)

    def call() -> tuple[float, ...]:
        began = time.perf_counter()
        net.forward(prepared, train=False, lengths=lengths)
        return (time.perf_counter() - began,)

    return Arm(call, lambda: net.be.threads(threads))


def _operations(net: Sequential, rows: int) -> int:
    """Multiply-adds of the products alone: each weight once for each row, a picture, a word or a transition."""
    layers = (layer for layer in net.layers() if isinstance(layer, Units))
    return rows * sum(p.value.size for layer in layers for p in layer.parameters() if p.value.ndim == 2)
