"""How fast two networks answer, in turns: the gain of a smaller one beside what its multiply-adds promise."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..layers import Units
from ..measure.timing import Timed, in_turns
from ..network import Sequential
from ..network.frozen import Frozen
from ..train.batches import Data, first

BATCHES = (1, 1000)
SECONDS = 0.5  # of timing, for each way of each network, and each batch


def compare_forward(
    large: Sequential,
    small: Sequential,
    data: Data,
    *,
    threads: int | None = None,
    seconds: float | None = None,
) -> list[dict[str, Any]]:
    """Of each batch of BATCHES test examples (sentences, of a tagger): medians of the seconds of forward passes.

    Each {"batch", "seconds": {"large", "small"}, "by": how, "ops": multiply-adds, "speedup", "reduction" of ops,
    "share" = speedup / reduction}; none where there are no examples. Each network answers by the faster of its two
    ways: layer by layer, or frozen.
    """
    seconds, found = SECONDS if seconds is None else seconds, []
    for batch in BATCHES:
        x, lengths = first(data.test, batch)
        if not len(x):  # sentences, but no transitions
            return []
        arms = {}
        for name, net in (("large", large), ("small", small)):
            arms[name, "layers"] = _arm(net, partial(net.forward, train=False), x, lengths, threads)
            frozen = Frozen(net)
            if frozen.quick(len(x)):
                arms[name, "frozen"] = _arm(net, frozen.forward, x, lengths, threads)
        times = {key: float(np.median(t)) for key, t in in_turns(arms, seconds).items()}
        by = {name: min((way for of, way in times if of == name), key=lambda way: times[name, way])
              for name in ("large", "small")}  # fmt: skip
        took = {name: times[name, way] for name, way in by.items()}
        ops = {name: _operations(net, len(x)) for name, net in (("large", large), ("small", small))}
        gain, less = took["large"] / took["small"], ops["large"] / ops["small"]
        examples = len(x) if lengths is None else len(lengths)
        found.append({"batch": examples, "seconds": took, "by": by, "ops": ops, "speedup": gain, "reduction": less,
                      "share": gain / less})  # fmt: skip
    return found


def _arm(net: Sequential, forward: Callable, x: Any, lengths: Any, threads: int | None) -> Timed:
    prepared = net.prepare(x)

    def call() -> tuple[float, ...]:
        began = time.perf_counter()
        forward(prepared, lengths=lengths)
        return (time.perf_counter() - began,)

    return Timed(call, lambda: net.be.threads(threads))


def _operations(net: Sequential, rows: int) -> int:
    """Multiply-adds of the products alone: each weight once for each row, a picture, a word or a transition."""
    layers = (layer for layer in net.layers() if isinstance(layer, Units))
    return rows * sum(p.value.size for layer in layers for p in layer.parameters() if p.value.ndim == 2)
