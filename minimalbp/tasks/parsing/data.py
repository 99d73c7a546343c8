"""What a parser is trained on, the transitions that build gold trees, and how its own trees are scored."""

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
from ..sentences import TreebankData
from .attachment import attachment
from .encoding import Parsing


class Trees:
    """A part of a treebank for a parser; an example is a transition.

    Parameters
    ----------
    parsing : Parsing
    sentences : sequence of Sentence

    Attributes
    ----------
    transitions : Split
        The examples of `Parsing.encode`.
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

        The loss is 0 for a part none of whose trees can be built by transitions.
        """
        loss = score(net, self.transitions, batch_size).loss if len(self) else 0.0
        found = attachment(self.sentences, parse(net, self.parsing, self.sentences))
        return Score({"uas": found.uas, "las": found.las}, loss)


class ParsingData(TreebankData):
    """A treebank for a parser, as `fit` takes it.

    Parameters
    ----------
    bank : Treebank
        With tags and trees.
    column : {"xpos", "upos"}, default "xpos"
        The tags that the parser reads.
    **options
        `subtypes` and `min_count`, as for `Parsing.fit`.

    Attributes
    ----------
    encoding : Parsing
        Learnt from the training part.
    train, dev, test : Trees
        The three parts; an example is a transition.
    n_classes : int
        Transitions, which the network chooses among.
    not_projective : dict of str to int
        Trees of each part that no transitions build. They are left out of training, and count in dev and test.

    Raises
    ------
    BadInput
        For a word without a tag or a head, and for a training part without a projective tree.

    References
    ----------
    Sun et al. (2017), "meProp", arXiv:1706.06197, section 4: parsing, scored by UAS.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(
    ...     ("the", "dog", "barks"), xpos=("DT", "NN", "VBZ"), heads=(2, 3, 0), rels=("det", "nsubj", "root")
    ... )
    >>> data = mbp.ParsingData(mbp.Treebank("tiny", (gold,), (gold,), (gold,)))
    >>> len(data.train), data.n_classes
    (6, 6)
    >>> net = mbp.parser(data.encoding, hidden=20, backend="reference")
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters(), lr=0.01), epochs=20, batch_size=6)
    >>> history.records[-1].dev_las
    1.0
    """

    encoding: Parsing

    def __init__(self, bank: Treebank, *, column: str = "xpos", **options: Any):
        super().__init__(bank, column)
        self.encoding = Parsing.fit(bank.train, column=column, **options)
        self.not_projective = {
            part: sum(not is_projective(s.heads) for s in sentences) for part, sentences in self.parts.items()
        }
        self.train, self.dev, self.test = (Trees(self.encoding, part) for part in self.parts.values())
        if not len(self.train):
            raise BadInput(f"{self.name} train: no tree is projective; a parser by transitions needs some")

    @property
    def n_classes(self) -> int:
        return len(self.encoding.system)

    def describe(self) -> dict[str, Any]:
        """For run.json: the treebank, the numbers of transitions and classes, and the trees that are left out."""
        return super().describe() | {
            "transitions": len(self.train),
            "classes": self.n_classes,
            "not_projective": self.not_projective,
        }


def parse(net: Sequential | Frozen, parsing: Parsing, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences with the trees that a network builds greedily, each with one root, whatever it predicts.

    Parameters
    ----------
    net : Sequential or Frozen
        Made by `parser`.
    parsing : Parsing
        The encoding that it was trained with.
    sentences : sequence of Sentence
        With tags in the column of `parsing`.

    Returns
    -------
    list of Sentence
    """
    with np.errstate(over="ignore", invalid="ignore"):  # `best_legal` takes scores that are not finite
        return parsing.decode(sentences, net)
