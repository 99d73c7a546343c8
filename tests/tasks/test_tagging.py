"""Tagging: ids of words and features, unknown words, JSON, and the most frequent tag."""

import json
import re

import numpy as np
import pytest
from helpers import JIT_ONLY, refused
from hypothesis import given
from hypothesis import strategies as st
from trees import sentence

from minimalbp.tasks import MostFrequentTag, Tagging, tag_accuracy
from minimalbp.tasks.spelling import normal, shape
from minimalbp.tasks.tagging.encoding import FEATURES, SPELLING
from minimalbp.tasks.vocabulary import FIRST, NONE, ROOT, UNKNOWN, Vocabulary

TRAIN = (
    sentence("The/D/2/det dog/N/3/nsubj barks/V/0/root"),
    sentence("the/D/2/det dogs/N/3/nsubj bark/V/0/root in/I/5/case 1999/C/3/obl"),
    sentence("the/D/2/det bark/N/0/root"),
)

# --- vocabularies ---------------------------------------------------------------------------------------------


def test_ids_by_frequency_then_alphabet():
    v = Vocabulary.fit({"b": 2, "z": 1, "a": 2, "y": 1, "c": 3})
    assert v.entries == ("c", "a", "b", "y", "z")
    assert (UNKNOWN, NONE, ROOT, FIRST) == (0, 1, 2, 3)
    assert [v.id(t) for t in ("c", "a", "z", "new", "<unk>")] == [3, 4, 7, 0, 0]
    assert (len(v), v.n_once, v.once) == (8, 2, 6)
    assert v.text(7) == "z"
    refused(lambda: v.text(2), "id 2 has no entry; ids of entries are 3 to 7")
    refused(lambda: v.text(8), "id 8 has no entry")


def test_a_frequency_cut():
    v = Vocabulary.fit({"b": 2, "z": 1, "c": 3}, min_count=2)
    assert (v.entries, v.n_once, v.once) == (("c", "b"), 0, 5)
    refused(lambda: Vocabulary.fit({"a": 1}, min_count=0), "min_count must be at least 1")


@given(st.dictionaries(st.text(), st.integers(1, 3)))
def test_a_vocabulary_as_json(counts):
    v = Vocabulary.fit(counts)
    again = Vocabulary.from_json(json.loads(json.dumps(v.as_json())))
    assert (again.entries, again.n_once, again.ids) == (v.entries, v.n_once, v.ids)
    assert all(v.text(v.id(text)) == text for text in counts)
    assert {text for text in counts if v.id(text) >= v.once} == {
        t for t, count in counts.items() if count == 1
    }


@pytest.mark.parametrize(
    "value, fragment",
    [
        (None, "'entries' must be of type list, not None"),
        ({"entries": ["a"]}, "'n_once' must be of type int, not None"),
        ({"entries": ["a"], "n_once": True}, "'n_once' must be of type int, not True"),
        ({"entries": ["a"], "n_once": 2}, "n_once 2 of 1 entries"),
        ({"entries": ["a", "a"], "n_once": 0}, "entries must be different texts"),
        ({"entries": ["a", 1], "n_once": 0}, "entries must be different texts"),
    ],
)
def test_a_damaged_vocabulary(value, fragment):
    refused(lambda: Vocabulary.from_json(value, "tagger.json"), "tagger.json: ", fragment, "damaged")


# --- spelling -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form, norm, kind",
    [
        ("Dog", "dog", "Xx"), ("NATO", "nato", "X"), ("I-95", "i-00", "X-0"), ("1,999.50", "0,000.00", "0,0.0"),
        ("McDonald's", "mcdonald's", "XxXx'x"), ("...", "...", "."), ("Čapek", "čapek", "Xx"), ("ß", "ß", "x"),
        ("日本", "日本", "x"), ("a\nb", "a\nb", "x\nx"),
    ],
)  # fmt: skip
def test_normal_form_and_shape(form, norm, kind):
    assert (normal(form), shape(form)) == (norm, kind)


@given(st.text(min_size=1))
def test_every_spelling_has_a_value(form):
    for name, value in SPELLING.items():
        assert isinstance(value(form), str) and value(form), name
    assert re.search(r"[1-9]", normal(form)) is None
    assert SPELLING["suffix3"](form) == normal(form)[-3:]
    assert SPELLING["prefix2"](form) == normal(form)[:2]


# --- encoding -------------------------------------------------------------------------------------------------


def test_columns_are_the_word_and_seven_features():
    tagging = Tagging.fit(TRAIN)
    x = tagging.encode(TRAIN[1])
    assert (x.shape, x.dtype) == ((5, 8), np.int32)
    assert len(tagging.sizes) == 8
    words = tagging.vocabularies[0]
    # "the" three times, "bark" twice, the rest once
    assert words.entries == ("the", "bark", "0000", "barks", "dog", "dogs", "in")
    assert x[:, 0].tolist() == [3, 8, 4, 9, 5]
    assert [words.n_once, words.once] == [5, 5]
    # shapes: x seven times, Xx and 0 once, which is too rare for a feature
    assert tagging.vocabularies[1].entries == ("x",)
    assert x[:, 1].tolist() == [3, 3, 3, 3, UNKNOWN]
    # suffix1: e 3, k 2, s 2; g, n and 0 once
    assert tagging.vocabularies[2].entries == ("e", "k", "s")
    assert x[:, 2].tolist() == [3, 5, 4, UNKNOWN, UNKNOWN]
    # prefix3: bar 3, the 3, dog 2
    assert tagging.vocabularies[5].entries == ("bar", "the", "dog")
    assert x[:, 5].tolist() == [4, 5, 3, UNKNOWN, UNKNOWN]
    # suffix3 of the word, of the one before and of the one after: the 3, ark 2
    assert [tagging.vocabularies[c].entries for c in (4, 6, 7)] == [("the", "ark")] * 3
    assert x[:, 4].tolist() == [3, UNKNOWN, 4, UNKNOWN, UNKNOWN]
    assert x[:, 6].tolist() == [NONE, 3, UNKNOWN, 4, UNKNOWN]
    assert x[:, 7].tolist() == [UNKNOWN, 4, UNKNOWN, UNKNOWN, NONE]


def test_neighbours_stand_beside_the_word():
    tagging = Tagging.fit(TRAIN, features=("word", "previous word", "next word"))
    x = tagging.encode(TRAIN[2])
    assert tagging.vocabularies[1].entries == ("the", "bark")
    assert x[:, 1:].tolist() == [[3, NONE, 4], [4, 3, NONE]]
    assert Tagging.fit(TRAIN, features=()).encode(TRAIN[0]).shape == (3, 1)


def test_words_that_training_did_not_have():
    tagging = Tagging.fit(TRAIN)
    x = tagging.encode(sentence("Cats/N/2/nsubj bark/Z/0/root 1066/C/2/obl"))
    assert x[:, 0].tolist() == [UNKNOWN, 4, 5]  # 1066 is 0000, as 1999 was
    # known by its last letter, and by the word after it
    assert x[0, 1:].tolist() == [UNKNOWN, 5, UNKNOWN, UNKNOWN, UNKNOWN, NONE, 4]
    assert tagging.labels(sentence("bark/Z/0/root bark/V/1/x")).tolist() == [-1, tagging.tags.index("V")]


def test_labels_and_names():
    tagging = Tagging.fit(TRAIN)
    assert tagging.tags == ("C", "D", "I", "N", "V")
    labels = tagging.labels(TRAIN[1])
    assert (labels.dtype, labels.tolist()) == (np.int64, [1, 3, 4, 2, 0])
    assert tagging.names(labels) == TRAIN[1].xpos
    refused(lambda: tagging.names([5]), "labels must be in 0..4, not 5")
    refused(lambda: tagging.names([-1]), "labels must be in 0..4, not -1")
    upos = Tagging.fit(TRAIN, column="upos")
    assert upos.tags == ("DET", "NOUN", "VERB", "X")
    assert upos.names(upos.labels(TRAIN[0])) == TRAIN[0].upos


def test_rare_words_become_unknown_in_training():
    tagging = Tagging.fit(TRAIN)
    x = np.repeat(tagging.encode(TRAIN[1]), 400, axis=0)
    before = x.copy()
    out = tagging.with_unknown(x, np.random.default_rng(0))
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(out[:, 1:], x[:, 1:])
    changed = (out[:, 0] != x[:, 0]).reshape(5, 400)
    assert (out[:, 0][changed.ravel()] == UNKNOWN).all()
    assert changed.mean(axis=1)[[0, 2]].tolist() == [0, 0]  # "the" and "bark" are frequent
    assert ((changed.mean(axis=1)[[1, 3, 4]] > 0.4) & (changed.mean(axis=1)[[1, 3, 4]] < 0.6)).all()
    np.testing.assert_array_equal(out, tagging.with_unknown(x, np.random.default_rng(0)))
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(tagging.with_unknown(x, rng, share=0), x)
    assert (tagging.with_unknown(x, rng, share=1)[:, 0] == UNKNOWN).sum() == 1200
    refused(lambda: tagging.with_unknown(x, rng, share=1.5), "share must be a number in [0, 1], not 1.5")


def test_a_tagger_as_json():
    for column, features in (("xpos", FEATURES), ("upos", ("word",))):
        tagging = Tagging.fit(TRAIN, column=column, features=features)
        again = Tagging.from_json(json.loads(json.dumps(tagging.as_json())))
        assert again.as_json() == tagging.as_json()
        assert again.tags == tagging.tags
        for s in TRAIN:
            np.testing.assert_array_equal(again.encode(s), tagging.encode(s))
            np.testing.assert_array_equal(again.labels(s), tagging.labels(s))


@pytest.mark.parametrize(
    "change, fragment",
    [
        ({"tags": []}, "at least one tag"),
        ({"tags": [1]}, "must be texts"),
        ({"features": ["shape"]}, "there must be 2 of them, not 8"),
        ({"features": ["shape"] * 6 + ["sufix3"]}, "unknown feature 'sufix3'; did you mean 'suffix3'?"),
        ({"column": "xpoz"}, "unknown column of tags 'xpoz'; did you mean 'xpos'?"),
        ({"vocabularies": [None] * 8}, "'entries' must be of type list, not None"),
        ({"vocabularies": 3}, "'vocabularies' must be of type list, not 3"),
    ],
)
def test_a_damaged_tagger(change, fragment):
    refused(lambda: Tagging.from_json(Tagging.fit(TRAIN).as_json() | change), fragment)
    refused(
        lambda: Tagging.from_json([]), "the vocabularies of a tagger: 'column' must be of type str, not None"
    )


def test_what_no_tagger_learns_from():
    untagged = TRAIN[0].changed(xpos=("D", "_", "V"))
    refused(lambda: Tagging.fit([TRAIN[1], untagged]), "sentence 2: word 2 has no xpos tag", "use upos")
    refused(lambda: Tagging.fit([]), "no sentences with tags")
    refused(lambda: Tagging.fit(TRAIN, column="heads"), "unknown column of tags 'heads'")
    refused(lambda: Tagging.fit(TRAIN, features=["first suffix3"]), "unknown feature 'first suffix3'")
    refused(lambda: Tagging.fit(TRAIN, min_count=0), "min_count must be at least 1")


# --- the baseline ---------------------------------------------------------------------------------------------


def test_most_frequent_tag():
    # "bark" once V, once N: the first in the alphabet; unknown: D and N three times each, so D
    baseline = MostFrequentTag(TRAIN)
    assert baseline.tag(sentence("the/_/2/x bark/_/0/x cats/_/2/x The/_/2/x")) == ("D", "N", "D", "D")
    assert tag_accuracy(TRAIN, [baseline.tag(s) for s in TRAIN]) == 9 / 10
    assert MostFrequentTag(TRAIN, "upos").tag(TRAIN[2]) == ("DET", "NOUN")
    refused(lambda: MostFrequentTag([]), "no sentences with tags")
    refused(lambda: MostFrequentTag(TRAIN, "pos"), "unknown column of tags 'pos'")


def test_accuracy_needs_a_tag_for_every_word():
    refused(lambda: tag_accuracy(TRAIN, []), "0 tagged sentences for 3 of the treebank")
    refused(lambda: tag_accuracy([], []), "0 tagged sentences for 0")
    refused(
        lambda: tag_accuracy([TRAIN[2].changed(upos="__")], [("DET", "NOUN")], "upos"),
        "word 1 has no upos tag",
    )
    refused(lambda: tag_accuracy(TRAIN[:1], [("D",)]), "sentence 1: 1 tags for 3 words")
    assert tag_accuracy(TRAIN[:1], [("D", "N", "N")]) == 2 / 3


@JIT_ONLY
def test_real_tagging(real_treebank):
    bank = real_treebank
    tagging = Tagging.fit(bank.train)
    assert len(tagging.tags) == 49
    assert tagging.sizes == (15735, 187, 68, 548, 1970, 2170, 1970, 1970)
    x = [tagging.encode(s) for s in bank.train]
    assert all((x[i] != UNKNOWN)[:, 0].all() for i in range(len(x)))
    unknown = np.concatenate([tagging.encode(s)[:, 0] == UNKNOWN for s in bank.dev]).mean()
    assert 0.06 < unknown < 0.07
    for column, right in (("xpos", 21133), ("upos", 21657)):
        baseline = MostFrequentTag(bank.train, column)
        accuracy = tag_accuracy(bank.dev, [baseline.tag(s) for s in bank.dev], column)
        assert accuracy == right / 25147
