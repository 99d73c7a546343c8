"""Where a training stands, and the loop over its steps."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Diverged
from ..losses import SoftmaxCrossEntropy
from ..measure.meter import Meter
from ..network import Sequential
from ..network.diagnosis import first_not_finite
from ..optim import Optimizer
from ..seeds import Streams
from .augment import Augment, AugmentedRows
from .batches import Data, feed, first
from .checkpoint import load_checkpoint, save_checkpoint
from .companion import Companion, Together
from .density import densities
from .history import History, Record, check_seconds
from .pace import Pace
from .progress import Progress
from .scoring import score
from .step import no_mark, train_step

ARRAYS = "companion/"  # how the names of a companion's arrays begin in a checkpoint


class Run:
    """A training of `net` on `data`, part by part. A part ends with an evaluation on the dev set.

    The parameters are those of `fit`, which are checked there.
    """

    def __init__(
        self,
        net: Sequential,
        data: Data,
        optimizer: Optimizer,
        *,
        batch_size: int,
        rng: int,
        evals_per_epoch: int,
        loss: SoftmaxCrossEntropy,
        companions: Iterable[Companion],
        meter: Meter | None,
        pace: Pace,
        augment: Augment | None = None,
    ):
        self.net, self.data, self.optimizer, self.meter = net, data, optimizer, meter
        self.loss = loss.bind(net.be, net.dtype)
        self.batch_size, self.history, self.done = batch_size, History(), 0
        self.seconds: float | None = 0.0  # of all parts; None once an earlier version did not count some
        streams = Streams(rng)
        self.seed, self.shuffle = streams.seed, streams.generator("shuffle")
        self.order = np.empty(0, np.int64)  # none is drawn yet
        self.steps = math.ceil(len(data.train) / batch_size)  # of one epoch; the last batch may be smaller
        parts = min(evals_per_epoch, self.steps)
        self.selections = [
            found for layer in net.layers() if (found := layer.selection())
        ]  # before k changes
        self.pace = pace
        self.pace.begin(net, optimizer, self.steps)
        self.companion = Together(companions)
        self.companion.begin(net, optimizer, parts)
        self.evaluations = {self.steps * (i + 1) // parts for i in range(parts)}
        self.augment = augment
        self.feed = (
            AugmentedRows(net, data.train, augment, streams) if augment else feed(data.train, net, streams)
        )

    def train(
        self, epochs: int, *, checkpoint: Path | None, threads: int | None, progress: str | None
    ) -> History:
        """Train until so many epochs are done in all, or a companion ends it. Parameters are those of `fit`."""
        net, meter, steps = self.net, self.meter, epochs * self.steps
        with ExitStack() as stack:
            stack.enter_context(net.shared.training())
            stack.enter_context(net.be.threads(threads))
            stack.callback(self.pace.end)
            stack.enter_context(np.errstate(over="ignore", invalid="ignore"))  # the loss is watched instead
            stack.enter_context(meter.attached(net, self.loss, self.optimizer) if meter else nullcontext())
            bar = stack.enter_context(Progress(progress, total=steps, start=self.done))
            ended = self.companion.ended()
            while self.done < steps and not ended:
                record = self._part(bar, checkpoint)
                ended = self.companion.after_part(record)
                # After `after_part`, so that what companions keep is never older than the checkpoint
                if checkpoint is not None:
                    self.save(checkpoint)
        return self.history

    def _part(self, bar: Progress, checkpoint: Path | None) -> Record:
        """Train up to the next evaluation, and evaluate."""
        meter, total, count = self.meter, 0.0, 0
        mark = meter.mark if meter else no_mark
        self.companion.before_part(len(self.history.records), self.history)
        began = self._clock()
        while True:
            position = self.done % self.steps
            if position == 0 or not len(self.order):
                self._begin_epoch()
            if meter:
                meter.start()
            which = self.order[position * self.batch_size : (position + 1) * self.batch_size]
            x, labels, lengths = self.feed.take(which)
            self.pace.step(self.done)
            self.companion.before_step()
            value = train_step(
                self.net, self.loss, self.optimizer, x, labels, mark, lengths,
                self.companion.observe, self.companion.before_backward,
            )  # fmt: skip
            self.done += 1
            if not math.isfinite(value):
                raise Diverged(self._diagnosis(x, lengths, value, checkpoint))
            if self.done == 1:
                self.history.first_loss = value
            total, count = total + value, count + 1
            bar.advance(value, self.companion.status)
            if position + 1 in self.evaluations:
                if self.seconds is not None:
                    self.seconds += self._clock() - began
                return self._evaluate(total / count, checkpoint)

    def _clock(self) -> float:
        """Read the clock. What a meter adds to a step, mostly counting, is no part of training."""
        return sum(self.meter.seconds.values()) if self.meter else time.perf_counter()

    @property
    def _epoch(self) -> int:
        """The epoch of the last step, counted from 1."""
        return (self.done - 1) // self.steps + 1

    def _begin_epoch(self) -> None:
        """Draw what belongs to the epoch that begins, or that a checkpoint was written in."""
        self.order_state = self.shuffle.bit_generator.state
        self.order = self.shuffle.permutation(len(self.feed))
        self.feed.begin(self.done // self.steps)

    def _evaluate(self, train_loss: float, checkpoint: Path | None) -> Record:
        density = densities(self.net)
        dev = score(self.net, self.data.dev)
        if not math.isfinite(dev.loss):
            x, lengths = first(self.data.dev, 100)
            raise Diverged(self._diagnosis(self.net.prepare(x), lengths, dev.loss, checkpoint))
        best = not self.history.counted or dev.main > self.history.best.main
        test = score(self.net, self.data.test) if best else None
        record = Record(
            self._epoch, self.done, train_loss, dev.scores, dev.loss,
            test.scores if test else None, test.loss if test else None, self.companion.widths(),
            self.seconds, density,
        )  # fmt: skip
        self.history.records.append(record)
        return record

    def _diagnosis(self, x: np.ndarray, lengths: Any, value: float, checkpoint: Path | None) -> str:
        """One line for a loss that is not finite: where it began, what is kept, what to try."""
        where = first_not_finite(self.net, x, lengths)
        kept = f"; the last good checkpoint is {checkpoint}" if checkpoint and checkpoint.exists() else ""
        return (
            f"the loss became {value} at step {self.done} (epoch {self._epoch}); the first values that are not "
            f"finite come out of {where}{kept}; try a smaller lr or clip"
        )

    def settings(self) -> dict[str, Any]:
        """What must be the same for a training to resume bit for bit, as JSON."""
        return {
            "batch_size": self.batch_size,
            "examples": len(self.feed),
            "looks": sorted(self.evaluations),  # the format's word
            "seed": self.seed,
            "loss": self.loss.reduction,
            "layers": self.selections,
            **({"augment": str(self.augment)} if self.augment else {}),
            **self.pace.settings(),
            **self.companion.settings(),
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint of everything."""
        own, arrays = self.companion.state()
        training = {
            "settings": self.settings(),
            "done": self.done,
            "shuffle": self.shuffle.bit_generator.state,
            "order": self.order_state,
            "history": [record.as_json() for record in self.history.records],
            "begins": self.history.begins,
            "first_loss": self.history.first_loss,
            "seconds": self.seconds,
            "meter": self.meter.state() if self.meter else None,
        }
        if own or arrays:
            training["companion"] = own
        more = {f"{ARRAYS}{name}": array for name, array in arrays.items()}
        save_checkpoint(path, self.net, self.optimizer, training, more)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote. Raises BadInput where it does not fit."""
        training = load_checkpoint(path, self.net, self.optimizer, self.settings(), self._restore)
        if self.meter and training["meter"]:
            self.meter.restore(training["meter"])

    def _restore(self, training: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Position, order and history; and the companion, which brings the network to the sizes it had."""
        records = [Record.from_json(record) for record in training["history"]]
        self.history = History(records, training.get("begins", 0), training.get("first_loss"))
        self.seconds = check_seconds(training.get("seconds"))
        self.done, self.order_state = training["done"], training["order"]
        if self.done % self.steps:  # in the middle of an epoch: draw its order again
            self.shuffle.bit_generator.state = training["order"]
            self._begin_epoch()
        self.shuffle.bit_generator.state = training["shuffle"]
        if "companion" in training:
            own = {name.removeprefix(ARRAYS): a for name, a in arrays.items() if name.startswith(ARRAYS)}
            self.companion.restore(training["companion"], own)
