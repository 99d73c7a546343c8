"""A treebank as `fit` takes it: sentences of words, transitions of trees, batches of them, and their scores."""

import numpy as np
import pytest
from helpers import refused
from trees import bank_of, sentence

import minimalbp as mbp
from minimalbp.data import Treebank
from minimalbp.seeds import Streams
from minimalbp.tasks.parsing.data import parse
from minimalbp.tasks.tagging.data import packed, tag
from minimalbp.tasks.vocabulary import UNKNOWN

BANK = bank_of()
CROSSED = sentence("a/D/3/x b/N/0/root c/N/2/y d/V/1/z")  # 1 on 3, 4 on 1: not projective


def tagger_of(data, backend="reference", **options):
    return mbp.tagger(data.encoding, hidden=6, backend=backend, **options)


# --- sentences ------------------------------------------------------------------------------------------------


def test_words_are_the_sentences_one_after_another():
    data = mbp.TaggingData(BANK)
    part = data.dev
    assert len(part) == 4 and part.lengths.tolist() == [len(s) for s in BANK.dev]
    assert np.array_equal(part.x, np.concatenate([data.encoding.encode(s) for s in BANK.dev]))
    assert np.array_equal(part.y, np.concatenate([data.encoding.labels(s) for s in BANK.dev]))
    x, lengths = part.first(2)
    assert len(x) == lengths.sum() == len(BANK.dev[0]) + len(BANK.dev[1])
    assert data.n_classes == len(data.classes) == 5


def test_batches_are_whole_sentences(backend):
    data = mbp.TaggingData(BANK)
    net = tagger_of(data, backend)
    feed = data.train.feed(net, Streams(3))
    ends = np.cumsum(data.train.lengths)
    assert len(feed) == 12
    x, labels, lengths = feed.take(np.array([5]))
    assert lengths is None and len(x) == len(labels) == data.train.lengths[5]
    assert np.array_equal(labels, data.train.y[ends[4] : ends[5]])
    x, labels, lengths = feed.take(np.array([7, 0]))
    assert lengths.tolist() == data.train.lengths[[7, 0]].tolist()
    assert np.array_equal(labels, np.concatenate([data.train.y[ends[6] : ends[7]], data.train.y[: ends[0]]]))
    assert x.dtype == labels.dtype == np.int32
    sizes = {len(x) for x, _, _ in feed.trials(1)}
    assert sizes >= {1, 2, 4, int(data.train.lengths.max())}
    assert [len(lengths) for *_, lengths in feed.trials(5)] in ([5, 2], [2, 5])


def test_other_words_are_unknown_in_every_pass_and_the_same_for_the_same_seed():
    data = mbp.TaggingData(bank_of(train=40))
    words = data.train
    assert (words.x[:, 0] != UNKNOWN).all()
    single = Treebank("odd", (sentence("zig/N/2/a zag/V/0/b"), *BANK.train), BANK.dev, BANK.test)
    words = mbp.TaggingData(single).train
    net = tagger_of(mbp.TaggingData(single))

    def passes(seed):
        feed = words.feed(net, Streams(seed))
        found = []
        for epoch in range(12):
            feed.begin(epoch)
            found.append(feed.x.copy())
        feed.begin(3)  # gone back to, as a resumed run does
        assert np.array_equal(feed.x, found[3])
        return np.array(found)

    a, b = passes(1), passes(1)
    assert np.array_equal(a, b)
    once = words.x[:, 0] >= words.tagging.vocabularies[0].once
    assert set(a[:, once, 0].ravel()) > {UNKNOWN} and (a[:, ~once] == words.x[~once]).all()
    assert 0 < (a[:, once, 0] == UNKNOWN).mean() < 1
    assert (passes(2) != a).any()
    assert (a[:, :, 1:] == words.x[:, 1:]).all()  # the spelling stays


@pytest.mark.parametrize("rows, groups", [(1, [1, 1, 1, 1]), (5, [2, 1, 1]), (7, [2, 2]), (100, [4])])
def test_packed_sentences_are_whole_and_in_order(rows, groups):
    lengths = np.array([3, 2, 6, 1], np.int32)
    found = list(packed(lengths, rows))
    assert [len(one) for _, one in found] == groups
    assert [at.stop - at.start for at, _ in found] == [one.sum() for _, one in found]
    assert [at.start for at, _ in found][1:] == [at.stop for at, _ in found][:-1]


def test_the_score_of_a_tagger_is_that_of_its_tags(backend):
    """The same however many words go together; a tag that training lacks is wrong and not in the loss."""
    odd = sentence("the/D/2/det dog/Z/3/nsubj sees/V/0/root ./P/3/punct")
    data = mbp.TaggingData(Treebank("toy", BANK.train, (*BANK.dev, odd), BANK.test))
    net = tagger_of(data, backend, dtype="float64", bidirectional=True)
    tagged = tag(net, data.encoding, data.dev.sentences)
    accuracy = mbp.tag_accuracy(data.dev.sentences, [s.xpos for s in tagged])
    losses = []
    for s in data.dev.sentences:  # one sentence at a time
        logits, labels = net(data.encoding.encode(s)), data.encoding.labels(s)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses += [-p[c] for p, c in zip(log_p, labels) if c >= 0]
    assert (data.dev.y == -1).sum() == 1 and len(losses) == len(data.dev.y) - 1
    for batch_size in (1, 6, 1000):
        found = mbp.evaluate(net, data.dev, batch_size=batch_size, threads=1)
        assert found.scores == {"accuracy": pytest.approx(accuracy)}
        assert found.loss == pytest.approx(np.mean(losses))
    assert [s.forms for s in tagged] == [s.forms for s in data.dev.sentences]
    assert [s.heads for s in tagged] == [s.heads for s in data.dev.sentences]


# --- trees ----------------------------------------------------------------------------------------------------


def test_trees_are_their_transitions():
    data = mbp.ParsingData(Treebank("toy", (CROSSED, *BANK.train), (*BANK.dev, CROSSED), BANK.test))
    assert data.not_projective == {"train": 1, "dev": 1, "test": 0}
    assert len(data.train) == 2 * sum(map(len, BANK.train))
    found = data.encoding.encode(BANK.train)
    assert np.array_equal(data.train.transitions.x, found.x)
    assert data.n_classes == len(data.encoding.system)
    assert data.describe()["not_projective"] == data.not_projective
    assert data.describe()["transitions"] == len(data.train)


def test_the_score_of_a_parser_is_uas_las_and_the_loss_on_gold_transitions(backend):
    data = mbp.ParsingData(BANK)
    net = mbp.parser(data.encoding, hidden=6, backend=backend)
    found = mbp.evaluate(net, data.dev, threads=1)
    trees = mbp.attachment(BANK.dev, parse(net, data.encoding, BANK.dev))
    assert found.scores == {"uas": trees.uas, "las": trees.las} and found.main == trees.uas
    assert found.loss == mbp.evaluate(net, data.dev.transitions, threads=1).loss


def test_a_part_without_a_tree_to_build_has_no_loss():
    data = mbp.ParsingData(Treebank("toy", BANK.train, (CROSSED,), BANK.test))
    net = mbp.parser(data.encoding, hidden=3, backend="reference")
    assert len(data.dev) == 0
    assert data.dev.score(net).loss == 0 and 0 <= data.dev.score(net).las <= 1


# --- refusals -------------------------------------------------------------------------------------------------


def test_what_cannot_be_trained_on_is_refused():
    bare = mbp.Sentence(("who",), heads=(0,), rels=("root",))
    for kind in (mbp.TaggingData, mbp.ParsingData):
        refused(lambda kind=kind: kind(Treebank("toy", BANK.train, BANK.dev, (BANK.test[0], bare))),
                "toy test: sentence 2: word 1 has no xpos tag")  # fmt: skip
    same = Treebank("toy", (sentence("a/D/0/x b/D/1/y"),), BANK.dev, BANK.test)
    refused(lambda: mbp.TaggingData(same), "toy train: every word has the tag D")
    crossed = Treebank("toy", (CROSSED,), BANK.dev, BANK.test)
    refused(lambda: mbp.ParsingData(crossed), "toy train: no tree is projective")
    headless = Treebank("toy", (mbp.Sentence(("a",), xpos=("D",)),), BANK.dev, BANK.test)
    refused(lambda: mbp.ParsingData(headless), "no head")


def test_a_tagger_chooses_in_each_gate_or_in_all():
    task = mbp.TaggingData(BANK).encoding
    for options, wanted in (({}, "each"), ({"gates": "all"}, "all")):
        net = mbp.tagger(task, hidden=(4, 3), select=mbp.TopK(2), backend="reference", **options)
        assert [la.gates for la in net.children if isinstance(la, mbp.LSTM)] == [wanted] * 2
    refused(lambda: mbp.tagger(task, gates="al"), "unknown gates 'al'; did you mean 'all'?", "all, each")
    refused(lambda: mbp.tagger(task, gates=None), "unknown gates 'None'")
    refused(lambda: mbp.tagger(task, gates=["all"]), "unknown gates")


def test_the_networks_are_those_of_the_paper():
    data = mbp.TaggingData(BANK)
    net = mbp.tagger(data.encoding, backend="reference")
    assert [str(la).split("(")[0] for la in net.children] == ["Embedding", "LSTM", "Linear"]
    assert (net.children[1].n_in, net.children[1].hidden, net.n_out) == (190, 500, 5)
    both = mbp.tagger(data.encoding, hidden=(4, 3), bidirectional=True, dropout=0.5, backend="reference")
    assert [la.out_features(None) for la in both.children if isinstance(la, mbp.LSTM)] == [8, 6]
    assert sum(isinstance(la, mbp.Dropout) for la in both.children) == 3
    trees = mbp.ParsingData(BANK)
    net = mbp.parser(trees.encoding, select=mbp.TopK(20), backend="reference")
    assert [str(la).split("(")[0] for la in net.children] == ["Embedding", "Linear", "Cube", "Linear"]
    first, last = net.linears()
    assert (first.n_in, first.n_out, last.n_out) == (2400, 500, trees.n_classes)
    assert first.select == mbp.TopK(20) and last.select == mbp.Dense()
    refused(lambda: mbp.parser(trees.encoding, hidden=0), "hidden")
