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
from .decoding import best_legal, groups, run
from .features import N_ATTACHED, N_PLACES, by_place, features
from .oracle import Oracle
from .transitions import ArcStandard, Ints, States, Whole

# Sentences of like length that walk together when trees are turned into examples: wide enough that NumPy's calls
# cost little, narrow enough that the arrays stay in the caches
TOGETHER = 512

Scores = Callable[[Ints], npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Transitions:
    """Training examples. x: int32 (n, 48), y: int64 (n,) classes, sentence by sentence, step by step.

    skipped : how many sentences were left out: their trees are not projective, or a relation is not in the
        vocabulary, which happens outside of the training part only
    """

    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int64]
    skipped: int


class Parsing:
    """What a parser knows of its training data: three vocabularies. Made by `fit`, or `from_json`.

    words, tags, relations : vocabularies of columns 0-17, 18-35 and 36-47 of the features
    column    : the tags that it reads: "xpos", the gold ones as they stand in the sentences; or "upos"
    subtypes  : whether relations keep what follows the colon, as in "nsubj:pass"
    root      : the relation that the root gets
    system    : its transitions; `len(parsing.system)` is the number of classes
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
        """Learn vocabularies from the training part, trees that are not projective included.

        min_count : rarer words are unknown; with 2 those that occur once train the unknown word

        Raises BadInput for words without a tag, sentences without a tree, and one-word sentences only.
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
        return N_PLACES, N_PLACES, N_ATTACHED

    def encode(self, sentences: Sequence[Sentence]) -> Transitions:
        """The transitions of the static oracle, for training: 2n for a sentence of n words.

        Sentences that no transitions build are skipped, and counted. Raises BadInput for one without a tree.
        """
        usable = []
        for i, sentence in enumerate(sentences):
            check_tree(sentence)
            if is_projective(sentence.heads) and UNKNOWN not in self._relation_ids(sentence):
                usable.append(i)
        starts = np.cumsum([0, *(2 * len(sentences[i]) for i in usable)])
        x = np.empty((starts[-1], N_PLACES + N_PLACES + N_ATTACHED), np.int32)
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
        """Parse greedily: the sentences with the heads and relations that the best legal transitions build.

        scores : called once a step with the features int32 (n, 48) of all unfinished sentences of the batch,
            the longest first; answers (n, transitions), any numbers: NaN counts as least, ties go to the
            lower class, and whatever the answer, every sentence gets a tree with one root
        batch  : sentences that walk together, fewer where they are very long

        Raises BadInput for scores of another shape.
        """
        parsed = list(sentences)
        for rows in groups([len(s) for s in sentences], check_int("batch", batch, least=1)):
            states, words, tags = self._begin([sentences[i] for i in rows])

            def choose(states: States, words: Ints = words, tags: Ints = tags) -> Whole:
                return best_legal(scores(features(states, words, tags)), states.legal())

            run(states, choose)
            for row, i in enumerate(rows):
                parsed[i] = self._with_tree(sentences[i], states, row)
        return parsed

    def _begin(self, group: Sequence[Sentence]) -> tuple[States, Ints, Ints]:
        """The first states of sentences, longest first, and the ids of their words and tags by place."""
        states = States([len(s) for s in group], self.system)
        words = [[self.words.get(normal(form), UNKNOWN) for form in s.forms] for s in group]
        tags = [[self.tags.get(tag, UNKNOWN) for tag in tags_of(s, self.column)] for s in group]
        return states, by_place(states, words, ROOT), by_place(states, tags, ROOT)

    def _relation_ids(self, sentence: Sentence) -> list[int]:
        """Ids of the relations; ROOT for that of the root, which is no choice."""
        pairs = zip(sentence.heads, sentence.rels)
        return [self.relations.id(kept(rel, self.subtypes)) if head else ROOT for head, rel in pairs]

    def _with_tree(self, sentence: Sentence, states: States, row: int) -> Sentence:
        n = len(sentence)
        heads = states.heads[row, 1 : n + 1].tolist()
        ids = states.rels[row, 1 : n + 1].tolist()
        rels = [self.relations.text(i) if head else self.root for head, i in zip(heads, ids)]
        return sentence.changed(heads=heads, rels=rels)

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file beside the weights."""
        return {
            "column": self.column, "subtypes": self.subtypes, "root": self.root, "words": self.words.as_json(),
            "tags": self.tags.as_json(), "relations": self.relations.as_json(),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Any) -> Parsing:
        """The same as was described by `as_json`. Raises BadInput for anything else."""
        what = "what a parser knows"
        kinds = {"column": str, "subtypes": bool, "root": str}
        options = {key: json_field(value, key, kind, what) for key, kind in kinds.items()}
        lists = (json_field(value, key, dict, what) for key in ("words", "tags", "relations"))
        return cls(*(Vocabulary.from_json(v, what) for v in lists), **options)


def kept(relation: str, subtypes: bool) -> str:
    """ "nsubj:pass" or, without subtypes, "nsubj"; ":x", which has no universal part to keep, stays."""
    return relation if subtypes else relation.partition(":")[0] or relation


def check_tree(sentence: Sentence) -> None:
    """Raises BadInput unless the heads form a tree with one root."""
    fault = tree_fault(sentence.heads)
    if fault:
        beginning = " ".join(sentence.forms[:5])
        raise BadInput(
            f"the sentence {beginning!r}...: word {fault[0] + 1}: {fault[1]}; a parser learns from trees"
        )
