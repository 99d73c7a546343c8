"""Data of one's own: any object with x, y and a length is a part, and a part may bring its own feed and score."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers import assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.train.batches import Rows

DATA = clusters(n=40)


class Rowwise:
    """As little as a part needs."""

    def __init__(self, split):
        self.x, self.y = split.x, split.y

    def __len__(self):
        return len(self.x)


class Judged(Rowwise):
    """Scored by what share of the classes is found, too."""

    def score(self, net, batch_size=1000):
        found = mbp.evaluate(net, Rowwise(self), threads=1)
        right = net(self.x).argmax(axis=1) == self.y
        recall = float(np.mean([right[self.y == c].mean() for c in range(3)]))
        return mbp.Score({"recall": recall, "accuracy": found.accuracy}, found.loss)


class Twice(Rowwise):
    """Each example stands in it twice, which its feed knows."""

    def __len__(self):
        return 2 * len(self.x)

    def feed(self, net, streams):
        return Rows(net, mbp.Split(np.tile(self.x, (2, 1)), np.tile(self.y, 2)))


def data_of(train=Rowwise, held_out=Rowwise):
    return SimpleNamespace(
        name="mine", train=train(DATA.train), dev=held_out(DATA.dev), test=held_out(DATA.test), n_classes=3
    )


def fit(data, **options):
    net = mbp.mlp([7, 5, 3], backend="reference", rng=1)
    settings = {"epochs": 2, "batch_size": 7, "evals_per_epoch": 2, "threads": 1} | options
    return net, mbp.fit(net, data, mbp.SGD(net.parameters(), lr=0.1), **settings)


def test_arrays_are_enough():
    (mine, history), (net, expected) = fit(data_of()), fit(DATA)
    assert history == expected
    assert_same(parameters(mine), parameters(net))
    assert mbp.evaluate(mine, data_of().test) == mbp.evaluate(net, DATA.test)


def test_a_part_brings_its_own_score_and_its_names(tmp_path):
    path = tmp_path / "run.npz"
    net, history = fit(data_of(held_out=Judged), epochs=1, checkpoint=path)
    assert list(history.best.dev) == ["recall", "accuracy"]
    assert history.best.main == history.best.dev_recall == max(r.dev_recall for r in history.records)
    assert {"dev_recall", "test_recall", "dev_accuracy"} <= history.best.as_json().keys()
    assert mbp.evaluate(net, Judged(DATA.test)).recall >= 0
    _, resumed = fit(data_of(held_out=Judged), checkpoint=path, resume=True)
    assert resumed == fit(data_of(held_out=Judged))[1]


def test_a_part_brings_its_own_feed():
    _, history = fit(data_of(train=Twice), epochs=1)
    assert history.records[-1].step == 12  # 80 examples in batches of 7


def test_what_is_no_data_set_is_refused():
    data = data_of()
    for name in ("train", "dev", "test", "name", "n_classes"):
        lacking = SimpleNamespace(**{key: value for key, value in vars(data).items() if key != name})
        refused(lambda lacking=lacking: fit(lacking), "such as load_dataset('digits')", f"has no {name}")
    refused(lambda: fit((DATA.train.x, DATA.train.y)), "a tuple has no train")


@pytest.mark.parametrize("part, method", [("train", "feed"), ("dev", "score"), ("test", "score")])
def test_a_part_that_cannot_be_used_is_refused(part, method):
    wrong = SimpleNamespace(**vars(data_of()) | {part: [1, 2]})
    said = f"mine {part} must be one part", f"a list has neither arrays x and y nor a method {method}"
    refused(lambda: fit(wrong), *said)
    wrong = data_of()
    getattr(wrong, part).y = getattr(wrong, part).y.tolist()
    refused(lambda: fit(wrong), f"mine {part} must be one part")
    wrong = data_of()
    getattr(wrong, part).y = getattr(wrong, part).y[:-1]
    refused(lambda: fit(wrong), f"mine {part}:", "each example needs exactly one")
    wrong = data_of()
    getattr(wrong, part).y = getattr(wrong, part).y + 1
    refused(lambda: fit(wrong), f"mine {part}:", "outside the classes 0..2")


def test_parts_of_other_shapes_or_one_class_are_refused():
    wrong = data_of()
    wrong.dev.x = wrong.dev.x[:, :-1]
    refused(lambda: fit(wrong), "mine dev: examples of shape (6,)", "train have (7,)")
    wrong = data_of()
    wrong.train.y = 0 * wrong.train.y
    refused(lambda: fit(wrong), "mine train: every label is 0")


@pytest.mark.parametrize("thing", [DATA, DATA.test.x, (DATA.test.x, DATA.test.y), "digits", None], ids=type)
def test_evaluate_says_what_it_takes(thing):
    net = mbp.mlp([7, 3], backend="reference")
    refused(
        lambda: mbp.evaluate(net, thing), "one part of a data set, such as data.test", type(thing).__name__
    )
