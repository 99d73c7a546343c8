"""How good a network is on some examples, and the history of such looks during training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data import Split
from ..data.check import check_arrays, check_labels
from ..errors import BadInput, check_int
from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from .batches import Part

EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class Score:
    """Of a network on a part of a data set: accuracy in 0..1 and mean loss.

    accuracy: the share of examples; of words with the right tag; for a parser with the right head (UAS).
    las: for a parser, the share of words with the right head and relation.
    """

    accuracy: float
    loss: float
    las: float | None = None


@dataclass(frozen=True)
class Record:
    """One look at the dev set. epoch counts from 1; test is None unless this dev accuracy is the best so far.

    accuracy, loss, las: see Score; las is None but for parsers. widths: of the hidden layers, where a companion of
    the training changes them.
    """

    epoch: int
    step: int
    train_loss: float
    dev_accuracy: float
    dev_loss: float
    test_accuracy: float | None = None
    test_loss: float | None = None
    dev_las: float | None = None
    test_las: float | None = None
    widths: list[int] | None = None


@dataclass
class History:
    """All records of a run, in order. Those from number `begins` on count: those before are of a larger network."""

    records: list[Record] = field(default_factory=list)
    begins: int = 0

    @property
    def counted(self) -> list[Record]:
        """The records that may be the best."""
        return self.records[self.begins :]

    @property
    def best(self) -> Record:
        """The first record of the best dev accuracy: the one that is reported. Raises BadInput if none."""
        if not self.counted:
            raise BadInput("nothing was trained: there is no record yet")
        return max(self.counted, key=lambda r: r.dev_accuracy)


def evaluate(
    net: Sequential, split: Split | Part, *, batch_size: int = EVALUATION_BATCH, threads: int | None = None
) -> Score:
    """Accuracy and mean loss of `net` on a part of a data set, batch_size rows at a time.

    Raises BadInput where data and network do not fit, and for anything but one part of a data set.
    """
    if not isinstance(split, Split) and not hasattr(split, "score"):
        raise BadInput(
            f"evaluate takes one part of a data set, such as data.test, not {type(split).__name__}"
        )
    if isinstance(split, Split):
        check_arrays(split.x, split.y, what="the examples")
    if not len(split):
        raise BadInput("there are no examples to evaluate on")
    with net.be.threads(threads):
        return score(net, split, batch_size)


def score(net: Sequential, split: Split | Part, batch_size: int = EVALUATION_BATCH) -> Score:
    """`evaluate` without touching threads: for use inside `backend.threads`."""
    check_int("batch_size", batch_size, least=1)
    if not isinstance(split, Split):
        found: Score = split.score(net, batch_size)
        return found
    places = (slice(lo, lo + batch_size) for lo in range(0, len(split), batch_size))
    return score_rows(net, ((split.x[at], split.y[at], None) for at in places))


def score_rows(
    net: Sequential, batches: Iterable[tuple[Any, Any, Any]], *, other_classes: bool = False
) -> Score:
    """Over rows in batches: x, labels, and the lengths of the sentences in x or None.

    other_classes: whether a label may be -1, for a class that the network does not have; such a row is never right,
    and no part of the loss.
    """
    loss = SoftmaxCrossEntropy("sum").bind(net.be, net.dtype)
    right, rows, judged, total = 0, 0, 0, 0.0
    for x, labels, lengths in batches:
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is not finite says it all
            logits = net.forward(net.prepare(x), train=False, lengths=lengths)
            right += int(np.sum(np.argmax(logits, axis=1) == labels))
            rows += len(labels)
            if other_classes:
                logits, labels = logits[labels != -1], labels[labels != -1]
            check_labels(labels, logits.shape[1], "the labels")
            total += loss.forward(logits, np.asarray(labels, np.int32))
            judged += len(labels)
    return Score(right / rows, total / max(judged, 1))
