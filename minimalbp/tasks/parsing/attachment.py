"""Attachment scores, after the rules of the CoNLL 2018 shared task for gold words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...data import Sentence
from ...data.treebank.sentence import NO_HEAD
from ...errors import BadInput


@dataclass(frozen=True)
class Attachment:
    """Shares in 0..1 of the `words` that were counted.

    uas : words with the right head
    las : words with the right head and the right universal relation: what follows a colon is not compared
    """

    uas: float
    las: float
    words: int


def attachment(
    gold: Sequence[Sentence], predicted: Sequence[Sentence], *, punctuation: bool = True
) -> Attachment:
    """Compare trees over the same words.

    punctuation : False leaves out words whose gold universal tag is PUNCT, as papers on the Penn Treebank leave
        out punctuation (by its Penn tags, which do not count brackets and hyphens); never compare the two kinds

    Raises BadInput where the sentences are not the same, or no word is left to count.
    """
    if len(gold) != len(predicted):
        raise BadInput(
            f"{len(predicted)} parsed sentences for {len(gold)} of the treebank; give one for each"
        )
    heads = both = words = 0
    for number, (right, found) in enumerate(zip(gold, predicted), 1):
        if right.forms != found.forms:
            raise BadInput(
                f"sentence {number} has other words than the treebank's; parse the treebank's own words"
            )
        if NO_HEAD in right.heads:
            raise BadInput(f"sentence {number} of the treebank lacks heads to compare with; give gold trees")
        columns = zip(right.upos, right.heads, right.rels, found.heads, found.rels)
        for upos, gold_head, gold_rel, head, rel in columns:
            if not punctuation and upos == "PUNCT":
                continue
            words += 1
            if head == gold_head:
                heads += 1
                both += rel.partition(":")[0] == gold_rel.partition(":")[0]
    if not words:
        raise BadInput("no word to count; give sentences, with words other than punctuation")
    return Attachment(heads / words, both / words, words)
