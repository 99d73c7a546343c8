"""Part-of-speech tagging: a word and seven features of its spelling as eight ids, and the tag as a class.

meProp's tagger reads "1 word and 7 features" (section 4 of the paper), which the paper does not list. These are
chosen on the dev part of EWT; docs/text.md has the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from ...data import Sentence
from ...errors import BadInput, check_float, short, unknown
from ..spelling import normal, shape
from ..tags import check_column, tags_of, with_tags
from ..vocabulary import NONE, UNKNOWN, Vocabulary, json_field

# Chosen on EWT (docs/text.md): the neighbours help a network that reads in one direction, and harm none
FEATURES = ("shape", "suffix1", "suffix2", "suffix3", "prefix3", "previous suffix3", "next suffix3")
NEIGHBOUR = {"previous": 1, "next": -1}  # how far its values move to stand beside the word


def _ends(n: int, which: slice) -> dict[str, Callable[[str], str]]:
    name = "suffix" if which.start else "prefix"
    return {f"{name}{n}": lambda form: normal(form)[which]}


SPELLING: dict[str, Callable[[str], str]] = {"shape": shape, "word": normal}
for _n in (1, 2, 3, 4):
    SPELLING |= _ends(_n, slice(-_n, None)) | _ends(_n, slice(None, _n))


class Tagging:
    """What a tagger knows of its training data: nine lists. Made by `fit`, or `from_json`.

    tags     : the classes, in the order of the alphabet: `tags[c]` belongs to label c
    features : names of the columns after the word: "shape", "prefix1" to "prefix4", "suffix1" to "suffix4", or
        one of them after "previous " or "next "; of a short word an affix is the whole word
    vocabularies : one for the words, as `normal` spells them, and one for each feature
    """

    def __init__(
        self, tags: Sequence[str], features: Sequence[str], vocabularies: Sequence[Vocabulary], column: str
    ):
        self.tags = tuple(tags)
        self.features = tuple(features)
        self.vocabularies = tuple(vocabularies)
        self.column = check_column(column)
        self._labels = {tag: label for label, tag in enumerate(self.tags)}
        self._columns = [
            (_lookup(value, vocabulary), move)
            for (value, move), vocabulary in zip(map(_template, ("word", *self.features)), self.vocabularies)
        ]

    @classmethod
    def fit(
        cls,
        sentences: Sequence[Sentence],
        *,
        column: str = "xpos",
        features: Sequence[str] = FEATURES,
        min_count: int = 1,
        min_feature: int = 2,
    ) -> Tagging:
        """Learn tags and vocabularies from the training part, and from nothing else.

        column      : "xpos" (English: Penn tags), or "upos"
        min_count   : rarer words are unknown from the start; the default keeps all, for `with_unknown`
        min_feature : rarer values of a feature are unknown, and so train the unknown id

        Raises BadInput for words without a tag, and for the name of no feature.
        """
        pairs = list(with_tags(sentences, check_column(column)))
        tags = sorted(set(chain.from_iterable(tags for _, tags in pairs)))
        forms = Counter(chain.from_iterable(sentence.forms for sentence, _ in pairs))
        vocabularies = []
        for name, least in (("word", min_count), *((name, min_feature) for name in features)):
            value, _ = _template(name)
            counts: Counter[str] = Counter()
            for form, count in forms.items():
                counts[value(form)] += count
            vocabularies.append(Vocabulary.fit(counts, least))
        return cls(tags, features, vocabularies, column)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of the embedding table of each column."""
        return tuple(map(len, self.vocabularies))

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns that belong to each table: one."""
        return (1,) * len(self.vocabularies)

    def encode(self, sentence: Sentence) -> npt.NDArray[np.int32]:
        """Ids, int32 (words, 1 + features), each column in the vocabulary of its own."""
        x = np.empty((len(sentence), len(self._columns)), np.int32)
        for column, (lookup, move) in enumerate(self._columns):
            ids = [lookup(form) for form in sentence.forms]
            if move > 0:
                ids = [NONE, *ids[:-1]]
            elif move < 0:
                ids = [*ids[1:], NONE]
            x[:, column] = ids
        return x

    def labels(self, sentence: Sentence) -> npt.NDArray[np.int64]:
        """The class of each word's tag, int64 (words,); -1 for a tag that training did not have: always wrong."""
        return np.array([self._labels.get(tag, -1) for tag in tags_of(sentence, self.column)], np.int64)

    def names(self, labels: Iterable[int]) -> tuple[str, ...]:
        """The tags of predicted classes. Raises BadInput for a number that is no class."""
        found = [int(label) for label in labels]
        for label in found:
            if not 0 <= label < len(self.tags):
                raise BadInput(f"label {short(label)} is none of 0..{len(self.tags) - 1}")
        return tuple(self.tags[label] for label in found)

    def with_unknown(
        self, x: npt.NDArray[np.int32], rng: np.random.Generator, share: float = 0.5
    ) -> npt.NDArray[np.int32]:
        """A copy of encoded words for one pass of training, in which rare words are unknown now and then.

        Each word that occurred a single time in training becomes unknown with probability `share`; its
        features stay. So the network learns to tag words it does not know by their spelling, and still learns
        something of each rare word. One number is drawn from `rng` for every word, rare or not.
        """
        out = x.copy()
        drawn = rng.random(len(x)) < check_float("share", share, 0, 1)
        out[drawn & (x[:, 0] >= self.vocabularies[0].once), 0] = UNKNOWN
        return out

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file beside the weights."""
        return {
            "column": self.column,
            "tags": list(self.tags),
            "features": list(self.features),
            "vocabularies": [vocabulary.as_json() for vocabulary in self.vocabularies],
        }

    @classmethod
    def from_json(cls, value: Any) -> Tagging:
        """The same as was described by `as_json`. Raises BadInput for anything else."""
        what = "what a tagger knows"
        column, tags, features, vocabularies = (
            json_field(value, key, kind, what)
            for key, kind in (("column", str), ("tags", list), ("features", list), ("vocabularies", list))
        )
        if not tags or not all(isinstance(text, str) for text in (*tags, *features)):
            raise BadInput(
                f"{what}: tags and features must be texts, and one tag at least; the file is damaged"
            )
        if len(vocabularies) != 1 + len(features):
            raise BadInput(
                f"{what}: {len(vocabularies)} vocabularies for a word and {len(features)} features"
            )
        return cls(tags, features, [Vocabulary.from_json(v, what) for v in vocabularies], column)


def _lookup(value: Callable[[str], str], vocabulary: Vocabulary) -> Callable[[str], int]:
    """form -> id. The commonest forms are remembered: most words of a text are among a few thousand."""
    return lru_cache(maxsize=1 << 16)(lambda form: vocabulary.get(value(form), UNKNOWN))


def _template(name: str) -> tuple[Callable[[str], str], int]:
    """(value of a word, how far to move it) of a feature. Raises BadInput for the name of none."""
    place, _, spelling = name.rpartition(" ")
    if spelling not in SPELLING or place not in ("", *NEIGHBOUR):
        raise unknown("feature", name, [*SPELLING, *(f"{p} {s}" for p in NEIGHBOUR for s in SPELLING)])
    return SPELLING[spelling], NEIGHBOUR.get(place, 0)
