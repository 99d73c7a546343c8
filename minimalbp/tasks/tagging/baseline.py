"""The baseline that a tagger must beat: each word gets the tag that it has most often in training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ...data import Sentence
from ..tags import check_column, with_tags


class MostFrequentTag:
    """Gives each word the tag that it has most often in training, and other words the most frequent tag of all.

    Parameters
    ----------
    sentences : iterable of Sentence
        The training part, with tags. Of equally frequent tags the first in the alphabet is taken.
    column : {"xpos", "upos"}, default "xpos"
        The tags.

    Raises
    ------
    BadInput
        For another column, for no sentences, and for a word without a tag.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> baseline = mbp.MostFrequentTag([mbp.Sentence(("dogs", "bark", "dogs"), xpos=("NNS", "VBP", "NNS"))])
    >>> baseline.tag(mbp.Sentence(("cats", "bark")))
    ('NNS', 'VBP')
    """

    def __init__(self, sentences: Iterable[Sentence], column: str = "xpos"):
        self.column = check_column(column)
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        overall: Counter[str] = Counter()
        for sentence, tags in with_tags(sentences, column):
            overall.update(tags)
            for form, tag in zip(sentence.forms, tags):
                counts[form][tag] += 1
        self.best = {form: _most(seen) for form, seen in counts.items()}
        self.otherwise = _most(overall)

    def tag(self, sentence: Sentence) -> tuple[str, ...]:
        """A tag for each word."""
        return tuple(self.best.get(form, self.otherwise) for form in sentence.forms)


def _most(seen: Counter[str]) -> str:
    return min(seen, key=lambda tag: (-seen[tag], tag))
