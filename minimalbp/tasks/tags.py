"""Part-of-speech tags of sentences: which column, whether they are there, how many are right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..data import Sentence
from ..errors import BadInput, unknown

TAG_COLUMNS = ("xpos", "upos")
MISSING = "_"


def check_column(column: str) -> str:
    """`column`, if it is one of tags. Raises BadInput."""
    if column not in TAG_COLUMNS:
        raise unknown("column of tags", column, TAG_COLUMNS)
    return column


def tags_of(sentence: Sentence, column: str) -> tuple[str, ...]:
    """The tags of a sentence: `xpos` or `upos`."""
    return sentence.xpos if column == "xpos" else sentence.upos


def with_tags(sentences: Iterable[Sentence], column: str) -> Iterator[tuple[Sentence, tuple[str, ...]]]:
    """Each sentence with its tags. Raises BadInput if there is none, or a word without a tag."""
    number = 0
    for number, sentence in enumerate(sentences, 1):
        tags = tags_of(sentence, column)
        if MISSING in tags:
            other = next(c for c in TAG_COLUMNS if c != column)
            raise BadInput(
                f"sentence {number}: word {tags.index(MISSING) + 1} has no {column} tag; "
                f"give tags in that column or use {other}"
            )
        yield sentence, tags
    if not number:
        raise BadInput("no sentences with tags; give at least one")


def tag_accuracy(gold: Sequence[Sentence], predicted: Sequence[Sequence[str]], column: str = "xpos") -> float:
    """Share of words, 0..1, whose predicted tag is that of `gold`; every word counts, punctuation too.

    predicted : for each sentence a tag for each word. Raises BadInput where the numbers differ, and where the
        treebank has no tag.
    """
    if not gold or len(gold) != len(predicted):
        raise BadInput(
            f"{len(predicted)} tagged sentences for {len(gold)} of the treebank; give one for each"
        )
    right = total = 0
    known = with_tags(gold, check_column(column))
    for number, ((sentence, gold_tags), tags) in enumerate(zip(known, predicted), 1):
        if len(tags) != len(sentence):
            raise BadInput(
                f"sentence {number}: {len(tags)} tags for {len(sentence)} words; give one for each"
            )
        right += sum(a == b for a, b in zip(gold_tags, tags))
        total += len(sentence)
    return right / total
