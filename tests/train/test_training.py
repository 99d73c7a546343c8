"""fit and evaluate: the looks at the dev set, what is kept of them, the batches, what is refused."""

import numpy as np
import pytest
from helpers import assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.train import loop as run

DATA = clusters()  # 60 training examples of 7 numbers, 3 classes; 17 dev, 13 test


def net_of(backend="reference", *, dtype="float32", select=None, rng=1):
    return mbp.mlp([7, 5, 3], select=select, backend=backend, dtype=dtype, rng=rng)


def fit(net, **options):
    settings = {"epochs": 1, "batch_size": 7, "rng": 0, "threads": 1} | options
    data = settings.pop("data", DATA)
    optimizer = settings.pop("optimizer", None) or mbp.SGD(net.parameters(), lr=0.1)
    return mbp.fit(net, data, optimizer, **settings)


@pytest.mark.parametrize("select", [None, mbp.TopK(2), mbp.UnifiedTopK(2)], ids=str)
def test_a_network_learns(backend, dtype, select):
    net = net_of(backend, dtype=dtype, select=select)
    before = mbp.evaluate(net, DATA.test)
    history = fit(net, epochs=10)
    after = mbp.evaluate(net, DATA.test, threads=1)
    assert before.accuracy < 0.8 < 0.9 < after.accuracy
    assert after.loss < before.loss / 2
    assert history.best.test_accuracy > 0.9
    losses = [r.train_loss for r in history.records]
    assert losses[-1] < losses[0] / 2


def test_evaluate_is_accuracy_and_mean_loss(backend):
    net = net_of(backend, dtype="float64")
    logits = net(DATA.dev.x)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    each = p[np.arange(17), DATA.dev.y]
    for batch_size in (1, 5, 17, 1000):
        score = mbp.evaluate(net, DATA.dev, batch_size=batch_size)
        assert score.accuracy == np.mean(np.argmax(logits, axis=1) == DATA.dev.y)
        assert score.loss == pytest.approx(-np.log(each).mean(), rel=1e-12)
    refused(lambda: mbp.evaluate(net, mbp.Split(DATA.dev.x[:0], DATA.dev.y[:0])), "no examples")


def test_evaluation_changes_nothing(backend):
    net = mbp.Sequential(mbp.Linear(7, 5), mbp.Dropout(0.5), mbp.Linear(5, 3), backend=backend)
    state = net.children[1].rng.bit_generator.state
    before = parameters(net)
    assert mbp.evaluate(net, DATA.dev) == mbp.evaluate(net, DATA.dev)
    assert net.children[1].rng.bit_generator.state == state
    assert_same(parameters(net), before)


@pytest.mark.parametrize(
    "evals, looks",
    [(1, [9]), (2, [4, 9]), (4, [2, 4, 6, 9]), (8, [1, 2, 3, 4, 5, 6, 7, 9]), (99, range(1, 10))],
)
def test_looks_per_epoch(evals, looks):
    """Nine steps an epoch (the last of four examples), looks evenly among them and one at the end."""
    records = fit(net_of(), epochs=2, evals_per_epoch=evals).records
    assert [r.step for r in records] == [*looks, *(9 + s for s in looks)]
    assert [r.epoch for r in records] == [1] * len(looks) + [2] * len(looks)


class Recorder(mbp.Flatten):
    """Notes the batches that go through while training."""

    def __init__(self):
        self.batches = []

    def forward(self, x, *, train=True):
        if train:
            self.batches.append(x.copy())
        return super().forward(x, train=train)


def test_every_example_once_an_epoch_in_a_new_order(backend):
    recorder = Recorder()
    net = mbp.Sequential(recorder, mbp.Linear(7, 3), backend=backend)
    fit(net, epochs=3, batch_size=8)
    assert [len(b) for b in recorder.batches] == [8, 8, 8, 8, 8, 8, 8, 4] * 3
    seen = np.concatenate(recorder.batches).reshape(3, 60, 7)
    for epoch in seen:
        assert sorted(map(tuple, epoch)) == sorted(map(tuple, DATA.train.x))
    assert (seen[0] != seen[1]).any() and (seen[1] != seen[2]).any()


def test_labels_go_with_their_examples(monkeypatch):
    label_of = {tuple(x): y for x, y in zip(DATA.train.x.tolist(), DATA.train.y.tolist())}
    true_step, pairs = run.train_step, []

    def note(net, loss, optimizer, x, labels, *more):
        pairs.extend(zip(map(tuple, x.tolist()), labels.tolist()))
        return true_step(net, loss, optimizer, x, labels, *more)

    monkeypatch.setattr(run, "train_step", note)
    fit(net_of())
    assert len(pairs) == 60
    assert all(label_of[x] == y for x, y in pairs)


def scores_of(monkeypatch, dev):
    """The dev set scores as told, in turn; returns the list of the splits that were looked at."""
    looked, told = [], iter(dev)

    def score(net, split):
        looked.append(split)
        return mbp.Score({"accuracy": next(told) if split is DATA.dev else 0.5}, 1.0)

    monkeypatch.setattr(run, "score", score)
    return looked


def test_the_test_set_only_at_a_new_best(monkeypatch):
    looked = scores_of(monkeypatch, [0.3, 0.2, 0.3, 0.6, 0.6, 0.5])
    history = fit(net_of(), epochs=3, evals_per_epoch=2)
    assert [r.test_accuracy is not None for r in history.records] == [True, False, False, True, False, False]
    assert [r.test_loss is not None for r in history.records] == [True, False, False, True, False, False]
    assert sum(split is DATA.test for split in looked) == 2
    assert history.best is history.records[3]  # the first of the best


def test_no_record_no_best():
    refused(lambda: mbp.History().best, "nothing was trained")


def test_the_train_loss_is_the_mean_since_the_last_look(monkeypatch):
    true_step, values = run.train_step, []
    monkeypatch.setattr(run, "train_step", lambda *a, **k: values.append(true_step(*a, **k)) or values[-1])
    records = fit(net_of(), evals_per_epoch=2).records
    assert records[0].train_loss == pytest.approx(np.mean(values[:4]))
    assert records[1].train_loss == pytest.approx(np.mean(values[4:]))


def test_sum_of_the_loss_is_a_larger_step(backend):
    """The sum over a batch of 5 with a fifth of the rate is the mean."""
    ends = []
    for reduction, lr in (("mean", 0.1), ("sum", 0.02)):
        net = net_of(backend, dtype="float64")
        fit(
            net,
            batch_size=5,
            loss=mbp.SoftmaxCrossEntropy(reduction),
            optimizer=mbp.SGD(net.parameters(), lr=lr),
        )
        ends.append(net.parameters()[0].value.copy())
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-10)


def test_one_batch_of_everything_and_batches_of_one():
    for size, steps in ((60, 1), (59, 2), (1, 60)):
        assert fit(net_of(), batch_size=size).records[-1].step == steps


@pytest.mark.parametrize("name", ["epochs", "batch_size", "evals_per_epoch"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_bad_numbers_are_refused(name, value):
    refused(lambda: fit(net_of(), **{name: value}), name)


def test_what_does_not_fit_the_data_is_refused():
    refused(lambda: fit(net_of(), batch_size=61), "batch of 61", "60 training examples")
    small = mbp.mlp([7, 2], backend="reference")
    refused(lambda: fit(small), "2 outputs", "3 classes")
    wide = mbp.mlp([8, 3], backend="reference")
    refused(lambda: fit(wide), "takes 8 inputs", "7")
    refused(lambda: mbp.evaluate(wide, DATA.dev), "takes 8 inputs")
    refused(lambda: fit(net_of(), threads=0), "threads")
    refused(lambda: fit(net_of(), resume=True), "resume needs the checkpoint")


def test_what_is_no_data_set_and_no_optimiser_of_this_network_is_refused():
    net, other = net_of(), net_of()
    adam = mbp.Adam(net.parameters())
    for data in ("digits", None, (DATA.train.x, DATA.train.y)):
        refused(lambda data=data: mbp.fit(net, data, adam), "such as load_dataset('digits')")
    refused(lambda: mbp.fit(other, DATA, adam), "not this network's")
    for split in (DATA, DATA.train.x):
        refused(lambda split=split: mbp.evaluate(net, split), "such as data.test")
    short, x = mbp.Split(DATA.test.x, DATA.test.y[:-1]), DATA.test.x.copy()
    refused(lambda: mbp.evaluate(net, short), "each example needs exactly one")
    x[0, 0] = np.nan
    refused(lambda: mbp.evaluate(net, mbp.Split(x, DATA.test.y)), "is NaN")


def test_more_outputs_than_classes_are_fine():
    net = mbp.mlp([7, 5], backend="reference")
    assert fit(net).records


def test_outputs_of_no_known_width_are_let_through():
    """What comes out of Flatten is known only from the data."""
    data = mbp.Dataset("flat", DATA.train, DATA.dev, DATA.test, DATA.classes)
    net = mbp.Sequential(mbp.Flatten(), backend="reference")
    assert net.n_out is None
    with pytest.raises(mbp.BadInput, match="nothing to learn"):
        fit(net, data=data)


def test_two_networks_side_by_side_in_python():
    settings = mbp.Settings(
        data="digits", hidden=(8,), k=2, epochs=1, evals=1, batch=500, backend="reference"
    )
    report = mbp.compare(settings, mbp.load_data(settings))
    assert [run["name"] for run in report["runs"]] == ["dense", "topk 2"]
    assert report["runs"][1]["ops"]["dw"] < report["runs"][0]["ops"]["dw"]
