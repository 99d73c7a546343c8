"""Attachment scores, after the rules of the CoNLL 2018 shared task for gold words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...data import Sentence
from ...data.treebank.sentence import NO_HEAD
from ...errors import BadInput


@dataclass(frozen=True)
class Attachment:
    """Attachment scores.

    Parameters
    ----------
    uas : float
        Unlabelled: the share of words with the right head, 0..1.
    las : float
        Labelled: the share of words with the right head and the right relation. What follows a colon in a relation
        is not compared.
    words : int
        How many words were counted.
    """

    uas: float
    las: float
    words: int


def attachment(
    gold: Sequence[Sentence], predicted: Sequence[Sentence], *, punctuation: bool = True
) -> Attachment:
    """The attachment scores of predicted trees.

    Parameters
    ----------
    gold : sequence of Sentence
        Sentences of the treebank.
    predicted : sequence of Sentence
        The same words with predicted heads and relations.
    punctuation : bool, default True
        False leaves out words whose gold universal tag is PUNCT. Papers on the Penn Treebank leave punctuation out
        too, but by Penn tags, which do not count brackets and hyphens. Scores of different kinds do not compare.

    Returns
    -------
    Attachment

    Raises
    ------
    BadInput
        Where the sentences have other words, gold has a word without a head, or no word is left to count.

    References
    ----------
    Zeman et al. (2018), "CoNLL 2018 Shared Task: Multilingual Parsing from Raw Text to Universal Dependencies".

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(("dogs", "bark", "loudly"), heads=(2, 0, 2), rels=("nsubj", "root", "advmod"))
    >>> found = gold.changed(heads=[2, 0, 1], rels=["obj", "root", "advmod"])
    >>> score = mbp.attachment([gold], [found])
    >>> f"{score.uas:.2f} {score.las:.2f}"  # the head of "loudly" is wrong, and the relation of "dogs"
    '0.67 0.33'
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
