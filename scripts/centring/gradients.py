"""What a rule's gradient has to do with the dense one: direction, bias, variance, the part along the mean input."""

from __future__ import annotations

from typing import Any

import numpy as np
from common.command import commit

import minimalbp as mbp
from minimalbp.report import spread

BATCH, K = 10, 25
RULES = {
    "topk": mbp.TopK(K), "unified": mbp.UnifiedTopK(K), "signs": mbp.Signs(K),
    "random-scaled": mbp.RandomK(K, scaled=True),
    "systematic": mbp.Systematic(K), "systematic-batch": mbp.Systematic(K, over="batch"),
    "threshold-batch": mbp.Threshold(K, over="batch"),
}  # fmt: skip
CENTER = ("off", "forward")


def gradient_report(seeds: int, *, smoke: bool) -> dict[str, Any]:
    """The facts of every rule, with and without centring, over seeds of the network."""
    batches = 20 if smoke else 1000
    by_seed = [facts(seed, batches) for seed in range(seeds)]
    rows = [
        {"name": name, **{key: spread(known([of[name][key] for of in by_seed])) for key in by_seed[0][name]}}
        for name in by_seed[0]
    ]
    return {
        "table": "gradients", "title": "gradients of one layer", "batch": BATCH, "batches": batches, "k": K,
        "seeds": seeds, "machine": mbp.machine(), "commits": [str(commit())], "rows": rows, "by_seed": by_seed,
    }  # fmt: skip


def known(values: list[float | None]) -> list[float]:
    """Those that are known."""
    return [value for value in values if value is not None]


def facts(seed: int, batches: int) -> dict[str, dict[str, float | None]]:
    """{rule: its facts} of one network."""
    found, data = {}, mbp.load_dataset("digits")
    for center in CENTER:
        net = mbp.mlp([64, 500, 500, 10], center=center, rng=seed)
        mbp.fit(net, data, mbp.Adam(net.parameters()), epochs=1, batch_size=BATCH, rng=seed, threads=1)
        sums = {name: Sums() for name in RULES}
        rng = np.random.default_rng(seed)
        for which in rng.integers(0, len(data.train), (batches, BATCH)):
            layer, dy = reached(net, data.train.x[which], data.train.y[which])
            layer.rng = rng
            dense = gradient(layer, mbp.Dense(), dy)
            for name, select in RULES.items():
                sums[name].add(gradient(layer, select, dy), dense)
        mean_input = mean_of_inputs(net, data)
        for name, of_rule in sums.items():
            found[name if center == "off" else f"{name}, {center}"] = of_rule.facts(mean_input)
    return found


def reached(net: mbp.Sequential, x: np.ndarray, y: np.ndarray) -> tuple[mbp.Linear, np.ndarray]:
    """The second hidden layer, and the gradient of its output."""
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    loss.forward(net.forward(net.prepare(x), train=False), y.astype(np.int32))
    output, relu = net.children[-1], net.children[-2]
    dy = relu.backward(output.backward(loss.backward()))
    layer = net.linears()[1]
    return layer, dy


def gradient(layer: mbp.Linear, select: object, dy: np.ndarray) -> np.ndarray:
    """dW with rows of zeros for units that are not chosen, float64."""
    layer.select = select
    layer.backward(dy, need_dx=False)
    grad, dw = layer.weight.grad, np.zeros(layer.weight.value.shape)
    dw[slice(None) if grad.rows is None else grad.rows] = grad.values
    return dw


def mean_of_inputs(net: mbp.Sequential, data: mbp.Dataset) -> np.ndarray:
    """The mean input of the second hidden layer over the training part, of norm 1."""
    x = net.prepare(data.train.x)
    for layer in net.children[:2]:
        x = layer.forward(x, train=False)
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


class Sums:
    """Sums over mini-batches."""

    def __init__(self) -> None:
        self.n, self.cosine, self.squares, self.of_dense = 0, 0.0, 0.0, 0.0
        self.gap: np.ndarray = np.zeros(())
        self.dense: np.ndarray = np.zeros(())

    def add(self, found: np.ndarray, dense: np.ndarray) -> None:
        gap, norms = found - dense, np.linalg.norm(found) * np.linalg.norm(dense)
        self.n += 1
        self.cosine += float(np.vdot(found, dense) / norms) if norms else 0.0
        self.gap, self.dense = self.gap + gap, self.dense + dense
        self.squares += float(np.vdot(gap, gap))
        self.of_dense += float(np.vdot(dense, dense))

    def facts(self, mean_input: np.ndarray) -> dict[str, float | None]:
        """The facts. Where most of the mean difference is noise, its direction is not known."""
        gap, dense = self.gap / self.n, self.dense / self.n
        square = float(np.vdot(gap, gap))
        noise = max(self.squares / self.n - square, 0.0)
        bias = square - noise / self.n  # the mean of so many mini-batches has that much noise left
        return {
            "cosine": self.cosine / self.n,
            "bias": float(np.sqrt(max(bias, 0.0)) / np.linalg.norm(dense)),
            "deviation": float(np.sqrt(noise / (self.of_dense / self.n))),
            "along_mean": float(np.linalg.norm(gap @ mean_input) / np.sqrt(square))
            if bias > square / 2
            else None,
        }
