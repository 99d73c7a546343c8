"""How good a network is on some examples."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.check import check_labels
from ..errors import BadInput, check_float, check_int, short
from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from .batches import Part, check_part
from .history import PARTS, History

EVALUATION_BATCH = 1000
PICTURES = 100  # for a network of convolutions, whose maps take much memory


@dataclass(frozen=True)
class Score:
    """Scores of a network on one part of a data set. Each is an attribute too: `score.accuracy`.

    Parameters
    ----------
    scores : dict of str to float
        Scores by name, larger is better. The first one decides which evaluation is the best. Classifiers and
        taggers have "accuracy", the share of examples or words with the right class. Parsers have "uas", the share
        of words with the right head, and "las", the share of words with the right head and relation.
    loss : float
        Mean loss.

    Raises
    ------
    BadInput
        Unless scores are numbers by name, at least one, none of them called "loss".

    Examples
    --------
    >>> score = Score({"uas": 0.9, "las": 0.85}, loss=0.3)
    >>> score.las, score.main
    (0.85, 0.9)
    """

    scores: dict[str, float]
    loss: float

    def __post_init__(self) -> None:
        if not isinstance(self.scores, dict) or not self.scores or "loss" in self.scores:
            raise BadInput(
                "scores must be numbers by name, such as {'accuracy': 0.9}, the loss apart, "
                f"not {short(self.scores)}"
            )
        scores = {name: check_float(f"the score {name}", v, -math.inf) for name, v in self.scores.items()}
        object.__setattr__(self, "scores", scores)  # floats that JSON can hold
        object.__setattr__(self, "loss", float(self.loss))

    @property
    def main(self) -> float:
        """The score that decides which evaluation is the best: the first."""
        return next(iter(self.scores.values()))

    def __getattr__(self, name: str) -> float:
        scores: dict[str, float] = vars(self).get("scores", {})  # a copy asks before it has any fields
        if name not in scores:
            raise AttributeError(f"a score has no {name!r}; its scores are {', '.join(scores)}")
        return scores[name]


def evaluate(
    net: Sequential, split: Part, *, batch_size: int | None = None, threads: int | None = None
) -> Score:
    """Scores and mean loss of `net` on one part of a data set.

    Parameters
    ----------
    net : Sequential
        The network. Nothing in it changes.
    split : Split, or a part of the data of a task
        Such as data.test.
    batch_size : int, optional
        Rows of a forward pass: examples, words or transitions. By default 1000, of pictures in maps 100.
    threads : int, optional
        Cores to use; by default all.

    Returns
    -------
    Score
        "accuracy" and the loss; for a parser "uas", "las" and the loss.

    Raises
    ------
    BadInput
        For anything but one part of a data set, and where it does not fit the network.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 10], backend="reference")
    >>> score = mbp.evaluate(net, data.test)
    >>> 0 <= score.accuracy <= 1
    True
    """
    check_part(split, "score", "the examples")
    if not len(split):
        raise BadInput("there are no examples to evaluate on")
    with net.be.threads(threads):
        return score(net, split, batch_size)


def score(net: Sequential, part: Any, batch_size: int | None = None) -> Score:
    """`evaluate` inside a block of `backend.threads`, and without checks of the data."""
    if batch_size is None:
        batch_size = PICTURES if net.children[0].takes_maps else EVALUATION_BATCH
    check_int("batch_size", batch_size, least=1)
    if hasattr(part, "score"):
        found: Score = part.score(net, batch_size)
        return found
    slices = (slice(start, start + batch_size) for start in range(0, len(part), batch_size))
    return score_rows(net, ((part.x[rows], part.y[rows], None) for rows in slices))


def last_scores(net: Sequential, data: Any, history: History, threads: int | None) -> dict[str, float]:
    """The scores of a network after its last step, as "last_dev_accuracy", "last_test_accuracy" and so on.

    The history of its training ends with their evaluation on the dev set.
    """
    last = history.records[-1]
    with net.be.threads(threads):
        test = last.test or score(net, data.test).scores
    return {
        f"last_{part}_{name}": v for part, found in zip(PARTS, (last.dev, test)) for name, v in found.items()
    }


def score_rows(
    net: Sequential, batches: Iterable[tuple[Any, Any, Any]], *, other_classes: bool = False
) -> Score:
    """Accuracy and mean loss over batches of x, labels, and the lengths of the sentences in x or None.

    other_classes: whether a label may be -1, which is a class that the network does not have. Such a row counts as
    wrong and not in the loss.
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
    return Score({"accuracy": right / rows}, total / max(judged, 1))
