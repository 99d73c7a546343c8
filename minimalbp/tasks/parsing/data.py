"""What a parser is trained on: the transitions that build the trees of a treebank; how good its own trees are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...backend import Array
from ...data import Sentence, Split, Treebank, is_projective
from ...errors import BadInput
from ...network import Sequential
from ...network.frozen import Frozen
from ...seeds import Streams
from ...train.batches import Feed, Rows
from ...train.scoring import EVALUATION_BATCH, Score, score
from ..sentences import PARTS, check_part, describe
from ..tags import with_tags
from .attachment import attachment
from .encoding import Parsing


class Trees:
    """A part of a treebank; an example is a transition.

    transitions : a Split, those that the static oracle builds the trees with (Parsing.encode)
    """

    def __init__(self, parsing: Parsing, sentences: Sequence[Sentence]):
        self.parsing, self.sentences = parsing, sentences
        found = parsing.encode(sentences)
        self.transitions = Split(found.x, found.y)  # type: ignore[arg-type]  # ids for an Embedding

    def __len__(self) -> int:
        return len(self.transitions)

    def first(self, n: int) -> tuple[Array, None]:
        """The features of the first n transitions."""
        return self.transitions.x[:n], None

    def feed(self, net: Sequential, streams: Streams) -> Feed:
        """Batches of transitions."""
        return Rows(net, self.transitions)

    def score(self, net: Sequential, batch_size: int = EVALUATION_BATCH) -> Score:
        """UAS and LAS of the trees that the network builds, and its loss on the transitions of the gold trees.

        A part without a tree that transitions build has the loss 0.
        """
        loss = score(net, self.transitions, batch_size).loss if len(self) else 0.0
        found = attachment(self.sentences, parse(net, self.parsing, self.sentences))
        return Score({"uas": found.uas, "las": found.las}, loss)


class ParsingData:
    """A treebank for a parser, to be given to `fit`: `train`, `dev` and `test` are `Trees`.

    task : what is learnt from the training part before a network is (Parsing); column, options: as for its `fit`
    not_projective : {part: trees that no transitions build}: left out of training, kept in dev and test

    Raises BadInput for a word without a tag or a head, and for a training part without a projective tree.
    """

    def __init__(self, bank: Treebank, *, column: str = "xpos", **options: Any):
        self.name, self.source, self.sha256, self.bank = bank.name, bank.source, bank.sha256, bank
        for part in PARTS:
            check_part(bank, part, lambda sentences: list(with_tags(sentences, column)))
        self.encoding = Parsing.fit(bank.train, column=column, **options)
        self.not_projective = {
            part: sum(not is_projective(s.heads) for s in getattr(bank, part)) for part in PARTS
        }
        self.train, self.dev, self.test = (Trees(self.encoding, getattr(bank, part)) for part in PARTS)
        if not len(self.train):
            raise BadInput(f"{self.name} train: no tree is projective; a parser by transitions needs some")

    @property
    def n_classes(self) -> int:
        return len(self.encoding.system)

    def describe(self) -> dict[str, Any]:
        """For run.json: sentences, words, classes, how the parts came about, and the trees that are left out."""
        return describe(self.bank) | {
            "transitions": len(self.train),
            "classes": self.n_classes,
            "not_projective": self.not_projective,
        }


def parse(net: Sequential | Frozen, parsing: Parsing, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences with the trees that the network builds greedily: one root each, whatever it answers."""
    with np.errstate(over="ignore", invalid="ignore"):  # scores that are not finite count as least
        return parsing.decode(sentences, net)
