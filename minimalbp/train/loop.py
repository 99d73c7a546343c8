"""Where a training stands: its order of examples, its position, its history; and one step of it."""

from __future__ import annotations

import math
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
from .batches import Data, feed
from .checkpoint import load_checkpoint, save_checkpoint
from .companion import Companion
from .history import History, Record
from .progress import Progress
from .scoring import score
from .step import no_mark, train_step

ARRAYS = "companion/"  # how the names of a companion's arrays begin in a checkpoint


class Run:
    """A training of `net` on `data`, part by part: a part ends with a look at the dev set."""

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
        companion: Companion | None,
    ):
        self.net, self.data, self.optimizer, self.loss, self.meter = net, data, optimizer, loss, meter
        self.batch_size, self.history, self.done = batch_size, History(), 0
        self.seed, self.shuffle = streams.seed, streams.generator("shuffle")
        self.order = np.empty(0, np.int64)  # none is drawn yet
        n = len(data.train)
        self.steps = math.ceil(n / batch_size)  # of one epoch; the last batch may be smaller
        evals = min(evals, self.steps)
        self.companion = companion or Companion()
        self.companion.begin(net, optimizer, evals)
        self.looks = {self.steps * (i + 1) // evals for i in range(evals)}
        self.feed = feed(data.train, net, streams)

    def part(self, bar: Progress, checkpoint: Path | None) -> Record:
        """Train up to the next look at the dev set, and look."""
        meter, total, count = self.meter, 0.0, 0
        mark = meter.mark if meter else no_mark
        self.companion.before_part(len(self.history.records), self.history)
        while True:
            position = self.done % self.steps
            if position == 0 or not len(self.order):
                self._begin()
            if meter:
                meter.start()
            which = self.order[position * self.batch_size : (position + 1) * self.batch_size]
            x, labels, lengths = self.feed.take(which)
            value = train_step(
                self.net, self.loss, self.optimizer, x, labels, mark, lengths, self.companion.observe
            )
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
        best = not self.history.counted or dev.main > self.history.best.main
        test = score(self.net, self.data.test) if best else None
        epoch = (self.done - 1) // self.steps + 1
        record = Record(
            epoch, self.done, train_loss, dev.scores, dev.loss,
            test.scores if test else None, test.loss if test else None, self.companion.widths(),
        )  # fmt: skip
        self.history.records.append(record)
        self.companion.look(record)
        return record

    def _diagnosis(self, x: np.ndarray, lengths: Any, value: float, checkpoint: Path | None) -> str:
        """One line for a loss that is not finite: where it began, what is kept, what to try."""
        where = first_not_finite(self.net, x, lengths)
        kept = f"; the last good checkpoint is {checkpoint}" if checkpoint and checkpoint.exists() else ""
        epoch = (self.done - 1) // self.steps + 1
        return (
            f"the loss became {value} at step {self.done} (epoch {epoch}); the first values that are not "
            f"finite come out of {where}{kept}; try a smaller lr or clip"
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
            **self.companion.settings(),
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint of everything."""
        own, arrays = self.companion.state()
        state = self.state() | ({"companion": own} if own else {})
        save_checkpoint(
            path, self.net, self.optimizer, state, {f"{ARRAYS}{key}": a for key, a in arrays.items()}
        )

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote. Raises BadInput where it does not fit."""
        reshape = self._reshape if self.companion.settings() else None
        self.restore(load_checkpoint(path, self.net, self.optimizer, self.settings(), reshape))

    def _reshape(self, state: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Bring the network to the sizes it had in the checkpoint."""
        if "companion" in state:
            own = {key.removeprefix(ARRAYS): a for key, a in arrays.items() if key.startswith(ARRAYS)}
            self.companion.restore(state["companion"], own)

    def state(self) -> dict[str, Any]:
        """Position, order and history, as JSON."""
        return {
            "settings": self.settings(),
            "done": self.done,
            "shuffle": self.shuffle.bit_generator.state,
            "order": self.order_state,
            "history": [record.as_json() for record in self.history.records],
            "begins": self.history.begins,
            "meter": self.meter.state() if self.meter else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.done, self.order_state = state["done"], state["order"]
        if self.done % self.steps:  # in the middle of an epoch: draw its order again
            self.shuffle.bit_generator.state = state["order"]
            self._begin()
        self.shuffle.bit_generator.state = state["shuffle"]
        self.history = History(
            [Record.from_json(record) for record in state["history"]], state.get("begins", 0)
        )
        if self.meter and state["meter"]:
            self.meter.restore(state["meter"])
