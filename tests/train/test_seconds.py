"""Seconds of training: what counts, what a resumed training goes on with, what earlier versions did not know."""

import json
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import Told, clusters, refused

import minimalbp as mbp
from minimalbp.train import loop

DATA = clusters(n=40)
FLAT = {"epoch": 1, "step": 10, "train_loss": 0.9, "dev_accuracy": 0.5, "dev_loss": 0.8, "test_accuracy": None,
        "test_loss": None}  # fmt: skip


@pytest.fixture
def ticking(monkeypatch):
    """A clock that goes on by a second each time it is read."""
    ticks = count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))


def fit(path=None, *, stop=None, epochs=2, **options):
    """Batches of 7, six an epoch, three evaluations each; stopped after `stop` of them."""
    seen = []
    net = mbp.mlp([7, 5, 3], backend="reference", rng=1)
    halt = Told(lambda record: seen.append(record) or len(seen) == stop)
    return mbp.fit(
        net, DATA, mbp.Adam(net.parameters()), batch_size=7, evals_per_epoch=3, threads=1, checkpoint=path,
        epochs=epochs, companions=[halt], **options,
    )  # fmt: skip


def test_the_clock_is_read_twice_in_a_part_and_not_in_evaluations(ticking, monkeypatch):
    history = fit()
    assert [record.seconds for record in history.records] == [1, 2, 3, 4, 5, 6]


def test_a_resumed_training_goes_on_with_its_seconds(ticking, tmp_path):
    path = tmp_path / "run.npz"
    assert fit(path, stop=2).records[-1].seconds == 2
    resumed = fit(path, resume=True)
    assert [record.seconds for record in resumed.records] == [1, 2, 3, 4, 5, 6]
    assert resumed.first_loss == fit().first_loss


def test_what_a_meter_adds_does_not_count():
    meter = mbp.Meter()
    meter.seconds["forward"] = 1e6  # of another training
    history = fit(meter=meter)
    assert history.records[-1].seconds == pytest.approx(meter.totals()["seconds"]["total"] - 1e6, abs=1e-6)
    seconds = [record.seconds for record in history.records]
    assert seconds[0] > 0 and seconds == sorted(seconds)


def test_the_first_loss_is_that_of_the_first_step():
    net = mbp.mlp([7, 5, 3], backend="reference", rng=1)
    order = loop.Streams(0).generator("shuffle").permutation(40)[:7]
    expected = mbp.evaluate(net, mbp.Split(DATA.train.x[order], DATA.train.y[order])).loss
    history = fit()
    assert history.first_loss == pytest.approx(expected, rel=1e-6)
    assert history.first_loss != history.records[0].train_loss and mbp.History().first_loss is None


def test_records_that_differ_in_the_clock_only_are_equal():
    early, late = (mbp.Record.from_json(FLAT | {"seconds": s}) for s in (1.5, 2))
    assert early == late and (early.seconds, late.seconds) == (1.5, 2.0)
    assert early.as_json() == FLAT | {"seconds": 1.5}
    assert mbp.Record.from_json(json.loads(json.dumps(early.as_json()))).seconds == 1.5


@pytest.mark.parametrize("seconds", [-1, "1", float("nan"), float("inf"), True, [1]], ids=str)
def test_what_are_no_seconds_is_refused(seconds):
    refused(lambda: mbp.Record.from_json(FLAT | {"seconds": seconds}), "seconds must be a number")


def test_a_checkpoint_of_an_earlier_version_has_no_seconds_and_gets_none(tmp_path):
    assert (
        mbp.Record.from_json(FLAT).seconds is None and "seconds" not in mbp.Record.from_json(FLAT).as_json()
    )
    path = tmp_path / "run.npz"
    fit(path, stop=2)
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays.pop("meta")))
    for name in ("seconds", "first_loss"):
        del meta["training"][name]
    meta["training"]["history"] = [
        {name: value for name, value in record.items() if name != "seconds"}
        for record in meta["training"]["history"]
    ]
    with open(path, "wb") as file:
        np.savez(file, **arrays, meta=np.array(json.dumps(meta)))
    for _ in range(2):  # and again from the checkpoint that this version wrote
        resumed = fit(path, resume=True, stop=2)
        assert {record.seconds for record in resumed.records} == {None} and resumed.first_loss is None
    assert resumed == mbp.History(fit().records)
