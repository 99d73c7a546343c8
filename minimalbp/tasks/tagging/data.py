"""What a tagger is trained on: sentences as rows of ids, one row a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from ..sentences import TreebankData
from ..tags import tag_accuracy
from .baseline import MostFrequentTag
from .encoding import Tagging


class Words:
    """A part of a treebank for a tagger; an example is a sentence.

    Parameters
    ----------
    tagging : Tagging
    sentences : sequence of Sentence

    Attributes
    ----------
    x : array of int32, shape (words, 1 + features)
        The ids of `Tagging.encode`, one sentence after another.
    y : array of int64, shape (words,)
        The labels of `Tagging.labels`.
    lengths : array of int32, shape (sentences,)
        Words of each sentence.
    """

    def __init__(self, tagging: Tagging, sentences: Sequence[Sentence]):
        self.tagging, self.sentences = tagging, sentences
        self.x: Array = np.concatenate([tagging.encode(s) for s in sentences])
        self.y: Array = np.concatenate([tagging.labels(s) for s in sentences])
        self.lengths: Array = np.array([len(s) for s in sentences], np.int32)

    def __len__(self) -> int:
        return len(self.lengths)

    def first(self, n: int) -> tuple[Array, Array]:
        """The ids of the first n sentences, and their lengths."""
        return self.x[: self.lengths[:n].sum()], self.lengths[:n]

    def feed(self, net: Sequential, streams: Streams) -> Feed:
        """Batches of sentences. In each pass other rare words are unknown."""
        return _Sentences(self, net, streams)

    def score(self, net: Sequential, batch_size: int = EVALUATION_BATCH) -> Score:
        """The share of words with the right tag, and the loss, sentences of about batch_size words at a time."""
        return score_rows(net, self._batches(batch_size), other_classes=True)

    def _batches(self, rows: int) -> Iterator[Batch]:
        for at, lengths in packed(self.lengths, rows):
            yield self.x[at], self.y[at], lengths


def packed(lengths: Array, rows: int) -> Iterator[tuple[slice, Array]]:
    """Slices of whole sentences, at most `rows` words together but at least one sentence, and their lengths."""
    ends = np.cumsum(lengths)
    i = start = 0
    while i < len(lengths):
        j = max(i + 1, int(np.searchsorted(ends, start + rows, side="right")))
        yield slice(start, int(ends[j - 1])), lengths[i:j]
        i, start = j, int(ends[j - 1])


class _Sentences(Feed):
    """The sentences of a training part. The seed and the pass alone decide which words are unknown in a pass."""

    def __init__(self, words: Words, net: Sequential, streams: Streams):
        self.words, self.net, self.streams = words, net, streams
        self.labels = words.y.astype(np.int32)
        ends = np.cumsum(words.lengths)
        self.rows = [slice(int(end - n), int(end)) for end, n in zip(ends, words.lengths)]
        self.begin(0)

    def __len__(self) -> int:
        return len(self.rows)

    def begin(self, epoch: int) -> None:
        rng = self.streams.generator("unknown", epoch)
        self.x = self.net.prepare(self.words.tagging.with_unknown(self.words.x, rng))

    def take(self, which: np.ndarray) -> Batch:
        if len(which) == 1:
            at = self.rows[which[0]]
            return self.x[at], self.labels[at], None
        x, labels = (np.concatenate([a[self.rows[i]] for i in which]) for a in (self.x, self.labels))
        return x, labels, self.words.lengths[which]

    def trials(self, batch_size: int) -> Iterator[Batch]:
        """Single sentences of 1, 2, 4, ... words, since kernels differ with the length."""
        if batch_size > 1:
            yield from super().trials(batch_size)
            return
        longest = int(self.words.lengths.max())
        for n in {longest, *(1 << i for i in range(longest.bit_length()))}:
            yield self.x[:n], self.labels[:n], None


class TaggingData(TreebankData):
    """A treebank for a tagger, as `fit` takes it.

    Parameters
    ----------
    bank : Treebank
        With tags.
    column : {"xpos", "upos"}, default "xpos"
        The tags that the tagger learns.
    **options
        `features`, `min_count` and `min_feature`, as for `Tagging.fit`.

    Attributes
    ----------
    encoding : Tagging
        Learnt from the training part.
    train, dev, test : Words
        The three parts; an example is a sentence.
    classes : tuple of str
        The tags.
    n_classes : int
        Their number.

    Raises
    ------
    BadInput
        For a word without a tag, and for a training part that has one tag only.

    References
    ----------
    Sun et al. (2017), "meProp", arXiv:1706.06197, section 4: tagging, scored by the share of words.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(("the", "dog", "barks"), xpos=("DT", "NN", "VBZ"))
    >>> data = mbp.TaggingData(mbp.Treebank("tiny", (gold,), (gold,), (gold,)))
    >>> len(data.train), data.classes
    (1, ('DT', 'NN', 'VBZ'))
    >>> net = mbp.tagger(data.encoding, hidden=4, backend="reference")
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters(), lr=0.01), epochs=40, batch_size=1)
    >>> history.best.dev_accuracy
    1.0
    """

    encoding: Tagging

    def __init__(self, bank: Treebank, *, column: str = "xpos", **options: Any):
        super().__init__(bank, column)
        self.encoding = Tagging.fit(bank.train, column=column, **options)
        if len(self.encoding.tags) < 2:
            raise BadInput(
                f"{self.name} train: every word has the tag {self.encoding.tags[0]}; training needs at least two"
            )
        self.train, self.dev, self.test = (Words(self.encoding, part) for part in self.parts.values())

    @property
    def classes(self) -> tuple[str, ...]:
        return self.encoding.tags

    @property
    def n_classes(self) -> int:
        return len(self.classes)

    def describe(self) -> dict[str, Any]:
        """For run.json: the treebank, the number of classes, and the scores that a tagger must beat."""
        column = self.encoding.column
        plain = MostFrequentTag(self.parts["train"], column)
        accuracy = {
            f"{part}_accuracy": tag_accuracy(
                self.parts[part], [plain.tag(s) for s in self.parts[part]], column
            )
            for part in ("dev", "test")
        }
        return super().describe() | {
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
    """The sentences with the tags that a network predicts, in the column that it learnt.

    Parameters
    ----------
    net : Sequential or Frozen
        Made by `tagger`.
    tagging : Tagging
        The encoding that it was trained with.
    sentences : sequence of Sentence
    batch_size : int, default 1000
        Words that go through the network together.

    Returns
    -------
    list of Sentence
    """
    lengths = np.array([len(s) for s in sentences], np.int32)
    tagged: list[Sentence] = []
    for _, together in packed(lengths, batch_size):
        group = sentences[len(tagged) : len(tagged) + len(together)]
        best = net(np.concatenate([tagging.encode(s) for s in group]), together).argmax(axis=1)
        ends = np.cumsum(together)
        for s, end in zip(group, ends):
            tagged.append(s.changed(**{tagging.column: tagging.names(best[end - len(s) : end])}))
    return tagged
