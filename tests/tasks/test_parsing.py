"""Parsing: examples from trees, trees from any scores, and gold trees again from the oracle's own transitions."""

import json

import numpy as np
import pytest
from helpers import JIT_ONLY, refused
from hypothesis import given
from hypothesis import strategies as st
from trees import any_tree, projective_tree, sentence, with_heads

from minimalbp.data import format_conllu, is_projective, parse_conllu
from minimalbp.data.treebank.sentence import tree_fault
from minimalbp.tasks import Parsing, attachment
from minimalbp.tasks.vocabulary import NONE, ROOT, UNKNOWN

TRAIN = (
    sentence("The/D/2/det dog/N/3/nsubj barks/V/0/root"),
    sentence("Dogs/N/2/nsubj:pass bark/V/0/root at/A/4/case dogs/N/2/obl"),
    sentence("dogs/N/2/x bark/V/0/root"),
    sentence("a/D/3/det b/V/0/root c/N/2/obj d/A/1/case"),  # crossing arcs
)
PARSING = Parsing.fit(TRAIN, min_count=1)
ANY = Parsing.fit([with_heads((2, 0, 2, 3, 4, 5, 6))], min_count=1)


def replay(parsing, sentences):
    """A scorer that plays the transitions of the oracle, whatever it is shown: a network that knows it all."""
    y = parsing.encode(sentences)
    assert y.skipped == 0
    starts = np.cumsum([0, *(2 * len(s) for s in sentences)])
    order = sorted(range(len(sentences)), key=lambda i: -len(sentences[i]))
    step = 0

    def scores(x):
        nonlocal step
        out = np.zeros((len(x), len(parsing.system)), np.float32)
        out[np.arange(len(x)), y.y[starts[order[: len(x)]] + step]] = 1
        np.testing.assert_array_equal(x, y.x[starts[order[: len(x)]] + step])  # the same features in training
        step += 1
        return out

    return scores


# --- examples -------------------------------------------------------------------------------------------------


def test_vocabularies():
    assert PARSING.words.entries == ("dogs", "bark", "a", "at", "b", "barks", "c", "d", "dog", "the")
    assert PARSING.tags.entries == ("N", "V", "A", "D")
    assert PARSING.relations.entries == ("case", "det", "nsubj", "obj", "obl", "x")
    assert PARSING.sizes == (13, 7, 9)
    assert PARSING.widths == (18, 18, 12)
    assert PARSING.root == "root"
    assert len(PARSING.system) == 2 * 6 + 2
    full = Parsing.fit(TRAIN, subtypes=True, column="upos")
    assert "nsubj:pass" in full.relations.entries
    assert full.words.entries == ("dogs", "bark")  # those that occur twice
    assert full.tags.entries == ("NOUN", "VERB", "ADV", "DET")


def test_transitions_by_hand():
    got = PARSING.encode(TRAIN)
    assert got.skipped == 1
    assert (got.x.shape, got.x.dtype, got.y.dtype) == ((2 * (3 + 4 + 2), 48), np.int32, np.int64)
    case, det, nsubj, _, obl, x = range(6)
    shift, left, right, root = 0, 1, 7, 13
    assert got.y.tolist() == [
        shift, shift, left + det, shift, left + nsubj, root,
        shift, shift, left + nsubj, shift, shift, left + case, right + obl, root,
        shift, shift, left + x, root,
    ]  # fmt: skip
    assert PARSING.encode(TRAIN[3:]).x.shape == (0, 48)


def test_features_by_hand():
    """ "Dogs bark at dogs" when "at" hangs on the second "dogs": s1 dogs, s2 bark, s3 ROOT, an empty buffer."""
    x = PARSING.encode(TRAIN[1:2]).x[6]
    dogs, bark, at = (PARSING.words.id(w) for w in ("dogs", "bark", "at"))
    of_s1, of_s2 = [at, *[NONE] * 5], [dogs, *[NONE] * 5]
    assert x[:18].tolist() == [dogs, bark, ROOT, NONE, NONE, NONE, *of_s1, *of_s2]
    n, v, a = (PARSING.tags.id(t) for t in "NVA")
    assert x[18:36].tolist() == [n, v, ROOT, NONE, NONE, NONE, a, *[NONE] * 5, n, *[NONE] * 5]
    case, nsubj = (PARSING.relations.id(r) for r in ("case", "nsubj"))
    assert x[36:].tolist() == [case, *[NONE] * 5, nsubj, *[NONE] * 5]


def test_the_first_step_sees_the_buffer():
    x = PARSING.encode(TRAIN[:1]).x[0]
    the, dog, barks = (PARSING.words.id(w) for w in ("the", "dog", "barks"))
    assert x[:18].tolist() == [ROOT, NONE, NONE, the, dog, barks, *[NONE] * 12]


def test_examples_do_not_depend_on_the_company(monkeypatch):
    together = PARSING.encode(TRAIN)
    monkeypatch.setattr("minimalbp.tasks.parsing.encoding.TOGETHER", 1)
    for got in (PARSING.encode(TRAIN), PARSING.encode(TRAIN[:3])):
        np.testing.assert_array_equal(got.x, together.x)
        np.testing.assert_array_equal(got.y, together.y)


def test_unknown_words_tags_and_relations():
    other = sentence("cats/Q/2/nsubj bark/V/0/root")
    x = PARSING.encode([other]).x
    assert (x[1, 0], x[1, 18]) == (UNKNOWN, UNKNOWN)
    strange = sentence("cats/N/2/strange bark/V/0/top")
    assert PARSING.encode([strange, other]).skipped == 1
    assert PARSING.encode([strange, other]).x.shape == (4, 48)


@pytest.mark.parametrize("strange", [":", ":x"])
def test_a_relation_without_a_universal_part_can_be_written_again(strange):
    gold = (sentence(f"a/D/2/{strange} b/V/0/{strange}"),)
    parsing = Parsing.fit(gold, min_count=1)
    found = parsing.decode(gold, replay(parsing, gold))
    assert parse_conllu(format_conllu(found).encode()) == gold


def test_what_no_parser_learns_from():
    refused(lambda: Parsing.fit([]), "no sentences with tags")
    refused(lambda: Parsing.fit(TRAIN, column="lemma"), "unknown column of tags 'lemma'")
    refused(lambda: Parsing.fit([sentence("a/_/0/root")]), "sentence 1: word 1 has no xpos tag")
    refused(
        lambda: Parsing.fit([sentence("a/D/-1/_ b/N/0/root")]),
        "the sentence 'a b'...: word 1: the word has no",
    )
    refused(lambda: PARSING.encode([sentence("a/D/2/x b/N/1/x")]), "no word of the sentence is the root")
    refused(lambda: Parsing.fit([sentence("a/D/0/root")]), "no sentence has two words")


# --- decoding -------------------------------------------------------------------------------------------------


@given(st.lists(projective_tree(), min_size=1, max_size=5), st.booleans())
def test_the_oracle_as_scorer_gives_the_gold_trees(trees, subtypes):
    gold = [with_heads(heads) for heads in trees]
    if all(len(heads) == 1 for heads in trees):
        gold.append(with_heads((2, 0)))
    parsing = Parsing.fit(gold, subtypes=subtypes, min_count=1)
    found = parsing.decode(gold, replay(parsing, gold))
    score = attachment(gold, found)
    assert (score.uas, score.las) == (1, 1)
    assert [s.forms for s in found] == [s.forms for s in gold]
    if subtypes:
        assert found == gold


VALUES = (0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 3e38)


@given(
    st.lists(any_tree(), min_size=1, max_size=5),
    st.integers(0, 2**32),
    st.sampled_from([*VALUES, "mixed", "noise"]),
)
def test_whatever_the_scores_a_tree_comes_out(trees, seed, kind):
    sentences = [with_heads(heads).changed(heads=[-1] * len(heads)) for heads in trees]
    rng = np.random.default_rng(seed)
    seen = []

    def scores(x):
        assert (x.dtype, x.shape[1]) == (np.int32, 48)
        for low, high, size in ((0, 18, ANY.sizes[0]), (18, 36, ANY.sizes[1]), (36, 48, ANY.sizes[2])):
            assert x[:, low:high].min() >= 0 and x[:, low:high].max() < size
        seen.append(len(x))
        shape = (len(x), len(ANY.system))
        if kind == "noise":
            return rng.normal(size=shape)
        if kind == "mixed":
            return rng.choice(VALUES, size=shape)
        return np.full(shape, kind, np.float32)

    for plain, found in zip(sentences, ANY.decode(sentences, scores)):
        assert found.forms == plain.forms
        assert tree_fault(found.heads) is None
        assert is_projective(found.heads)
        for head, rel in zip(found.heads, found.rels):
            assert (rel == "root") == (head == 0)
            assert head == 0 or rel in ANY.relations.entries
    # one call a step, for all that are not finished
    assert seen == [sum(2 * len(s) > t for s in sentences) for t in range(2 * max(map(len, sentences)))]


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_a_sentence_is_parsed_alike_in_any_company(batch):
    w = np.random.default_rng(0).normal(size=(48, len(ANY.system)))
    sentences = [with_heads(heads) for heads in ((0,), (2, 0, 2, 3), (2, 0), (2, 3, 0, 3, 4, 5))]
    alone = [ANY.decode([s], lambda x: x @ w)[0] for s in sentences]
    assert ANY.decode(sentences, lambda x: x @ w, batch=batch) == alone
    assert ANY.decode([], lambda x: x @ w) == []


def test_decoding_refuses():
    refused(
        lambda: PARSING.decode(TRAIN, lambda x: x), "the scorer returned int32 of shape (4, 48)", "(4, 14)"
    )
    refused(lambda: PARSING.decode(TRAIN, None, batch=0), "batch must be at least 1")


# --- kept beside the weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"column": "upos", "subtypes": True, "min_count": 1}])
def test_a_parser_as_json(options):
    parsing = Parsing.fit(TRAIN, **options)
    again = Parsing.from_json(json.loads(json.dumps(parsing.as_json())))
    assert again.as_json() == parsing.as_json()
    a, b = parsing.encode(TRAIN), again.encode(TRAIN)
    np.testing.assert_array_equal(a.x, b.x)
    np.testing.assert_array_equal(a.y, b.y)
    assert parsing.decode(TRAIN, replay_zeros(parsing)) == again.decode(TRAIN, replay_zeros(again))


def replay_zeros(parsing):
    return lambda x: np.zeros((len(x), len(parsing.system)))


@pytest.mark.parametrize(
    "change, fragment",
    [
        ({"column": "form"}, "unknown column of tags 'form'"),
        ({"subtypes": 1}, "'subtypes' must be of type bool, not 1"),
        ({"root": None}, "'root' must be of type str, not None"),
        ({"words": []}, "'words' must be of type dict, not []"),
        ({"relations": {"entries": [], "n_once": 0}}, "the number of relations must be at least 1"),
    ],
)
def test_a_damaged_parser(change, fragment):
    refused(lambda: Parsing.from_json(PARSING.as_json() | change), fragment)
    refused(
        lambda: Parsing.from_json("x"), "the vocabularies of a parser: 'column' must be of type str, not None"
    )


@JIT_ONLY
def test_real_parsing(real_treebank):
    bank = real_treebank
    parsing = Parsing.fit(bank.train)
    assert parsing.sizes == (8590, 52, 38)
    assert len(parsing.system) == 72
    got = parsing.encode(bank.train)
    assert (got.x.shape, got.skipped) == ((392_214, 48), 288)
    gold = [s for s in bank.dev if is_projective(s.heads)]
    assert len(bank.dev) - len(gold) == 31
    score = attachment(gold, parsing.decode(gold, replay(parsing, gold)))
    assert (score.uas, score.las) == (1, 1)
