"""Part-of-speech tagging as a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...data import Sentence, load_treebank
from ...network import Sequential
from ...network.frozen import Frozen
from ...select import Selector
from ..base import Choices, common
from ..sentences import SentenceTask
from ..tags import MISSING, tag_accuracy, tags_of
from .data import TaggingData, tag
from .encoding import Tagging
from .network import tables, tagger


class TaggingTask(SentenceTask):
    """An LSTM gives each word a tag. The encoding is a `Tagging`."""

    name = "tagging"
    defaults = {  # hidden and batch are those of the meProp paper, section 4; k is that of its authors' README
        "data": "ud-english-ewt", "hidden": (500,), "k": 10, "epochs": 5, "batch": 1, "evals": 4, "tags": "xpos",
        "dropout": 0.0,
    }  # fmt: skip
    learning_rates = {"adam": 1e-3, "adagrad": 0.01, "sgd": 0.1}
    # k is that of the meSimp paper, which gives no prune rate: this one is our choice (docs/results/mesimp.md)
    simplify_defaults = {"k": 20, "prune": 0.08, "epochs": 6}
    dropout_silences = False  # it comes after the cell, whose gates get a gradient from the next word too
    bidirectional = True

    def load(self, settings: Choices) -> TaggingData:
        return TaggingData(load_treebank(settings.data, trees=False), column=str(settings.tags))

    def sizes(self, settings: Choices, encoding: Tagging) -> list[int]:
        return [sum(size for _, size in tables(encoding)), *settings.hidden, len(encoding.tags)]

    def weights(self, settings: Choices, encoding: Tagging) -> int:
        """Four gates, which read the layer's own outputs too; in both directions twice as many; the embeddings."""
        own = sum(h * h for h in settings.hidden)
        gates = (1 + settings.bidirectional) * 4 * (super().weights(settings, encoding) + own)
        return gates + sum(n * size for n, size in tables(encoding))

    def build(self, settings: Choices, encoding: Tagging, select: Selector) -> Sequential:
        return tagger(
            encoding, hidden=settings.hidden, select=select, bidirectional=settings.bidirectional,
            **common(settings),
        )  # fmt: skip

    def read_encoding(self, value: Any) -> Tagging:
        return Tagging.from_json(value)

    def annotate(
        self, net: Sequential | Frozen, encoding: Tagging, sentences: Sequence[Sentence]
    ) -> list[Sentence]:
        return tag(net, encoding, sentences)

    def compare(
        self, encoding: Tagging, gold: Sequence[Sentence], found: Sequence[Sentence]
    ) -> dict[str, float] | None:
        column = encoding.column
        if any(MISSING in tags_of(s, column) for s in gold):
            return None
        return {"accuracy": tag_accuracy(gold, [tags_of(s, column) for s in found], column)}
