"""The least a tagger must beat: for each word the tag it most often has in training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from ...data import Sentence
from ..tags import check_column, with_tags


class MostFrequentTag:
    """Tags by the spelling of the word alone; words not seen in training get the most frequent tag of all.

    column : "xpos" (default) or "upos"; of tags equally frequent the first in the alphabet is taken.
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
