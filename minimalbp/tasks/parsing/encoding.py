"""Dependency parsing by transitions: training examples from trees, trees from a network's scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...data import Sentence, is_projective
from ...data.treebank.sentence import tree_fault
from ...errors import BadInput, check_int
from ..spelling import normal
from ..tags import check_column, tags_of, with_tags
from ..vocabulary import FIRST, ROOT, UNKNOWN, Vocabulary, json_field
from .decoding import best_legal, groups
from .features import N_ATTACHED, N_FEATURES, N_POSITIONS, by_position, features
from .oracle import Oracle
from .transitions import ArcStandard, Ints, States

# Sentences that `encode` handles in step: enough that NumPy's calls cost little, and so few that the arrays stay in
# the caches
TOGETHER = 512

Scores = Callable[[Ints], npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Transitions:
    """Training examples of a parser, sentence by sentence and step by step.

    Parameters
    ----------
    x : array of int32, shape (n, 48)
        The features of each state.
    y : array of int64, shape (n,)
        The transition that the oracle chose there.
    skipped : int
        Sentences that were left out. Their trees are not projective, or have a relation that is not in the
        vocabulary, which happens outside of the training part only.
    """

    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int64]
    skipped: int


class Parsing:
    """The vocabularies of a parser. They encode trees as training examples, and decode scores into trees.

    `fit` learns them from the training part of a treebank; `from_json` reads those of a trained network.

    Parameters
    ----------
    words, tags, relations : Vocabulary
        Of the columns 0-17, 18-35 and 36-47 of the features.
    root : str, default "root"
        The relation that the root of a tree gets.
    column : {"xpos", "upos"}, default "xpos"
        The tags that the parser reads, as they stand in the sentences.
    subtypes : bool, default False
        Whether relations keep what follows the colon, as in "nsubj:pass".

    Attributes
    ----------
    system : ArcStandard
        The transitions. Their number, `len(system)`, is the number of classes.

    Raises
    ------
    BadInput
        For another column, and for relations without an entry.

    References
    ----------
    Nivre (2004), "Incrementality in Deterministic Dependency Parsing": the arc-standard transitions.
    Chen and Manning (2014), "A Fast and Accurate Dependency Parser using Neural Networks": the features.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(
    ...     ("the", "dog", "barks"), xpos=("DT", "NN", "VBZ"), heads=(2, 3, 0), rels=("det", "nsubj", "root")
    ... )
    >>> parsing = mbp.Parsing.fit([gold], min_count=1)
    >>> examples = parsing.encode([gold])
    >>> examples.x.shape
    (6, 48)
    >>> examples.y.tolist()  # SHIFT, SHIFT, LEFT-ARC(det), SHIFT, LEFT-ARC(nsubj), ROOT-ARC
    [0, 0, 1, 0, 2, 5]
    """

    def __init__(
        self, words: Vocabulary, tags: Vocabulary, relations: Vocabulary, *, root: str = "root",
        column: str = "xpos", subtypes: bool = False,
    ):  # fmt: skip
        self.words, self.tags, self.relations = words, tags, relations
        self.column, self.subtypes, self.root = check_column(column), bool(subtypes), root
        self.system = ArcStandard(len(relations.entries))

    @classmethod
    def fit(
        cls,
        sentences: Sequence[Sentence],
        *,
        column: str = "xpos",
        subtypes: bool = False,
        min_count: int = 2,
    ) -> Parsing:
        """Learn the vocabularies from the training part, trees that are not projective included.

        Parameters
        ----------
        sentences : sequence of Sentence
            With tags and trees.
        column : {"xpos", "upos"}, default "xpos"
            The tags that the parser reads.
        subtypes : bool, default False
            Whether relations keep what follows the colon.
        min_count : int, default 2
            Rarer words are unknown. With 2, the words that occur once train the embedding of the unknown word.

        Returns
        -------
        Parsing

        Raises
        ------
        BadInput
            For a word without a tag, for a sentence without a tree, and where no sentence has two words.
        """
        pairs = list(with_tags(sentences, check_column(column)))
        relations: Counter[str] = Counter()
        roots: Counter[str] = Counter()
        for sentence, _ in pairs:
            check_tree(sentence)
            for head, rel in zip(sentence.heads, sentence.rels):
                (relations if head else roots)[kept(rel, subtypes)] += 1
        if not relations:
            raise BadInput("no sentence has two words, so there are no relations to learn; give longer ones")
        return cls(
            Vocabulary.fit(Counter(normal(form) for s, _ in pairs for form in s.forms), min_count),
            Vocabulary.fit(Counter(tag for _, tags in pairs for tag in tags)),
            Vocabulary.fit(relations),
            root=min(roots, key=lambda rel: (-roots[rel], rel)),
            column=column,
            subtypes=subtypes,
        )

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Rows of the three embedding tables."""
        return len(self.words), len(self.tags), len(self.relations)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Columns of the features that belong to each table."""
        return N_POSITIONS, N_POSITIONS, N_ATTACHED

    def encode(self, sentences: Sequence[Sentence]) -> Transitions:
        """The transitions that build the trees, as training examples: 2n for a sentence of n words.

        Sentences whose trees no transitions build are skipped and counted. Raises BadInput for a sentence without a
        tree.
        """
        usable = []
        for i, sentence in enumerate(sentences):
            check_tree(sentence)
            if is_projective(sentence.heads) and UNKNOWN not in self._relation_ids(sentence):
                usable.append(i)
        starts = np.cumsum([0, *(2 * len(sentences[i]) for i in usable)])
        x = np.empty((starts[-1], N_FEATURES), np.int32)
        y = np.empty(starts[-1], np.int64)
        for rows in groups([len(sentences[i]) for i in usable], TOGETHER):
            group = [sentences[usable[j]] for j in rows]
            states, words, tags = self._begin(group)
            relations = [[i - FIRST for i in self._relation_ids(s)] for s in group]
            oracle = Oracle(states, [s.heads for s in group], relations)
            while states.alive:
                chosen = oracle(states)
                at = starts[rows[: states.alive]] + states.step
                x[at], y[at] = features(states, words, tags), chosen
                states.apply(chosen)
        return Transitions(x, y, len(sentences) - len(usable))

    def decode(self, sentences: Sequence[Sentence], scores: Scores, *, batch: int = 4096) -> list[Sentence]:
        """Parse greedily: in each state make the legal transition with the highest score.

        Whatever the scores, every sentence gets a tree with one root.

        Parameters
        ----------
        sentences : sequence of Sentence
            With tags.
        scores : callable
            Called once a step with the features of all unfinished sentences of a batch, int32 (n, 48), the longest
            sentence first. Returns an array of numbers, shape (n, transitions), such as the outputs of a network.
            NaN counts as -infinity, and of equal scores the lower class is taken.
        batch : int, default 4096
            Sentences that are parsed in step; fewer where they are very long.

        Returns
        -------
        list of Sentence
            The sentences with the heads and relations found.

        Raises
        ------
        BadInput
            For scores of another shape.
        """
        parsed = list(sentences)
        for rows in groups([len(s) for s in sentences], check_int("batch", batch, least=1)):
            states, words, tags = self._begin([sentences[i] for i in rows])
            while states.alive:
                states.apply(best_legal(scores(features(states, words, tags)), states.legal()))
            for row, i in enumerate(rows):
                parsed[i] = self._with_tree(sentences[i], states, row)
        return parsed

    def _begin(self, group: Sequence[Sentence]) -> tuple[States, Ints, Ints]:
        """The first states of sentences, longest first, and the ids of their words and tags by position."""
        states = States([len(s) for s in group], self.system)
        words = [[self.words.get(normal(form), UNKNOWN) for form in s.forms] for s in group]
        tags = [[self.tags.get(tag, UNKNOWN) for tag in tags_of(s, self.column)] for s in group]
        return states, by_position(states, words, ROOT), by_position(states, tags, ROOT)

    def _relation_ids(self, sentence: Sentence) -> list[int]:
        """Ids of the relations. That of the root is ROOT, whatever its name, since no transition chooses it."""
        pairs = zip(sentence.heads, sentence.rels)
        return [self.relations.id(kept(rel, self.subtypes)) if head else ROOT for head, rel in pairs]

    def _with_tree(self, sentence: Sentence, states: States, row: int) -> Sentence:
        n = len(sentence)
        heads = states.heads[row, 1 : n + 1].tolist()
        ids = states.rels[row, 1 : n + 1].tolist()
        rels = [self.relations.text(i) if head else self.root for head, i in zip(heads, ids)]
        return sentence.changed(heads=heads, rels=rels)

    def as_json(self) -> dict[str, Any]:
        """The vocabularies as JSON, for a file beside the weights."""
        return {
            "column": self.column, "subtypes": self.subtypes, "root": self.root, "words": self.words.as_json(),
            "tags": self.tags.as_json(), "relations": self.relations.as_json(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Any) -> Parsing:
        """The vocabularies that `as_json` described. Raises BadInput for anything else."""
        what = "the vocabularies of a parser"
        kinds = {"column": str, "subtypes": bool, "root": str}
        options = {key: json_field(value, key, kind, what) for key, kind in kinds.items()}
        lists = (json_field(value, key, dict, what) for key in ("words", "tags", "relations"))
        return cls(*(Vocabulary.from_json(v, what) for v in lists), **options)


def kept(relation: str, subtypes: bool) -> str:
    """The relation; without subtypes "nsubj" for "nsubj:pass", while ":x", with nothing before the colon, stays."""
    return relation if subtypes else relation.partition(":")[0] or relation


def check_tree(sentence: Sentence) -> None:
    """Raise BadInput unless the heads form a tree with one root."""
    fault = tree_fault(sentence.heads)
    if fault:
        beginning = " ".join(sentence.forms[:5])
        raise BadInput(
            f"the sentence {beginning!r}...: word {fault[0] + 1}: {fault[1]}; a parser learns from trees"
        )
