"""How a network is trained: the authors' recipe, and a better one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

import minimalbp as mbp
from minimalbp.seeds import Streams
from minimalbp.train import train_step


@dataclass(frozen=True)
class Recipe:
    """SGD without momentum, for so many steps.

    Parameters
    ----------
    steps, batch : int
    lr : float
        The rate; `lr` / 10 for the last 30 % of the steps where `falls`.
    falls, shuffle : bool
        Without `shuffle` the batches follow each other in the order of the file, again and again.
    decay : float
        Of all weights, not of biases: decay times half of their squares is added to the loss.
    sigma, bias : float
        Initial weights from a normal distribution that is cut at 2 sigma, and initial biases. Sigma 0: He's
        distribution by the true fan-in.
    relu_on_logits : bool
        Whether ReLU follows the last layer too.
    """

    steps: int = 10_000
    batch: int = 100
    lr: float = 0.1
    falls: bool = True
    shuffle: bool = True
    decay: float = 0.0
    sigma: float = 0.0
    bias: float = 0.0
    relu_on_logits: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


BETTER = Recipe()
AUTHORS = Recipe(
    lr=0.2, falls=False, shuffle=False, decay=0.004, sigma=0.04, bias=0.1, relu_on_logits=True,
)  # fmt: skip
LINEAR = replace(AUTHORS, relu_on_logits=False)
FALL = 0.7  # the part of the steps after which the rate falls


def train(net: mbp.Sequential, part: mbp.Split, recipe: Recipe, seed: int) -> None:
    """Train the network on one part of a data set, on one thread. Raises Diverged."""
    begin(net, recipe, seed)
    weights, biases = [], []
    for p in net.parameters():
        (weights if p.name.endswith("weight") else biases).append(p)
    first = mbp.SGD(weights, lr=recipe.lr, weight_decay=recipe.decay)
    second = mbp.SGD(biases, lr=recipe.lr)
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    x, y = net.prepare(part.x), np.asarray(part.y, np.int32)
    with net.be.threads(1):
        for step, which in enumerate(batches(len(x), recipe, seed)):
            if recipe.falls and step == int(FALL * recipe.steps):
                first.factor = second.factor = 0.1
            # both see the gradients of the same step: the weights do not enter the update of the biases
            value = train_step(net, loss, first, x[which], y[which], observe=second.step)
            if not np.isfinite(value):
                raise mbp.Diverged(f"the loss is {value} in step {step + 1}")


def begin(net: mbp.Sequential, recipe: Recipe, seed: int) -> None:
    """Give the parameters their initial values."""
    streams = Streams(seed)
    for i, p in enumerate(net.parameters()):
        if p.name.endswith("bias"):
            p.value[...] = recipe.bias
        elif recipe.sigma:
            p.value[...] = recipe.sigma * cut_normal(streams.generator("init", i), p.value.shape)


def cut_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal numbers; those beyond 2 are drawn again."""
    drawn = rng.standard_normal(shape)
    while (far := np.abs(drawn) > 2).any():
        drawn[far] = rng.standard_normal(int(far.sum()))
    return drawn


def batches(n: int, recipe: Recipe, seed: int) -> Iterator[Any]:
    """Which examples each step takes: a slice, or their numbers in the order of the epoch."""
    per_epoch, shuffle = n // recipe.batch, Streams(seed).generator("shuffle")
    order = np.arange(n)
    for step in range(recipe.steps):
        at = step % per_epoch * recipe.batch
        if not recipe.shuffle:
            yield slice(at, at + recipe.batch)
            continue
        if at == 0:
            order = shuffle.permutation(n)
        yield order[at : at + recipe.batch]
