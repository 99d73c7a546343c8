"""Part-of-speech tagging: a word and seven features of its spelling as eight ids, and the tag as a class.

meProp's tagger reads "1 word and 7 features" (section 4 of the paper). The paper does not list the features, so
ours were chosen on the dev part of EWT (docs/text.md has the figures).
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

# The neighbours' suffixes help a network that reads in one direction, and do no harm to others
FEATURES = ("shape", "suffix1", "suffix2", "suffix3", "prefix3", "previous suffix3", "next suffix3")
NEIGHBOUR = {"previous": 1, "next": -1}  # how many rows its values move to reach the word's row


def _ends(n: int, which: slice) -> dict[str, Callable[[str], str]]:
    name = "suffix" if which.start else "prefix"
    return {f"{name}{n}": lambda form: normal(form)[which]}


SPELLING: dict[str, Callable[[str], str]] = {"shape": shape, "word": normal}
for _n in (1, 2, 3, 4):
    SPELLING |= _ends(_n, slice(-_n, None)) | _ends(_n, slice(None, _n))


class Tagging:
    """The tags and vocabularies of a tagger, which encode words and tags as numbers.

    `fit` learns them from the training part of a treebank; `from_json` reads those of a trained network.

    Parameters
    ----------
    tags : sequence of str
        The classes, in alphabetical order: `tags[c]` has the label c.
    features : sequence of str
        Names of the columns after the word: "shape", "word", "prefix1" to "prefix4" or "suffix1" to "suffix4" of
        the word, or the same of a neighbour, such as "previous suffix3" or "next shape". An affix of a word that is
        not longer is the whole word.
    vocabularies : sequence of Vocabulary
        One for the words, in lower case with digits as 0, and one for each feature.
    column : {"xpos", "upos"}
        The tags that the tagger learns.

    Raises
    ------
    BadInput
        For another column, and for an unknown feature.

    References
    ----------
    Sun et al. (2017), "meProp", arXiv:1706.06197, section 4: a word and seven features.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> train = mbp.Sentence(("Dogs", "bark", "at", "dogs"), xpos=("NNS", "VBP", "IN", "NNS"))
    >>> tagging = mbp.Tagging.fit([train], features=["shape", "suffix1"], min_feature=1)
    >>> tagging.tags
    ('IN', 'NNS', 'VBP')
    >>> tagging.labels(train)
    array([1, 2, 0, 1])
    >>> tagging.encode(train)  # one word occurs twice in two shapes; ids of entries begin at 3
    array([[3, 4, 3],
           [5, 3, 4],
           [4, 3, 5],
           [3, 3, 3]], dtype=int32)
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
        """Learn tags and vocabularies from the training part.

        Parameters
        ----------
        sentences : sequence of Sentence
            With tags.
        column : {"xpos", "upos"}, default "xpos"
            The treebank's own tags (in English those of the Penn Treebank), or universal ones.
        features : sequence of str
            Names of the columns after the word; by default the seven in `FEATURES`.
        min_count : int, default 1
            Rarer words are unknown. By default all are known, and `with_unknown` trains the unknown word.
        min_feature : int, default 2
            Rarer values of a feature are unknown, and train the embedding of the unknown value.

        Returns
        -------
        Tagging

        Raises
        ------
        BadInput
            For a word without a tag, and for an unknown feature.
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

    def encode(self, sentence: Sentence) -> npt.NDArray[np.int32]:
        """The ids of words and features, int32 (words, 1 + features), each column in its own vocabulary."""
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
        """The class of each word's tag, int64 (words,); -1, which is never right, for a tag unknown to `fit`."""
        return np.array([self._labels.get(tag, -1) for tag in tags_of(sentence, self.column)], np.int64)

    def names(self, labels: Iterable[int]) -> tuple[str, ...]:
        """The tags of predicted classes. Raises BadInput for a number that is not a class."""
        found = [int(label) for label in labels]
        for label in found:
            if not 0 <= label < len(self.tags):
                raise BadInput(f"labels must be in 0..{len(self.tags) - 1}, not {short(label)}")
        return tuple(self.tags[label] for label in found)

    def with_unknown(
        self, x: npt.NDArray[np.int32], rng: np.random.Generator, share: float = 0.5
    ) -> npt.NDArray[np.int32]:
        """A copy of encoded words for one pass of training, in which some rare words are unknown.

        So the network learns to tag unknown words by their spelling, and still learns something of each rare word.

        Parameters
        ----------
        x : array of int32, shape (words, 1 + features)
            As `encode` returns it.
        rng : numpy.random.Generator
            One number is drawn for every word, rare or not.
        share : float, default 0.5
            Probability that a word becomes unknown if it occurs once in the training part. Its features stay.

        Returns
        -------
        array of int32, shape (words, 1 + features)
        """
        out = x.copy()
        drawn = rng.random(len(x)) < check_float("share", share, 0, 1)
        out[drawn & (x[:, 0] >= self.vocabularies[0].once), 0] = UNKNOWN
        return out

    def as_json(self) -> dict[str, Any]:
        """Tags and vocabularies as JSON, for a file beside the weights."""
        return {
            "column": self.column,
            "tags": list(self.tags),
            "features": list(self.features),
            "vocabularies": [vocabulary.as_json() for vocabulary in self.vocabularies],
        }

    @classmethod
    def from_json(cls, value: Any) -> Tagging:
        """The tags and vocabularies that `as_json` described. Raises BadInput for anything else."""
        what = "the vocabularies of a tagger"
        column, tags, features, vocabularies = (
            json_field(value, key, kind, what)
            for key, kind in (("column", str), ("tags", list), ("features", list), ("vocabularies", list))
        )
        if not tags or not all(isinstance(text, str) for text in (*tags, *features)):
            raise BadInput(
                f"{what}: tags and features must be texts, with at least one tag; the file is damaged"
            )
        if len(vocabularies) != 1 + len(features):
            raise BadInput(
                f"{what}: there must be {1 + len(features)} of them, not {len(vocabularies)}; the file is damaged"
            )
        return cls(tags, features, [Vocabulary.from_json(v, what) for v in vocabularies], column)


def _lookup(value: Callable[[str], str], vocabulary: Vocabulary) -> Callable[[str], int]:
    """A function from a form to its id, which remembers ids: most words of a text are among a few thousand."""
    return lru_cache(maxsize=1 << 16)(lambda form: vocabulary.get(value(form), UNKNOWN))


def _template(name: str) -> tuple[Callable[[str], str], int]:
    """The value of a word, and how many rows to move it, for a feature. Raises BadInput for an unknown one."""
    neighbour, _, spelling = name.rpartition(" ")
    if spelling not in SPELLING or neighbour not in ("", *NEIGHBOUR):
        raise unknown("feature", name, [*SPELLING, *(f"{n} {s}" for n in NEIGHBOUR for s in SPELLING)])
    return SPELLING[spelling], NEIGHBOUR.get(neighbour, 0)
