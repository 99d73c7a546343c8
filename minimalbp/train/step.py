"""One training step: forward, loss, backward, update."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from ..optim import Optimizer


def no_mark(phase: str) -> None:
    """For a step that nobody measures."""


def train_step(
    net: Sequential,
    loss: SoftmaxCrossEntropy,
    optimizer: Optimizer,
    x: Any,
    labels: Any,
    mark: Callable[[str], None] = no_mark,
    lengths: Any = None,
    observe: Callable[[], None] | None = None,
) -> float:
    """Forward, loss, backward, update; returns the loss. `mark` is told where each part ends.

    lengths: of the sentences in x, as for `Sequential.forward`. observe: called when all gradients are there.
    """
    logits = net.forward(x, lengths=lengths)
    mark("forward")
    value = loss.forward(logits, labels)
    net.backward(loss.backward(), need_dx=False)
    if observe:
        observe()
    mark("backward")
    if math.isfinite(value):  # a gradient of NaN would spoil the weights that the message is about
        optimizer.step()
    mark("update")
    return value
