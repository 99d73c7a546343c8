"""Training by the papers' protocol: the dev set several times per epoch, the test set at its best score."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .checkpoint import load_checkpoint, save_checkpoint
from .data import Dataset, check_dataset
from .diagnosis import first_not_finite
from .errors import BadInput, Diverged, whole
from .feed import Data, feed
from .losses import SoftmaxCrossEntropy
from .measure.meter import Meter
from .network import Sequential
from .optim import Optimizer
from .progress import Progress
from .scoring import History, Record, score
from .streams import Streams

Callback = Callable[[Record], "bool | None"]


def check_fit(net: Sequential, data: Data, batch_size: int) -> None:
    """Raise BadInput unless `net` can be trained on `data` in mini-batches of that size."""
    if isinstance(data, Dataset):  # others were checked when they were made
        check_dataset(data)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is for the loss to say
        outputs = net(*data.train.first(1)).shape[1]
    if batch_size > len(data.train):
        raise BadInput(f"a batch of {batch_size} is larger than the {len(data.train)} training examples")
    if outputs < data.n_classes:
        raise BadInput(f"the network has {outputs} outputs but {data.name} has {data.n_classes} classes")


def train_step(
    net: Sequential,
    loss: SoftmaxCrossEntropy,
    optimizer: Optimizer,
    x: Any,
    labels: Any,
    mark: Callable,
    lengths: Any = None,
) -> float:
    """Forward, loss, backward, update; returns the loss. `mark` is told where each part ends.

    lengths: of the sentences in x, as for `Sequential.forward`.
    """
    logits = net.forward(x, lengths=lengths)
    mark("forward")
    value = loss.forward(logits, labels)
    net.backward(loss.backward(), need_dx=False)
    mark("backward")
    if math.isfinite(value):  # a gradient of NaN would spoil the weights that the message is about
        optimizer.step()
    mark("update")
    return value


def fit(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    *,
    epochs: int = 20,
    batch_size: int = 10,
    rng: int = 0,
    evals_per_epoch: int = 8,
    loss: SoftmaxCrossEntropy | None = None,
    callbacks: Iterable[Callback] = (),
    meter: Meter | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    threads: int | None = None,
    progress: str | None = None,
) -> History:
    """Train `net` on data.train; the records of every look at data.dev, test scores at its best.

    data: a Dataset, or a task's own (TaggingData, ParsingData), whose examples are sentences or transitions.
    rng: seed of the order of examples. evals_per_epoch: looks at the dev set per epoch (the authors: 8 or 11).
    callbacks: called with each Record; one that returns True ends the training. checkpoint: a file written
    whole after each look; with `resume` the run goes on from it, bit for bit as if never stopped (same backend
    and threads). progress: the label of a progress bar, shown on a terminal only; None: no bar.

    Raises BadInput for settings out of range or a checkpoint that does not fit, Diverged for a loss that is no
    longer finite; the last checkpoint then stays.
    """
    epochs, batch_size = whole("epochs", epochs, least=1), whole("batch_size", batch_size, least=1)
    evals_per_epoch = whole("evals_per_epoch", evals_per_epoch, least=1)
    check_fit(net, data, batch_size)
    loss = (loss or SoftmaxCrossEntropy()).bind(net.be, net.dtype)
    run = _Run(net, data, optimizer, loss, batch_size, evals_per_epoch, Streams(rng), meter)
    path = Path(checkpoint) if checkpoint else None
    if resume:
        if path is None:
            raise BadInput("resume needs the checkpoint to go on from")
        run.restore(load_checkpoint(path, net, optimizer, run.settings()))
    callbacks = list(callbacks)
    with ExitStack() as stack:
        stack.enter_context(net.be.threads(threads))
        stack.enter_context(np.errstate(over="ignore", invalid="ignore"))  # the loss is watched instead
        stack.enter_context(meter.attached(net, loss, optimizer) if meter else nullcontext())
        bar = stack.enter_context(Progress(progress, total=epochs * run.steps, start=run.done))
        while run.done < epochs * run.steps:
            record = run.part(bar, path)
            stop = [callback(record) for callback in callbacks]
            if path is not None:  # after the callbacks: what they keep is never older than the checkpoint
                save_checkpoint(path, net, optimizer, run.state())
            if any(stop):
                break
    return run.history


def check_resume(
    net: Sequential,
    data: Data,
    optimizer: Optimizer,
    checkpoint: str | Path,
    *,
    batch_size: int,
    rng: int,
    evals_per_epoch: int,
) -> None:
    """Raise BadInput unless `fit` with these settings can go on from the checkpoint. Changes net and optimizer."""
    loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)
    run = _Run(net, data, optimizer, loss, batch_size, evals_per_epoch, Streams(rng), None)
    load_checkpoint(checkpoint, net, optimizer, run.settings())


class _Run:
    """Where a training stands: its order of examples, its position, its history."""

    def __init__(
        self,
        net: Sequential,
        data: Data,
        optimizer: Optimizer,
        loss: SoftmaxCrossEntropy,
        batch_size: int,
        evals: int,
        streams: Streams,
        meter: Meter | None,
    ):
        self.net, self.data, self.optimizer, self.loss, self.meter = net, data, optimizer, loss, meter
        self.batch_size, self.history, self.done = batch_size, History(), 0
        self.seed, self.shuffle = streams.seed, streams.generator("shuffle")
        self.order = np.empty(0, np.int64)  # none is drawn yet
        n = len(data.train)
        self.steps = math.ceil(n / batch_size)  # of one epoch; the last batch may be smaller
        evals = min(evals, self.steps)
        self.looks = {self.steps * (i + 1) // evals for i in range(evals)}
        self.feed = feed(data.train, net, streams)

    def part(self, bar: Progress, checkpoint: Path | None) -> Record:
        """Train up to the next look at the dev set, and look."""
        meter, total, count = self.meter, 0.0, 0
        mark = meter.mark if meter else _no_mark
        while True:
            position = self.done % self.steps
            if position == 0 or not len(self.order):
                self._begin()
            if meter:
                meter.start()
            which = self.order[position * self.batch_size : (position + 1) * self.batch_size]
            x, labels, lengths = self.feed.take(which)
            packed = {} if lengths is None else {"lengths": lengths}
            value = train_step(self.net, self.loss, self.optimizer, x, labels, mark, **packed)
            self.done += 1
            if not math.isfinite(value):
                raise Diverged(self._diagnosis(x, lengths, value, checkpoint))
            total, count = total + value, count + 1
            bar.advance(value)
            if position + 1 in self.looks:
                return self._look(total / count, checkpoint)

    def _begin(self) -> None:
        """Draw what belongs to the epoch that begins, or is gone on with."""
        self.order_state = self.shuffle.bit_generator.state
        self.order = self.shuffle.permutation(len(self.feed))
        self.feed.begin(self.done // self.steps)

    def _look(self, train_loss: float, checkpoint: Path | None) -> Record:
        dev = score(self.net, self.data.dev)
        if not math.isfinite(dev.loss):
            x, lengths = self.data.dev.first(100)
            raise Diverged(self._diagnosis(self.net.prepare(x), lengths, dev.loss, checkpoint))
        best = not self.history.records or dev.accuracy > self.history.best.dev_accuracy
        test = score(self.net, self.data.test) if best else None
        epoch = (self.done - 1) // self.steps + 1
        record = Record(
            epoch, self.done, train_loss, dev.accuracy, dev.loss,
            test.accuracy if test else None, test.loss if test else None, dev.las, test.las if test else None,
        )  # fmt: skip
        self.history.records.append(record)
        return record

    def _diagnosis(self, x: np.ndarray, lengths: Any, value: float, checkpoint: Path | None) -> str:
        """One line for a loss that is not finite: where it began, what is kept, what to try."""
        where = first_not_finite(self.net, x, lengths)
        kept = f"; the last good checkpoint is {checkpoint}" if checkpoint and checkpoint.exists() else ""
        epoch = (self.done - 1) // self.steps + 1
        return (
            f"the loss became {value} at step {self.done} (epoch {epoch}); the first values that are not "
            f"finite come out of {where}{kept}; try a smaller --lr or --clip"
        )

    def settings(self) -> dict[str, Any]:
        """What must be the same for a run to go on bit for bit, as JSON."""
        return {
            "batch_size": self.batch_size,
            "examples": len(self.feed),
            "looks": sorted(self.looks),
            "seed": self.seed,
            "loss": self.loss.reduction,
            "layers": [selection for layer in self.net.layers() if (selection := layer.selection())],
        }

    def state(self) -> dict[str, Any]:
        """Position, order and history, as JSON."""
        return {
            "settings": self.settings(),
            "done": self.done,
            "shuffle": self.shuffle.bit_generator.state,
            "order": self.order_state,
            "history": [asdict(r) for r in self.history.records],
            "meter": self.meter.state() if self.meter else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.done, self.order_state = state["done"], state["order"]
        if self.done % self.steps:  # in the middle of an epoch: draw its order again
            self.shuffle.bit_generator.state = state["order"]
            self._begin()
        self.shuffle.bit_generator.state = state["shuffle"]
        self.history = History([Record(**r) for r in state["history"]])
        if self.meter and state["meter"]:
            self.meter.restore(state["meter"])


def _no_mark(phase: str) -> None:
    """For a step that nobody measures."""
