"""Part-of-speech tags of sentences: their column, those that are missing, and the share that is right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..data import Sentence
from ..errors import BadInput, unknown

TAG_COLUMNS = ("xpos", "upos")
MISSING = "_"


def check_column(column: str) -> str:
    """`column`. Raises BadInput unless it is a column of tags."""
    if column not in TAG_COLUMNS:
        raise unknown("column of tags", column, TAG_COLUMNS)
    return column


def tags_of(sentence: Sentence, column: str) -> tuple[str, ...]:
    """The tags of a sentence in that column."""
    return sentence.xpos if column == "xpos" else sentence.upos


def with_tags(sentences: Iterable[Sentence], column: str) -> Iterator[tuple[Sentence, tuple[str, ...]]]:
    """Each sentence with its tags. Raises BadInput for no sentences, and for a word without a tag."""
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
    """The share of words whose predicted tag is right, 0..1. Every word counts, punctuation too.

    Parameters
    ----------
    gold : sequence of Sentence
        Sentences of the treebank.
    predicted : sequence of sequence of str
        For each sentence a tag for each word.
    column : {"xpos", "upos"}, default "xpos"
        The tags of `gold` to compare with.

    Returns
    -------
    float

    Raises
    ------
    BadInput
        Where the numbers of sentences or words differ, or `gold` has no sentence or a word without a tag.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(("dogs", "bark", "loudly", "."), xpos=("NNS", "VBP", "RB", "."))
    >>> mbp.tag_accuracy([gold], [("NNS", "NN", "RB", ".")])
    0.75
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
