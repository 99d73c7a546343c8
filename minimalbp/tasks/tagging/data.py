"""What a tagger is trained on: sentences as packed rows of ids, a row for each word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...backend import Array
from ...data import Sentence, Treebank
from ...errors import BadInput
from ...network import Sequential
from ...network.frozen import Frozen
from ...seeds import Streams
from ...train.batches import Batch, Feed
from ...train.scoring import EVALUATION_BATCH, Score, score_rows
from ..sentences import PARTS, check_part, describe
from ..tags import tag_accuracy, with_tags
from .baseline import MostFrequentTag
from .encoding import Tagging


@dataclass(frozen=True, eq=False)
class Words:
    """A part of a treebank; an example is a sentence.

    x       : int32 (words, 1 + features), the ids of `Tagging.encode`, one sentence after another
    y       : int64 (words,) labels; -1 for a tag that training does not have
    lengths : int32 (sentences,)
    """

    tagging: Tagging
    sentences: Sequence[Sentence]
    x: Array = field(init=False)
    y: Array = field(init=False)
    lengths: Array = field(init=False)

    def __post_init__(self) -> None:
        lengths = np.array([len(s) for s in self.sentences], np.int32)
        object.__setattr__(self, "x", np.concatenate([self.tagging.encode(s) for s in self.sentences]))
        object.__setattr__(self, "y", np.concatenate([self.tagging.labels(s) for s in self.sentences]))
        object.__setattr__(self, "lengths", lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def first(self, n: int) -> tuple[Array, Array]:
        """The ids of the first n sentences, and their lengths."""
        return self.x[: self.lengths[:n].sum()], self.lengths[:n]

    def feed(self, net: Sequential, streams: Streams) -> Feed:
        """Batches of sentences, rare words in them unknown now and then, in each pass others."""
        return _Sentences(self, net, streams)

    def score(self, net: Sequential, batch_size: int = EVALUATION_BATCH) -> Score:
        """The share of words with the right tag, sentences of about batch_size words at a time."""
        return score_rows(net, self._batches(batch_size), other_classes=True)

    def _batches(self, rows: int) -> Iterator[Batch]:
        for at, lengths in packed(self.lengths, rows):
            yield self.x[at], self.y[at], lengths


def packed(lengths: Array, rows: int) -> Iterator[tuple[slice, Array]]:
    """Where whole sentences of at most `rows` words together stand, one at least, and their lengths."""
    ends = np.cumsum(lengths)
    i = start = 0
    while i < len(lengths):
        j = max(i + 1, int(np.searchsorted(ends, start + rows, side="right")))
        yield slice(start, int(ends[j - 1])), lengths[i:j]
        i, start = j, int(ends[j - 1])


class _Sentences(Feed):
    """Sentences of a training part. Which words are unknown in a pass depends on the seed and the pass alone."""

    def __init__(self, words: Words, net: Sequential, streams: Streams):
        self.words, self.net, self.streams = words, net, streams
        self.labels = words.y.astype(np.int32)
        ends = np.cumsum(words.lengths)
        self.places = [slice(int(end - n), int(end)) for end, n in zip(ends, words.lengths)]
        self.begin(0)

    def __len__(self) -> int:
        return len(self.places)

    def begin(self, epoch: int) -> None:
        rng = self.streams.generator("unknown", epoch)
        self.x = self.net.prepare(self.words.tagging.with_unknown(self.words.x, rng))

    def take(self, which: np.ndarray) -> Batch:
        if len(which) == 1:
            at = self.places[which[0]]
            return self.x[at], self.labels[at], None
        parts = [self.places[i] for i in which]
        x, labels = (np.concatenate([a[at] for at in parts]) for a in (self.x, self.labels))
        return x, labels, self.words.lengths[which]

    def trials(self, batch_size: int) -> Iterator[Batch]:
        """Single sentences come in all lengths, and kernels differ with them: 1, 2, 4, ... words."""
        if batch_size > 1:
            yield from super().trials(batch_size)
            return
        longest = int(self.words.lengths.max())
        for n in {longest, *(1 << i for i in range(longest.bit_length()))}:
            yield self.x[:n], self.labels[:n], None


class TaggingData:
    """A treebank for a tagger, to be given to `fit`: `train`, `dev` and `test` are `Words`.

    task : what is learnt from the training part before a network is (Tagging); column, options: as for its `fit`

    Raises BadInput for a word without a tag, and for a training part that has one tag only.
    """

    def __init__(self, bank: Treebank, *, column: str = "xpos", **options: Any):
        self.name, self.source, self.sha256, self.bank = bank.name, bank.source, bank.sha256, bank
        for part in PARTS:
            check_part(bank, part, lambda sentences: list(with_tags(sentences, column)))
        self.encoding = Tagging.fit(bank.train, column=column, **options)
        if len(self.encoding.tags) < 2:
            raise BadInput(
                f"{self.name} train: every word has the tag {self.encoding.tags[0]}; training needs at least two"
            )
        self.train, self.dev, self.test = (Words(self.encoding, getattr(bank, part)) for part in PARTS)

    @property
    def classes(self) -> tuple[str, ...]:
        return self.encoding.tags

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    def describe(self) -> dict[str, Any]:
        """For run.json: sentences, words, classes, how the parts came about, and what a tagger must beat."""
        plain = MostFrequentTag(self.bank.train, self.encoding.column)
        accuracy = {
            f"{part}_accuracy": tag_accuracy(
                getattr(self.bank, part),
                [plain.tag(s) for s in getattr(self.bank, part)],
                self.encoding.column,
            )
            for part in ("dev", "test")
        }
        return describe(self.bank) | {
            "classes": self.n_classes,
            "baseline": {"name": "most frequent tag", **accuracy},
        }


def tag(
    net: Sequential | Frozen,
    tagging: Tagging,
    sentences: Sequence[Sentence],
    *,
    batch_size: int = EVALUATION_BATCH,
) -> list[Sentence]:
    """The sentences with the tags that the network gives them, in the column that it learnt."""
    lengths = np.array([len(s) for s in sentences], np.int32)
    tagged: list[Sentence] = []
    for _, together in packed(lengths, batch_size):
        group = sentences[len(tagged) : len(tagged) + len(together)]
        best = net(np.concatenate([tagging.encode(s) for s in group]), together).argmax(axis=1)
        ends = np.cumsum(together)
        for s, end in zip(group, ends):
            tagged.append(s.changed(**{tagging.column: tagging.names(best[end - len(s) : end])}))
    return tagged
