"""The benchmark of time to accuracy: equal trainings, seeds that are kept, and a table of what came out."""

import json

import numpy as np
import pytest
from helpers import SCRIPTS, clusters, script

import minimalbp as mbp

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
DATA = clusters()
SETTINGS = mbp.Settings(
    hidden=(8, 6), epochs=4, evals=2, batch=7, select="dense", backend="reference", threads=1
)
PEER = "PyTorch, dense, fused Adam"


@pytest.fixture
def bench(points, monkeypatch):
    """The script, whose smoke test has a network of a few units on a few points."""
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    bench = script("bench_time_to_accuracy")
    monkeypatch.setitem(bench.SMOKE, "data", points)
    monkeypatch.setitem(bench.SMOKE, "hidden", (8, 6))
    return bench


def test_every_arm_is_trained_and_kept(bench, tmp_path, capsys, monkeypatch):
    words = [
        "--smoke",
        "--threads",
        "1",
        "--out",
        str(tmp_path / "runs"),
        "--to",
        str(tmp_path / "new" / "a.json"),
    ]
    assert bench.main(words) == 0
    out, err = capsys.readouterr()
    report = json.loads((tmp_path / "new" / "a.json").read_text())
    assert (
        report["command"].startswith("python scripts/bench_time_to_accuracy.py --smoke") and report["commits"]
    )
    assert list(report["batches"]) == ["10"] and report["target"] == 0.8 and report["seeds"] == 2
    assert list(report["batches"]["10"]) == script("bench.accuracy").names()
    for name, arm in report["batches"]["10"].items():
        mine = [seed["arms"][name] for seed in report["by_seed"]]
        assert arm["values"] == [r["seconds"] for r in mine] and len(mine) == 2 and arm["step"] > 0
        for result in mine:
            reached = [s for s, dev in zip(result["curve"]["seconds"], result["curve"]["dev"]) if dev >= 0.8]
            assert (result["seconds"] is None) == (not reached) and len(reached) <= 1  # it ends there
        assert f"| 10 | {name} |" in out
    assert "0 seeds are done, 2 to do" in err
    before = (tmp_path / "new" / "a.json").read_bytes()
    monkeypatch.setattr(bench, "measure", None)
    assert bench.main(words) == 0 and (tmp_path / "new" / "a.json").read_bytes() == before
    assert "2 seeds are done, 0 to do" in capsys.readouterr().err
    monkeypatch.setitem(bench.SMOKE, "target", 90.0)
    for more in ([], ["--fresh"]):  # another target is another measurement
        with pytest.raises(TypeError):  # measure is None
            bench.main([*words, *more])


def test_pytorch_trains_the_same_network_on_the_same_examples():
    pytest.importorskip("torch")
    accuracy = script("bench.accuracy")
    mine, theirs = (train(SETTINGS, DATA, 2.0) for train in (accuracy.ours, accuracy.torchs))
    assert [r.step for r in mine.records] == [r.step for r in theirs.records] and len(mine.records) == 8
    losses = [[r.train_loss for r in history.records] for history in (mine, theirs)]
    np.testing.assert_allclose(*losses, rtol=1e-3)
    assert mine.first_loss == pytest.approx(theirs.first_loss, rel=1e-5)
    np.testing.assert_allclose(*([r.main for r in h.records] for h in (mine, theirs)), atol=1.01 / 17)
    seconds = [r.seconds for r in theirs.records]
    assert seconds[0] > 0 and seconds == sorted(seconds)
    early = accuracy.torchs(SETTINGS, DATA, mine.records[0].main)
    assert len(early.records) <= 2 and len(accuracy.ours(SETTINGS, DATA, mine.records[0].main).records) == 1


def test_trainings_that_begin_differently_are_found(monkeypatch):
    accuracy = script("bench.accuracy")
    history = mbp.History([mbp.Record(1, 9, 1.0, {"accuracy": 0.5}, 1.0, seconds=1.0)], first_loss=2.0)
    other = mbp.History(history.records, first_loss=2.1)
    monkeypatch.setattr("minimalbp.measure.timing.REST", 0)
    monkeypatch.setattr(accuracy, "ours", lambda *of: history)
    monkeypatch.setattr(accuracy, "torchs", lambda *of: history)
    monkeypatch.setattr(accuracy, "names", lambda: ["dense", PEER])
    assert set(accuracy.measure(SETTINGS, DATA, 0.5)["arms"]) == {"dense", PEER}
    monkeypatch.setattr(accuracy, "torchs", lambda *of: other)
    with pytest.raises(AssertionError):
        accuracy.measure(SETTINGS, DATA, 0.5)


def test_a_training_that_diverges_is_a_result(monkeypatch):
    accuracy = script("bench.accuracy")

    def diverges(*of):
        raise mbp.Diverged("the loss became nan")

    monkeypatch.setattr(accuracy, "ours", diverges)
    monkeypatch.setattr(accuracy, "names", lambda: ["dense"])
    found = accuracy.measure(SETTINGS, DATA, 0.5)
    assert found["arms"]["dense"] == {"seconds": None, "diverged": "the loss became nan"}


def test_the_table_has_medians_and_says_what_was_missed(bench, monkeypatch):
    def result(seconds):
        return {"seconds": seconds, "epochs": 2, "steps": 100, "trained": 0.05}

    def seed(number, **arms):
        settings = SETTINGS.changed(seed=number).as_json()
        of = {"target": 0.975, "commit": "f0e1d2c", "machine": {"cpu": "any"}, "torch": "2"}
        return {"settings": settings, "arms": arms, **of}

    monkeypatch.setattr(bench, "names", lambda: ["dense", "topk", "slow", PEER])
    lost = {"seconds": None, "diverged": "the loss became nan"}
    runs = [
        seed(0, dense=result(1.0), topk=result(0.5), slow=result(4.0)),
        seed(1, dense=result(3.0), topk=result(0.4), slow=lost),
        seed(2, dense=result(2.0), topk=result(None), slow=result(None)),
    ]
    for one, seconds in zip(runs, (1.2, 1.0, 1.4)):
        one["arms"][PEER] = result(seconds)
    report = bench.summary(runs)
    table = bench.markdown.accuracy_table(report)
    assert "seconds to 97.5 % on dev" in table
    assert "| 7 | dense | 2.00 | 1.00, 3.00, 2.00 | 2, 2, 2 | 500 | 0.60x | 1.00x |" in table
    assert "| 7 | topk | 0.50 | 0.50, 0.40, never | 2, 2, 2 | 500 | 2.40x | 4.00x |" in table
    assert "| 7 | slow | never | 4.00, never, never | 2, -, 2 | 500 | - | - |" in table
    assert "3 times as fast as PyTorch: missed (topk, 2.40x)." in table
    for one in runs:
        one["arms"][PEER] = result(1.5)
    assert "reached (topk, 3.00x)" in bench.markdown.accuracy_table(bench.summary(runs))
    for one in runs:
        del one["arms"][PEER]
    assert "PyTorch:" not in bench.markdown.accuracy_table(bench.summary(runs))


@pytest.mark.parametrize(
    "words, said",
    [
        (["--seeds", "0"], "seeds must be at least 1"),
        (["--target", "0.975"], "target must be a number in (1, 100]"),
        (["--batch", "0"], "batch must be at least 1"),
        (["--batch", "5000"], "larger than the 1079 examples"),
        (["--epochs", "0"], "epochs must be at least 1"),
        (["--threads", "0"], "threads must be at least 1"),
        (["--data", "nonsense"], "unknown data set"),
        (["--to", "."], "no plain file"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(words, said, tmp_path, monkeypatch, capsys):
    bench = script("bench_time_to_accuracy")
    monkeypatch.setattr(bench, "measure", None)
    monkeypatch.chdir(tmp_path)
    assert bench.main(["--data", "digits", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line and not list(tmp_path.iterdir())
