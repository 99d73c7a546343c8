"""Dependency parsing as a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...data import Sentence, load_treebank
from ...data.treebank.sentence import tree_fault
from ...errors import BadInput
from ...network import Sequential
from ...network.frozen import Frozen
from ...select import Selector
from ..base import Choices, common
from ..sentences import SentenceTask
from ..tags import MISSING, tags_of
from .attachment import attachment
from .data import ParsingData, parse
from .encoding import Parsing
from .network import SIZE, parser


class ParsingTask(SentenceTask):
    """A network chooses transitions, which build a tree. The encoding is a `Parsing`."""

    name = "parsing"
    defaults = {  # k, hidden and batch are those of the meProp paper, section 4
        "data": "ud-english-ewt", "hidden": (500,), "k": 20, "epochs": 10, "batch": 10_000, "evals": 2,
        "tags": "xpos",
        "dropout": 0.5,  # Chen and Manning's; without it top-k falls behind dense (docs/text.md)
    }  # fmt: skip
    # Adam's rate is twice the paper's, which would take more epochs with dropout
    learning_rates = {"adam": 2e-3, "adagrad": 0.01, "sgd": 0.1}
    # k is that of the meSimp paper, which gives no prune rate: this one is our choice (docs/results/mesimp.md)
    simplify_defaults = {"k": 20, "prune": 0.035, "dropout": 0.2, "epochs": 16}
    scores = {"uas": "UAS", "las": "LAS"}

    def check(self, settings: Choices) -> None:
        super().check(settings)
        if len(settings.hidden) > 1:
            raise BadInput(f"a parser has one hidden layer, such as 500; hidden is {list(settings.hidden)}")

    def load(self, settings: Choices) -> ParsingData:
        return ParsingData(load_treebank(settings.data), column=str(settings.tags))

    def sizes(self, settings: Choices, encoding: Parsing) -> list[int]:
        return [SIZE * sum(encoding.widths), *settings.hidden, len(encoding.system)]

    def weights(self, settings: Choices, encoding: Parsing) -> int:
        return super().weights(settings, encoding) + SIZE * sum(encoding.sizes)

    def build(self, settings: Choices, encoding: Parsing, select: Selector) -> Sequential:
        return parser(encoding, hidden=settings.hidden[0], select=select, **common(settings))

    def fitted(self, settings: Choices, data: ParsingData) -> tuple[dict[str, Any], list[str]]:
        """A mini-batch is at most the training part, which may be small in a user's own treebank."""
        n = len(data.train)
        if settings.batch <= n:
            return {}, []
        return {"batch": n}, [
            f"batch = {settings.batch} is larger than the training part; all its {n} transitions are one mini-batch"
        ]

    def read_encoding(self, value: Any) -> Parsing:
        return Parsing.from_json(value)

    def annotate(
        self, net: Sequential | Frozen, encoding: Parsing, sentences: Sequence[Sentence]
    ) -> list[Sentence]:
        for number, sentence in enumerate(sentences, 1):
            tags = tags_of(sentence, encoding.column)
            if MISSING in tags:
                raise BadInput(
                    f"sentence {number}: word {tags.index(MISSING) + 1} has no {encoding.column} tag, which this "
                    "parser reads; annotate the sentences with a tagger first"
                )
        return parse(net, encoding, sentences)

    def compare(
        self, encoding: Parsing, gold: Sequence[Sentence], found: Sequence[Sentence]
    ) -> dict[str, float] | None:
        """UAS and LAS; None where a word of gold has no head, or a tree of gold has several roots or a cycle."""
        if any(tree_fault(s.heads) for s in gold):
            return None
        trees = attachment(gold, found)
        return {"uas": trees.uas, "las": trees.las}
