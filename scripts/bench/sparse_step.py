"""A training step of a network of sparse layers, beside the dense network in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

import minimalbp as mbp
from minimalbp.cost import TorchStep
from minimalbp.measure import in_blocks
from minimalbp.topology import Bipartite, radix_net, regular

from .clocked import Clocked, seconds_of, timed

CLASSES = 10
RADICES = [2] * 6  # one for each sparse layer, of 64 nodes; a dense layer of 10 outputs follows
COPIES = 16  # of these nodes: 1,024 units, and a fan-in of 32, as in the GraphChallenge
BATCHES = 16  # different mini-batches, in turn
GRAPHS = ("block", "indexed")


def graphs(kind: str) -> list[Bipartite]:
    """The sparse layers: a RadiX-Net, or random regular ones of the same fan-in."""
    radix = radix_net([RADICES], [COPIES] * (len(RADICES) + 1))
    if kind == "block":
        return list(radix)
    n, fan_in = radix.sizes[0], int(radix[0].fan_in[0])
    return [regular(n, n, fan_in, np.random.default_rng(i)) for i in range(len(radix))]


def network(kind: str) -> mbp.Sequential:
    """The sparse network."""
    layers: list[mbp.Layer] = []
    for graph in graphs(kind):
        layers += [mbp.SparseLinear(graph), mbp.ReLU()]
    return mbp.Sequential(*layers, mbp.Linear(units(), CLASSES))


def units() -> int:
    """Of each layer but the last."""
    return COPIES * int(np.prod(RADICES))


def batches(batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Inputs as ReLU leaves them, and labels."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(BATCHES):
        x = np.maximum(rng.standard_normal((batch, units()), np.float32), 0)
        made.append((x, rng.integers(0, CLASSES, batch).astype(np.int32)))
    return made


def dense_weights(net: mbp.Sequential) -> list[np.ndarray]:
    """Weight and bias of each layer in turn, as a dense network has them."""
    return [a for layer in net.children if not isinstance(layer, mbp.ReLU) for a in layer.weight_and_bias()]


class Torch(TorchStep):
    """PyTorch's dense network with fused Adam, which starts from our sparse one; `seconds` of its parts."""

    def __init__(self, net: mbp.Sequential):
        start = dense_weights(net)
        sizes = [start[0].shape[1], *(len(b) for b in start[1::2])]
        super().__init__(sizes, start, fused=True)


def verify(kind: str, batch: int) -> None:
    """Stop unless the first step is PyTorch's: loss, gradients and updated weights on the edges."""
    ours = Clocked(network(kind), "all")
    peer = Torch(ours.net)
    x, labels = batches(batch)[0]
    before = [a.copy() for a in peer.weights()]
    np.testing.assert_allclose(ours.step(x, labels), peer.step(x, labels)[0], rtol=1e-5)
    layers = [layer for layer in ours.net.children if not isinstance(layer, mbp.ReLU)]
    theirs = zip(peer.weights(), peer.gradients(), before)
    for layer in layers:
        for mine, which in ((layer.weight, edges(layer)), (layer.bias, ...)):
            value, gradient, start = (a[which] for a in next(theirs))
            g = mine.grad.values
            assert np.linalg.norm(g - gradient) <= 1e-4 * np.linalg.norm(gradient), f"gradient of {mine.name}"
            assert not np.array_equal(mine.value, start), f"{mine.name} did not move"
            # PyTorch's epsilon acts a little differently (see Adam), so compare where |g| is far above it.
            off = (np.abs(mine.value - value) > 1e-5) & (np.abs(g) > 1e-4)
            assert not off.any(), f"{mine.name}: {off.mean():.1%} of the numbers differ"


def edges(layer: Any) -> Any:
    """Where the weights of a layer stand in the dense matrix."""
    if not isinstance(layer, mbp.SparseLinear):
        return ...
    return layer.edges.graph.target, layer.edges.graph.source


def measure(batch: int, threads: int, rounds: int, block: int, skip: int) -> dict[str, Any]:
    """Medians and quartiles of seconds of a step and its parts: both sparse networks, and both dense ones."""
    nets = {kind: network(kind) for kind in GRAPHS}
    dense = mbp.mlp([units()] * (len(RADICES) + 1) + [CLASSES])
    arms = {
        name: timed(seconds_of(Clocked(net, "all")), threads) for name, net in {**nets, "dense": dense}.items()
    }  # fmt: skip
    peer = Torch(nets["indexed"])
    arms["PyTorch, fused Adam"] = timed(lambda x, labels: peer.step(x, labels)[1], threads, "PyTorch")
    found = {}
    for name, parts in in_blocks(arms, batches(batch), rounds, block, skip).items():
        low, middle, high = (float(q) for q in np.percentile(parts.sum(axis=1), [25, 50, 75]))
        of_parts = dict(zip(("forward", "backward", "update"), map(float, np.median(parts, axis=0))))
        found[name] = {"step": middle, "quartiles": [low, high], "steps": len(parts), **of_parts}
    return found
