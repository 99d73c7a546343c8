"""How good a network is on some examples, and the history of such looks during training."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .data import Split
from .data.check import check_labels
from .errors import BadInput, whole
from .losses import SoftmaxCrossEntropy
from .network import Sequential

EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class Score:
    """Of a network on a split: accuracy in 0..1 and mean loss."""

    accuracy: float
    loss: float


@dataclass(frozen=True)
class Record:
    """One look at the dev set. epoch counts from 1; test is None unless this dev accuracy is the best so far."""

    epoch: int
    step: int
    train_loss: float
    dev_accuracy: float
    dev_loss: float
    test_accuracy: float | None = None
    test_loss: float | None = None


@dataclass
class History:
    """All records of a run, in order."""

    records: list[Record] = field(default_factory=list)

    @property
    def best(self) -> Record:
        """The first record of the best dev accuracy: the one that is reported. Raises BadInput if none."""
        if not self.records:
            raise BadInput("nothing was trained: there is no record yet")
        return max(self.records, key=lambda r: r.dev_accuracy)


def evaluate(
    net: Sequential, split: Split, *, batch_size: int = EVALUATION_BATCH, threads: int | None = None
) -> Score:
    """Accuracy and mean loss of `net` on `split`. Raises BadInput where data and network do not fit."""
    if not len(split):
        raise BadInput("there are no examples to evaluate on")
    with net.be.threads(threads):
        return score(net, split, batch_size)


def score(net: Sequential, split: Split, batch_size: int = EVALUATION_BATCH) -> Score:
    """`evaluate` without touching threads: for use inside `backend.threads`."""
    loss = SoftmaxCrossEntropy("sum").bind(net.be, net.dtype)
    right, total = 0, 0.0
    whole("batch_size", batch_size, least=1)
    for lo in range(0, len(split), batch_size):
        labels = split.y[lo : lo + batch_size]
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is not finite says it all
            logits = net.forward(net.prepare(split.x[lo : lo + batch_size]), train=False)
            check_labels(labels, logits.shape[1], "the labels")
            total += loss.forward(logits, np.asarray(labels, np.int32))
        right += int(np.sum(np.argmax(logits, axis=1) == labels))
    return Score(right / len(split), total / len(split))
