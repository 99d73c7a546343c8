"""A trial of the training step, before anything is measured: it compiles kernels and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from ..optim import Optimizer
from ..seeds import Streams
from ..select import Dense
from .batches import Data, feed
from .pace import Pace
from .step import train_step


def warm_up(
    net: Sequential,
    optimizer: Optimizer,
    data: Data,
    batch_size: int,
    *,
    threads: int | None = None,
    observe: Callable[[], None] | None = None,
    dense: bool = False,
    pace: Pace | None = None,
) -> None:
    """Do one training step for each size of batch that a training will have, and undo them.

    Parameters, the optimiser's state and its number of steps, and the generators of random layers are afterwards
    what they were, bit for bit, and there are no gradients. A training that follows is the same as without a trial.

    Parameters
    ----------
    net : Sequential
        The network.
    optimizer : Optimizer
        Its optimiser.
    data : Dataset, TaggingData or ParsingData
        The data of the training; the trial has a feed of its own.
    batch_size : int
        Examples in a mini-batch.
    threads : int, optional
        Cores to use; by default all.
    observe : callable, optional
        Called after each backward pass, as `Companion.observe` is.
    dense : bool, default False
        Whether to repeat the trial with Dense in place of every selector. A network that shrinks needs that: a
        layer with fewer than k units runs dense.
    pace : Pace, optional
        Of the training, once it has begun: the trial is repeated with every later k.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], select=mbp.TopK(5), backend="reference")
    >>> adam, before = mbp.Adam(net.parameters()), net.parameters()[0].value.copy()
    >>> warm_up(net, adam, data, batch_size=10)
    >>> bool((net.parameters()[0].value == before).all()), adam.t
    (True, 0)
    """
    loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)
    trials = feed(data.train, net, Streams(0))

    def steps() -> None:
        for x, labels, lengths in trials.trials(batch_size):
            train_step(net, loss, optimizer, x, labels, lengths=lengths, observe=observe)

    with net.be.threads(threads), np.errstate(all="ignore"), _undone(net, optimizer):
        steps()
        for _ in pace.each_k() if pace else ():
            steps()
        if dense:
            for layer in _selecting(net):
                layer.select = Dense()
            steps()


def _selecting(net: Sequential) -> list[Any]:
    """The layers that have a selector."""
    return [layer for layer in net.layers() if hasattr(layer, "select")]


@contextmanager
def _undone(net: Sequential, optimizer: Optimizer) -> Iterator[None]:
    """Undo what the block does to parameters, running means, optimiser, generators and selectors."""
    arrays = [p.value for p in net.kept()]
    arrays += [a for slots in optimizer.state.values() for a in slots.values()]
    generators = [layer.rng.bit_generator for layer in net.layers() if layer.rng is not None]
    selects = [(layer, layer.select) for layer in _selecting(net)]
    kept, drawn, steps = [a.copy() for a in arrays], [g.state for g in generators], optimizer.t
    try:
        yield
    finally:
        for array, before in zip(arrays, kept):
            array[...] = before
        for generator, state in zip(generators, drawn):
            generator.state = state
        for layer, select in selects:
            layer.select = select
        optimizer.t = steps
        for p in net.parameters():
            p.grad = None
