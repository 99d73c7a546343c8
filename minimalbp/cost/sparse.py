"""Both passes of a sparse layer, measured beside dense code, scipy's CSR and PyTorch's sparse_csr."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..errors import BadInput, check_int
from ..layers import Layer, Linear, SparseLinear
from ..measure.machine import check_memory, version
from ..measure.timing import Timed, blocks, in_turns
from ..network import Sequential
from ..topology import Bipartite, Blocks, regular
from .peers import peer_threads, product, sparse_forward

BLOCKS = " (blocks)"  # other sparse code, on the edges of the layer of blocks
COPIES = 16  # of the circulant in a layer of blocks, at most


def check_sparse(shape: Sequence[int]) -> tuple[int, int, int]:
    """Check (batch, n, fan_in) of a square sparse layer. Raises BadInput where it cannot be, or is too large."""
    typed = ",".join(map(str, shape))
    if len(shape) != 3:
        raise BadInput(f"shape of a sparse layer must be BATCH,N,FAN_IN, such as 64,1024,32, not {typed}")
    batch, n, fan_in = (check_int("each number in shape", value, least=1) for value in shape)
    if fan_in > n:
        raise BadInput(f"a fan-in of {fan_in} is more than the {n} inputs of the layer; use at most {n}")
    per_weight, per_entry = 24, 48  # bytes: the dense layers that are compared, and all activations
    check_memory(per_weight * n * n + per_entry * batch * n, f"a shape of {typed}", "a smaller one")
    return batch, n, fan_in


def graphs(n: int, fan_in: int) -> dict[str, Bipartite]:
    """Layers of n -> n with this fan-in: Kronecker blocks as large as they can be, up to 16, and a random one."""
    copies = max(d for d in range(1, COPIES + 1) if n % d == 0 and fan_in % d == 0)
    nodes, radix = n // copies, fan_in // copies
    step = nodes // radix if nodes % radix == 0 else 1
    found = {"indexed": regular(n, n, fan_in, np.random.default_rng(0))}
    if copies > 1:
        blocks = Blocks(copies, copies, nodes, tuple(range(0, radix * step, step)))
        found = {"block": Bipartite.from_blocks(blocks), **found}
    return found


def measure_sparse(
    shape: tuple[int, int, int],
    *,
    threads: int,
    seconds: float = 0.3,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """One entry of "results" in cost.json: seconds of the forward and of the backward pass of one shape.

    Parameters
    ----------
    shape : (int, int, int)
        Batch, inputs and outputs, fan-in.
    threads : int
    seconds : float, default 0.3
        Of measuring, for each arm.
    tick : callable, optional
        Called as many times as `sparse_ticks` says, for a progress bar.
    """
    batch, n, fan_in = shape
    rng = np.random.default_rng(1)
    x, dy = rng.standard_normal((2, batch, n), np.float32)
    x = np.maximum(x, 0)  # as ReLU leaves it
    dense = Linear(n, n, bias=False)
    arms, others = {"dense": _ours(dense, x, dy, threads)}, dict[str, Timed]()
    for name, graph in graphs(n, fan_in).items():
        layer = SparseLinear(graph, bias=False)
        arms[name] = _ours(layer, x, dy, threads)
        _verify(layer, x, dy)
        others |= _others(layer, x, threads, BLOCKS if name == "block" else "")
    others |= _dense_peers(dense.weight.value, x, dy, threads)
    arms |= dict(sorted(others.items(), key=lambda item: item[1].pool))  # a change of library costs a rest
    times = in_turns(arms, seconds, tick)
    best = [
        min(float(np.median(times[name][:, part])) for name in ("dense", "NumPy", "PyTorch") if name in times)
        for part in (0, 1)
    ]
    found = {name: _entry(t, best) for name, t in times.items()}
    return {"layer": "sparse", "shape": list(shape), "density": fan_in / n, "best": best, "arms": found}


def _entry(times: np.ndarray, best: list[float]) -> dict[str, Any]:
    """Seconds of both passes, and how many times as long the best dense code takes; None for no backward pass.

    times: (calls, 2). Medians, and the quartiles of the forward pass and of both together.
    """
    forward, backward = (float(t) for t in np.median(times, axis=0))
    alone = math.isnan(backward)
    whole = times[:, 0] if alone else times.sum(axis=1)
    return {
        "forward": forward,
        "backward": None if alone else backward,
        "quartiles": {
            "forward": [float(q) for q in np.percentile(times[:, 0], [25, 75])],
            "both": None if alone else [float(q) for q in np.percentile(whole, [25, 75])],
        },
        "calls": len(times),
        "speedup": {
            "forward": best[0] / forward,
            "both": None if alone else sum(best) / (forward + backward),
        },
    }


def sparse_ticks(seconds: float) -> int:
    """The number of times that `measure_sparse` calls `tick`, where a layer has blocks."""
    return blocks(seconds) * (6 + 5 * bool(version("torch")))


def _ours(layer: Layer, x: np.ndarray, dy: np.ndarray, threads: int) -> Timed:
    net = Sequential(layer)
    held = [net.be.empty(a.shape, net.dtype) for a in (x, dy)]
    for place, a in zip(held, (x, dy)):
        place[...] = a

    def backward() -> None:
        layer.backward(held[1])

    return Timed(_pair(lambda: layer.forward(held[0]), backward), lambda: net.be.threads(threads))


def _verify(layer: SparseLinear, x: np.ndarray, dy: np.ndarray) -> None:
    """Raise RuntimeError unless both passes are those of the dense weights (NumPy's)."""
    w, graph = layer.unpacked(), layer.edges.graph
    y, dx = layer.forward(x), layer.backward(dy)
    grad = layer.weight.grad
    assert grad is not None
    dw = (dy.T @ x)[graph.target, graph.source]
    for name, found, right in (("y", y, x @ w.T), ("dx", dx, dy @ w), ("dW", grad.values, dw)):
        if not np.linalg.norm(found - right) <= 1e-5 * np.linalg.norm(right):
            raise RuntimeError(f"{name} of a sparse layer is wrong on this machine; please report it")


def _others(layer: SparseLinear, x: np.ndarray, threads: int, more: str) -> dict[str, Timed]:
    """The forward pass in other sparse code. scipy's has one thread. more: what follows the name of the code."""
    found = {}
    for peer, call in sparse_forward(layer.to_scipy(), x).items():
        library = peer.split(" ")[0] if "PyTorch" in peer else "NumPy"
        found[peer + more] = Timed(_pair(call, None), partial(peer_threads, threads, library), library)
    return found


def _dense_peers(w: np.ndarray, x: np.ndarray, dy: np.ndarray, threads: int) -> dict[str, Timed]:
    y, dx, dw = np.empty_like(dy), np.empty_like(x), np.empty_like(w)
    forward, of_dx, of_dw = product(y, x, w.T), product(dx, dy, w), product(dw, dy.T, x)

    def backward(peer: str) -> None:
        of_dx[peer]()
        of_dw[peer]()

    return {
        peer: Timed(_pair(call, partial(backward, peer)), partial(peer_threads, threads, peer), peer)
        for peer, call in forward.items()
    }


def _pair(
    forward: Callable[[], object], backward: Callable[[], object] | None
) -> Callable[[], tuple[float, float]]:
    """A call that gives the seconds of both; of no backward pass, NaN."""
    clock = time.perf_counter

    def call() -> tuple[float, float]:
        began = clock()
        forward()
        middle = clock()
        if backward is None:
            return middle - began, math.nan
        backward()
        return middle - began, clock() - middle

    return call
