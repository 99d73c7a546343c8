"""The forward passes of two networks, timed in turns: a smaller one's speed-up beside its fewer multiply-adds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..layers import Units
from ..layers.convolution import Convolution
from ..measure.timing import Timed, clocked, in_turns
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
    """Time the forward passes of two networks in turns, on one test example and on the first 1,000.

    Each network counts with the faster of its two ways: layer by layer, or frozen into one call.

    Parameters
    ----------
    large, small : Sequential
        Two networks for the same data.
    data : Dataset
        Or that of a task. The examples of a tagger are sentences.
    threads : int, optional
        Cores to use, by default all.
    seconds : float, default 0.5
        Of timing, for each way of each network, and each batch.

    Returns
    -------
    list of dict
        For each batch {"batch": examples, "seconds": {"large", "small"} medians, "by": {"large", "small"} the
        faster way, "ops": {"large", "small"} multiply-adds, "speedup", "reduction" of multiply-adds, "share":
        speedup / reduction}. Empty if the test part has no examples.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> from minimalbp.cost import compare_forward
    >>> large, small = (mbp.mlp([64, width, 10], backend="reference") for width in (500, 50))
    >>> for found in compare_forward(large, small, mbp.load_dataset("digits"), seconds=0.01):
    ...     print(found["batch"], found["reduction"])
    1 10.0
    359 10.0
    """
    seconds = SECONDS if seconds is None else seconds
    inputs = [first(data.test, batch) for batch in BATCHES]
    if not len(inputs[0][0]):  # there may be sentences, but no transitions
        return []
    return [_compare({"large": large, "small": small}, x, lengths, threads, seconds) for x, lengths in inputs]


def _compare(
    nets: dict[str, Sequential], x: Any, lengths: Any, threads: int | None, seconds: float
) -> dict[str, Any]:
    """The entry of one batch."""
    arms = {}
    for name, net in nets.items():
        arms[name, "layers"] = _arm(net, partial(net.forward, train=False), x, lengths, threads)
        frozen = Frozen(net)
        if frozen.quick(len(x)):
            arms[name, "frozen"] = _arm(net, frozen.forward, x, lengths, threads)
    times = {key: float(np.median(t)) for key, t in in_turns(arms, seconds).items()}
    by = {
        name: min((way for of, way in times if of == name), key=lambda way: times[name, way]) for name in nets
    }
    took = {name: times[name, way] for name, way in by.items()}
    ops = {name: _operations(net, len(x)) for name, net in nets.items()}
    speedup, reduction = took["large"] / took["small"], ops["large"] / ops["small"]
    return {
        "batch": len(x) if lengths is None else len(lengths), "seconds": took, "by": by, "ops": ops,
        "speedup": speedup, "reduction": reduction, "share": speedup / reduction,
    }  # fmt: skip


def _arm(net: Sequential, forward: Callable, x: Any, lengths: Any, threads: int | None) -> Timed:
    prepared = net.prepare(x)
    return Timed(clocked(partial(forward, prepared, lengths=lengths)), lambda: net.be.threads(threads))


def _operations(net: Sequential, rows: int) -> int:
    """Multiply-adds of the products alone, after a forward pass.

    Each weight counts once for each row (a picture, a word or a transition), of a convolution for each position. A
    layer of edges has them in a vector, as biases are.
    """
    total = 0
    for layer in net.layers():
        if isinstance(layer, Units):
            times = layer.positions if isinstance(layer, Convolution) else 1
            total += times * sum(p.value.size for p in layer.parameters() if "bias" not in p.name)
    return rows * total
