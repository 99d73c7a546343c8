"""Scores and records: their names come from the data, and files of 0.1.0 are read."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp

FIXTURES = Path(__file__).parents[1] / "fixtures" / "0.1"
CLASSIFIED = mbp.Record(1, 10, 0.9, {"accuracy": 0.5}, 0.8, {"accuracy": 0.4}, 0.7)
PARSED = mbp.Record(2, 20, 0.9, {"uas": 0.5, "las": 0.4}, 0.8, widths=[5, 4])
FLAT = {"epoch": 1, "step": 10, "train_loss": 0.9, "dev_accuracy": 0.5, "dev_loss": 0.8, "test_accuracy": 0.4,
        "test_loss": 0.7}  # fmt: skip


def test_a_score_has_its_names_as_attributes():
    score = mbp.Score({"uas": 0.9, "las": np.float32(0.5)}, np.float32(0.25))
    assert (score.uas, score.las, score.main, score.loss) == (0.9, 0.5, 0.9, 0.25)
    assert json.dumps(vars(score)) == '{"scores": {"uas": 0.9, "las": 0.5}, "loss": 0.25}'
    with pytest.raises(AttributeError, match="'accuracy'; its scores are uas, las"):
        score.accuracy  # noqa: B018


@pytest.mark.parametrize(
    "scores", [0.5, {}, {"loss": 0.5}, {"accuracy": "high"}, {"accuracy": np.nan}, {"accuracy": None}]
)
def test_what_is_no_score_is_refused(scores):
    refused(lambda: mbp.Score(scores, 1.0), "score")


def test_a_record_has_its_scores_as_attributes():
    assert (CLASSIFIED.dev_accuracy, CLASSIFIED.test_accuracy, CLASSIFIED.main) == (0.5, 0.4, 0.5)
    assert (PARSED.dev_uas, PARSED.dev_las, PARSED.test_uas, PARSED.test_las) == (0.5, 0.4, None, None)
    for name in ("dev_accuracy", "accuracy", "uas", "dev", "dev_", "train_uas", "__len__", "_private"):
        assert hasattr(PARSED, name) == (name == "dev")
    with pytest.raises(
        AttributeError, match="'test_accuracy'; its scores are dev_uas, test_uas, dev_las, test_las"
    ):
        PARSED.test_accuracy  # noqa: B018


@pytest.mark.parametrize(
    "thing", [CLASSIFIED, PARSED, mbp.Score({"uas": 0.9}, 0.1)], ids=lambda a: type(a).__name__
)
def test_they_are_copied_and_pickled(thing):
    for other in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert other == thing and other.main == thing.main


def test_a_record_is_one_flat_object():
    assert list(CLASSIFIED.as_json().items()) == list(FLAT.items())
    assert list(PARSED.as_json().items()) == [
        ("epoch", 2), ("step", 20), ("train_loss", 0.9), ("dev_uas", 0.5), ("dev_las", 0.4), ("dev_loss", 0.8),
        ("test_uas", None), ("test_las", None), ("test_loss", None), ("widths", [5, 4]),
    ]  # fmt: skip
    for record in (CLASSIFIED, PARSED):
        again = mbp.Record.from_json(json.loads(json.dumps(record.as_json())))
        assert again == record and list(again.dev) == list(record.dev)


def test_a_record_of_0_1_0_is_read():
    """There the UAS of a parser was its accuracy, and every record had keys for parsers and for widths."""
    old = FLAT | {"dev_las": None, "test_las": None, "widths": None}
    assert mbp.Record.from_json(old) == CLASSIFIED
    parsed = mbp.Record.from_json(old | {"dev_las": 0.3, "test_las": 0.2, "widths": [5]})
    assert parsed.as_json() == {
        "epoch": 1, "step": 10, "train_loss": 0.9, "dev_uas": 0.5, "dev_las": 0.3, "dev_loss": 0.8,
        "test_uas": 0.4, "test_las": 0.2, "test_loss": 0.7, "widths": [5],
    }  # fmt: skip
    assert parsed.main == 0.5
    both = FLAT | {"dev_las": 0.3, "test_las": None, "test_accuracy": None, "test_loss": None}
    assert mbp.Record.from_json(both).test is None


@pytest.mark.parametrize("task", ["classify", "tagging", "parsing", "simplify"])
def test_the_metrics_of_0_1_0_are_read(task):
    lines = (FIXTURES / task / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    for line in map(json.loads, lines):
        run = line.pop("run")
        record = mbp.Record.from_json(line)
        assert run and record.main == line["dev_accuracy"]
        assert list(record.dev) == (["uas", "las"] if task == "parsing" else ["accuracy"])


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 0}, {"step": 1.5}, {"train_loss": None}, {"train_loss": "1"}, {"dev_accuracy": None},
        {"dev_loss": float("nan")}, {"test_loss": None}, {"test_accuracy": None}, {"test_las": 0.5},
        {"dev_las": 0.5}, {"widths": 5}, {"widths": [1.5]}, {"more": 1}, {1: 2},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_record_is_refused(change):
    refused(lambda: mbp.Record.from_json(FLAT | change))


@pytest.mark.parametrize("missing", sorted(FLAT))
def test_a_record_without_an_entry_is_refused(missing):
    value = {key: v for key, v in FLAT.items() if key != missing}
    refused(lambda: mbp.Record.from_json(value), missing)
    refused(lambda: mbp.Record.from_json([value]), "must be an object")


def test_a_record_needs_a_score():
    refused(
        lambda: mbp.Record.from_json({k: v for k, v in FLAT.items() if "accuracy" not in k}),
        "at least one score",
    )
    refused(lambda: mbp.Record(1, 1, 0.5, {"uas": 1.0}, 0.5, {"accuracy": 1.0}, 0.5), "of the same names")


def test_the_best_is_that_of_the_first_score():
    """The first of equals; records before `begins` do not count."""
    pairs = [(0.3, 0.9), (0.9, 0.1), (0.6, 0.2), (0.6, 0.8)]
    history = mbp.History(
        [mbp.Record(1, i + 1, 1.0, {"uas": u, "las": la}, 1.0) for i, (u, la) in enumerate(pairs)]
    )
    assert history.best.step == 2
    history.begins = 2
    assert history.best.step == 3
    refused(lambda: mbp.History().best, "nothing was trained")
