"""UAS and LAS on cases small enough to count by hand."""

import pytest
from helpers import refused
from trees import sentence

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


def test_refused():
    refused(lambda: attachment(GOLD, GOLD[:1]), "1 parsed sentences for 2 of the treebank")
    refused(lambda: attachment(GOLD[:1], GOLD[1:]), "sentence 1 has other words")
    bare = [GOLD[1].changed(heads=[-1, 0])]
    refused(lambda: attachment(bare, bare), "sentence 1 of the treebank lacks heads")
    refused(lambda: attachment([], []), "no word to count")
    stop = [sentence("./P/0/root")]
    assert attachment(stop, stop).words == 1
    refused(lambda: attachment(stop, stop, punctuation=False), "no word to count")
