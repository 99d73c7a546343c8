"""reproduce_centring.py: its smoke versions, its arms, and the facts about gradients against plain NumPy."""

import json
import os

import numpy as np
import pytest
from helpers import SCRIPTS, script

import minimalbp as mbp

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
NO_JIT = "NUMBA_DISABLE_JIT" in os.environ


@pytest.mark.skipif(NO_JIT, reason="without the compiler digits take minutes")
def test_smoke_of_a_table_of_pictures_and_of_one_of_sentences(tmp_path):
    reproduce = script("reproduce_centring")
    words = ["--smoke", "--jobs", "1", "--out", str(tmp_path / "runs"), "--to", str(tmp_path / "to")]
    assert reproduce.main(["fashion-20", "parsing", "gradients", *words]) == 0
    report = json.loads((tmp_path / "to" / "fashion-20.json").read_text())
    for run in report["runs"]:
        assert {"last_test_accuracy", "first_loss", "largest_loss"} <= run.keys()
    text = script("centring.markdown").centring_table(report)
    assert all(f"| {arm.name} |" in text for arm in reproduce.TABLES["fashion-20"].arms)
    gradients = json.loads((tmp_path / "to" / "gradients.json").read_text())
    facts = {
        row["name"]: {key: row[key]["mean"] for key in ("bias", "along_mean")} for row in gradients["rows"]
    }
    assert facts["topk"]["along_mean"] > 5 * facts["topk, forward"]["along_mean"]
    assert "topk, forward" in script("centring.markdown").gradients_table(gradients)


def test_arms_have_names_of_their_own_and_a_dense_one_to_stand_against():
    for name, table in script("centring.arms").TABLES.items():
        names = [arm.name for arm in table.arms]
        assert len(set(names)) == len(names) and {arm.against for arm in table.arms} <= {"", *names}, name
        for arm in table.arms:
            settings = arm.settings()
            assert (settings.select == "dense") == (not arm.against or arm.name == "dense, forward"), arm.name


def test_a_loss_that_rises_is_bold():
    table = script("centring.markdown").largest_loss
    rises, falls = {"largest_loss": 3.0, "first_loss": 2.3}, {"largest_loss": 2.0, "first_loss": 2.3}
    assert table([rises, falls]) == "**2.50 (1)**" and table([falls]) == "2.00"
    assert table([{"diverged": "the loss became nan"}]) == "-"


def test_the_aim_is_judged_by_the_worse_of_both_scores():
    def arm(name, k, best, last):
        gaps = {"test_accuracy": best, "last_test_accuracy": last}
        found = {key: {"mean": gap, "low": None, "high": None} for key, gap in gaps.items()}
        return {"name": name, "changes": {"k": k}, "gap": found}

    aims = script("centring.markdown")._aims
    arms = [arm("a", 25, 0.01, -0.004), arm("b", 25, -0.002, -0.001), arm("c", 10, -0.02, 0.0)]
    near, far = aims({"arms": arms})
    assert "k = 25, within 0.3 points of dense by both scores: reached (b, -0.20 and -0.10)" in near
    assert "k = 10, within 0.6 points" in far and "missed (c, -2.00" in far
    lost = arm("d", 25, None, None)
    assert aims({"arms": [lost]}) == []


def test_facts_of_gradients_that_are_known():
    sums, rng = script("centring.gradients").Sums(), np.random.default_rng(0)
    along = np.array([1.0, 0, 0])
    dense = [rng.normal(size=(4, 3)) for _ in range(2000)]
    for d in dense:
        sums.add(d + np.outer(np.ones(4), 2 * along) + rng.normal(size=(4, 3)), d)
    found = sums.facts(along)
    assert abs(found["along_mean"] - 1) < 0.01  # 4 entries of 2, and noise
    assert abs(found["bias"] * np.linalg.norm(np.mean(dense, axis=0)) - 4) < 0.1
    assert abs(found["deviation"] - 1) < 0.05
    assert 0 < found["cosine"] < 1


def test_an_unbiased_gradient_has_no_bias_and_no_direction():
    sums, rng = script("centring.gradients").Sums(), np.random.default_rng(0)
    for _ in range(500):
        d = rng.normal(size=(4, 3))
        sums.add(d + rng.normal(size=(4, 3)), d)
    found = sums.facts(np.array([1.0, 0, 0]))
    assert found["along_mean"] is None and abs(found["deviation"] - 1) < 0.1


def test_the_gradient_of_dense_is_dense(rng):
    gradients = script("centring.gradients")
    net = mbp.mlp([4, 6, 5, 3], backend="reference", dtype="float64")
    layer, dy = gradients.reached(net, rng.normal(size=(7, 4)), rng.integers(0, 3, 7))
    assert layer is net.linears()[1] and dy.shape == (7, 5)
    np.testing.assert_allclose(gradients.gradient(layer, mbp.Dense(), dy), dy.T @ layer.last_x)
    sparse = gradients.gradient(layer, mbp.UnifiedTopK(2), dy)
    assert np.count_nonzero(sparse.any(axis=1)) <= 2


@pytest.mark.skipif(NO_JIT, reason="500 units take minutes without the JIT")
def test_the_cost_of_centring_is_verified_before_it_is_measured(tmp_path, monkeypatch, capsys):
    bench = script("bench_centring")
    monkeypatch.setattr(bench, "SHAPES", ((2, 50, 40),))
    assert bench.main(["--seconds", "0.003", "--threads", "1", "--to", str(tmp_path / "seconds.json")]) == 0
    report = json.loads((tmp_path / "seconds.json").read_text())
    assert len(report["runs"]) == len(bench.SELECT) * len(bench.CENTER)
    assert "| 2x50x40 | signs |" in script("centring.markdown").seconds_table(report)
    monkeypatch.setattr("minimalbp.layers.linear.Linear._centered", lambda self, x, learn: x)
    with pytest.raises(RuntimeError, match="dW is wrong"):
        bench.Arm((2, 50, 40), mbp.TopK(25), "dw").verify()
    assert bench.main(["--seconds", "0"]) == 2
