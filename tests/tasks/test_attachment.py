"""UAS and LAS: on cases small enough to count by hand, and against a second opinion on texts of CoNLL-U."""

import conll18
import pytest
from helpers import refused
from hypothesis import given
from hypothesis import strategies as st
from trees import any_tree, conllu, layouts, sentence

from minimalbp.data import format_conllu, parse_conllu, read_conllu, write_conllu
from minimalbp.tasks import attachment

GOLD = (
    sentence("The/D/2/det dog/N/3/nsubj barks/V/0/root ./P/3/punct"),
    sentence("Dogs/N/2/nsubj:pass bark/V/0/root"),
)


def shares(found):
    return found.uas, found.las, found.words


def test_gold_is_perfect():
    assert shares(attachment(GOLD, GOLD)) == (1, 1, 6)
    assert shares(attachment(GOLD, GOLD, punctuation=False)) == (1, 1, 5)


def test_heads_and_relations_are_counted():
    found = [GOLD[0].changed(heads=[3, 3, 0, 2], rels=["det", "obj", "root", "punct"]), GOLD[1]]
    # wrong heads: the, the full stop; wrong relation with the right head: dog
    assert shares(attachment(GOLD, found)) == (4 / 6, 3 / 6, 6)
    assert shares(attachment(GOLD, found, punctuation=False)) == (4 / 5, 3 / 5, 5)


@pytest.mark.parametrize(
    "rel, las", [("nsubj", 1), ("nsubj:outer", 1), ("nsubj:pass", 1), ("nsub", 0.5), ("obj", 0.5)]
)
def test_what_follows_the_colon_is_not_compared(rel, las):
    found = [GOLD[1].changed(rels=[rel, "root"])]
    assert shares(attachment(GOLD[1:], found)) == (1, las, 2)


def test_a_right_relation_on_a_wrong_head_counts_nothing():
    found = [GOLD[1].changed(heads=[0, 1])]
    assert shares(attachment(GOLD[1:], found)) == (0, 0, 2)


# --- texts of CoNLL-U -----------------------------------------------------------------------------------------

FIXTURE = conllu(
    "1 She PRON PRP 4 nsubj",
    "2-3 doesn't _ _ _ _",
    "2 does AUX VBZ 4 aux",
    "3 n't PART RB 4 advmod",
    "3.1 ever ADV RB _ _",
    "4 sleep VERB VB 0 root",
    "5 . PUNCT . 4 punct",
) + conllu("0.1 I PRON PRP _ _", "1 Thanks NOUN NNS 0 root")


def test_a_text_counted_by_hand(tmp_path):
    """She 4 nsubj:pass: right, the subtype is not compared. does 0 root: wrong. n't 4 aux: the head alone is right.
    sleep 2 xcomp: the root is missed, wrong. "." 4 punct: right, and counted. Thanks 0 root: right.

    Of 6 words (doesn't and the two empty nodes are none) 4 heads, 3 of them with the relation; without the full
    stop of 5 words 3 and 2. By sentence, (3/5 + 1) / 2, would be another figure.
    """
    (tmp_path / "gold.conllu").write_text(FIXTURE, encoding="utf-8")
    gold = read_conllu(tmp_path / "gold.conllu")
    first = gold[0].changed(heads=[4, 0, 4, 2, 4], rels=["nsubj:pass", "root", "aux", "xcomp", "punct"])
    write_conllu(tmp_path / "found.conllu", [first, gold[1]])
    found = read_conllu(tmp_path / "found.conllu")
    written = (tmp_path / "found.conllu").read_text(encoding="utf-8")
    assert shares(attachment(gold, found)) == conll18.scores(FIXTURE, written) == (4 / 6, 3 / 6, 6)
    assert shares(attachment(gold, found, punctuation=False)) == (3 / 5, 2 / 5, 5)


RELATIONS = st.sampled_from(["nsubj", "nsubj:pass", "nsubj:outer", "obl", "obl:tmod", "punct", "root"])


@st.composite
def pairs(draw):
    """A sentence of gold and what somebody predicts, as (heads, relations), and both as texts of the same lines."""
    heads = draw(any_tree())
    n = len(heads)
    rels = draw(st.lists(RELATIONS, min_size=n, max_size=n))
    # no tree as a rule: roots that are wrong, several, or none
    other = [draw(st.just(head) | st.integers(0, n)) for head in heads]
    names = [draw(st.just(rel) | RELATIONS) for rel in rels]
    upos = draw(st.lists(st.sampled_from(["NOUN", "PUNCT"]), min_size=n, max_size=n))
    ids = draw(layouts(n))

    def text(heads, rels):
        columns = {str(i): f"{u} X {h} {r}" for i, (u, h, r) in enumerate(zip(upos, heads, rels), 1)}
        return conllu(*(f"{i} w{i} {columns.get(i, '_ _ _ _')}" for i in ids))

    return text(heads, rels), text(other, names), other, names


@given(st.lists(pairs(), min_size=1, max_size=4))
def test_scores_are_those_of_a_second_opinion(sentences):
    """The package reads, takes a prediction, writes and counts: what comes out is what the lines say."""
    texts, others, heads, rels = zip(*sentences)
    text, other = "".join(texts), "".join(others)
    gold = parse_conllu(text.encode())
    found = [s.changed(heads=h, rels=r) for s, h, r in zip(gold, heads, rels)]
    assert format_conllu(found) == other  # a prediction stands in the lines of its own words
    assert parse_conllu(other.encode(), trees=False) == tuple(found)
    assert shares(attachment(gold, found)) == conll18.scores(text, other)


def test_refused():
    refused(lambda: attachment(GOLD, GOLD[:1]), "1 parsed sentences for 2 of the treebank")
    refused(lambda: attachment(GOLD[:1], GOLD[1:]), "sentence 1 has other words")
    bare = [GOLD[1].changed(heads=[-1, 0])]
    refused(lambda: attachment(bare, bare), "sentence 1 of the treebank lacks heads")
    refused(lambda: attachment([], []), "no word to count")
    stop = [sentence("./P/0/root")]
    assert attachment(stop, stop).words == 1
    refused(lambda: attachment(stop, stop, punctuation=False), "no word to count")
