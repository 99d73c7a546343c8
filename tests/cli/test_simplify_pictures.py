"""`minimalbp simplify --model lenet`: filters leave, and what is written fits the network that is left."""

import json
import os

import numpy as np
import pytest
from commands import outcome, refused, report
from helpers import stop_after

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.cost import forward as speed
from minimalbp.experiment.simplify import CONTROLS, plan_of, simplify_settings

NAMES = ["dense", "simplified", *CONTROLS]


@pytest.fixture(autouse=True)
def quickly_timed(monkeypatch):
    monkeypatch.setattr(speed, "SECONDS", 0.02)


@pytest.fixture
def shrink(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = 0.3 * rng.random((60, 2, 6, 5))
    x[y == 0, :, 3], x[y == 1, :, :, 4], x[y == 2, :, :3, :3] = 1, 1, 1
    np.savez(tmp_path / "pictures.npz", x=x.astype(np.float32), y=y)
    few = [
        "--filters",
        "6,5",
        "--hidden",
        "8",
        "--epochs",
        "4",
        "--evals",
        "2",
        "--batch",
        "9",
        "--batchnorm",
    ]
    if "NUMBA_DISABLE_JIT" in os.environ:
        few += ["--backend", "reference"]  # else minutes
    return ["simplify", "--model", "lenet", "--data", str(tmp_path / "pictures.npz"), *few, "--prune", "0.09",
            "--min-width", "2", "--lr", "0.01"]  # fmt: skip


def test_filters_and_units_leave(capsys, shrink, tmp_path):
    found = report(capsys, *shrink, "--out", tmp_path / "run")
    assert [run["name"] for run in found["runs"]] == NAMES
    dense, small, *controls = found["runs"]
    assert dense["filters"] == [6, 5] and dense["hidden"] == [8] and dense["widths"] == [6, 5, 8]
    assert small["filters"] + small["hidden"] == small["widths"] and sum(small["widths"]) < 19
    assert all(run["widths"] == small["widths"] for run in controls)
    net = mbp.lenet(
        (2, 6, 5), 3, filters=small["filters"], units=small["hidden"], batchnorm=True, center="forward"
    )
    mbp.load(net, tmp_path / "run" / "simplified.safetensors")
    data = mbp.load_dataset(found["config"]["data"])
    assert mbp.evaluate(net, data.test).accuracy == pytest.approx(small["test_accuracy"], abs=1e-6)
    a, b, c = small["widths"]
    for timed in found["decoding"]:  # 30 positions, then 3 x 2, then one pixel
        assert timed["ops"]["small"] == timed["batch"] * (25 * (30 * 2 * a + 6 * a * b) + b * c + c * 3)


def test_stopped_anywhere_it_ends_where_the_whole_run_does(capsys, shrink, tmp_path, monkeypatch):
    whole, out = report(capsys, *shrink, "--out", tmp_path / "whole"), tmp_path / "run"
    stop_after(monkeypatch, (3, 5, 2, 8, 4, 6))
    assert main([*shrink, "--out", str(out)]) == 130
    capsys.readouterr()
    for _ in range(10):
        status = main(["simplify", "--resume", str(out), "--json"])
        printed = capsys.readouterr().out
        if status == 0:
            break
        assert status == 130
    assert outcome(json.loads(printed)) == outcome(whole)


def test_the_faithful_mode_is_for_linear_layers(capsys, shrink):
    assert "the faithful mode is for Linear" in refused(
        capsys, *shrink, "--faithful", "--select", "topk", "--k", "3"
    )


def test_defaults_for_pictures():
    settings = simplify_settings(model="convnet")
    assert (settings.select, settings.center, settings.k, settings.hidden) == (
        "threshold-batch",
        "forward",
        "10%",
        (),
    )
    assert plan_of(settings).prune == 0.05 and plan_of(settings).min_width == 10
    assert plan_of(settings.changed(filters=(4, 12))).min_width == 4
    assert simplify_settings().k == 160 and plan_of(simplify_settings()).prune == 0.1
