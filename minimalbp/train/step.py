"""One training step: forward, loss, backward, update."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from ..optim import Optimizer


def no_mark(phase: str) -> None:
    """For a step that is not measured."""


def train_step(
    net: Sequential,
    loss: SoftmaxCrossEntropy,
    optimizer: Optimizer,
    x: Any,
    labels: Any,
    mark: Callable[[str], None] = no_mark,
    lengths: Any = None,
    observe: Callable[[], None] | None = None,
    before_backward: Callable[[], None] | None = None,
) -> float:
    """Forward, loss, backward, update.

    Parameters
    ----------
    net : Sequential
        The network.
    loss : SoftmaxCrossEntropy
        Bound to the backend of `net`.
    optimizer : Optimizer
        Updates the parameters, unless the loss is not finite.
    x : array (batch, ...)
        Inputs, as `net.prepare` returns them.
    labels : int32 array (batch,)
        Class of each row of the outputs.
    mark : callable, optional
        Called with "forward", "backward" and "update" where each of them ends.
    lengths : array of int, optional
        Lengths of the sentences in x, as for `Sequential.forward`.
    observe : callable, optional
        Called when all gradients are there, before the update.
    before_backward : callable, optional
        Called after the forward pass, before the loss and the backward pass.

    Returns
    -------
    float
        The loss.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], backend="reference")
    >>> loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    >>> x, labels = net.prepare(data.train.x[:50]), data.train.y[:50].astype("int32")
    >>> adam = mbp.Adam(net.parameters(), lr=0.01)
    >>> losses = [train_step(net, loss, adam, x, labels) for _ in range(20)]
    >>> losses[-1] < losses[0] / 2
    True
    """
    logits = net.forward(x, lengths=lengths)
    if before_backward:
        before_backward()
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
