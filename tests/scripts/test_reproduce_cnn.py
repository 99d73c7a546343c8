"""reproduce_cnn.py: its smoke version, its arms, the pictures of CIFAR-10, and its Markdown."""

import json
import os

import numpy as np
import pytest
from helpers import SCRIPTS, script

import minimalbp as mbp

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
NO_JIT = "NUMBA_DISABLE_JIT" in os.environ


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with the smoke versions of a table of each kind."""
    if NO_JIT:
        pytest.skip("without the compiler digits take minutes")
    folder = tmp_path_factory.mktemp("cnn")
    words = ["--smoke", "--jobs", "1", "--out", str(folder / "runs"), "--to", str(folder / "cnn")]
    assert script("reproduce_cnn").main(["cifar-bn", "full", "overfitting", *words]) == 0
    return folder


def report_of(folder, name):
    return json.loads((folder / "cnn" / f"{name}.json").read_text())


def test_smoke_of_a_table_of_each_kind(made):
    tables, table = script("cnn.arms").TABLES, script("cnn.markdown").cnn_table
    for name, seeds in (("cifar-bn", 2), ("full", 1), ("overfitting", 2)):
        report = report_of(made, name)
        assert report["seeds"] == seeds and len(report["runs"]) == seeds * len(tables[name].arms)
        text = table(report)
        assert all(f"| {arm.name} |" in text for arm in tables[name].arms)
        assert all(len(run["density"]) == len(run["settings"]["filters"]) for run in report["runs"])
    assert "* sample 5%: at the best dev score" in table(report_of(made, "cifar-bn"))
    assert "* ConvNet: dense, at least 75 %: missed" in table(report_of(made, "full"))


def test_the_gap_between_train_and_test_is_measured(made):
    report = report_of(made, "overfitting")
    for run in report["runs"]:
        assert run["overfit"] == run["last_train_accuracy"] - run["last_test_accuracy"]
    for arm in report["arms"]:
        assert arm["overfit"]["n"] == 2 and ("gap" not in arm or arm["gap"]["overfit"]["n"] == 2)


def test_the_page_is_filled_from_the_tables(made, monkeypatch):
    tables = script("tables")
    page = (SCRIPTS.parent / "docs" / "results" / "cnn.md").read_text(encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", made)
    filled = tables.fill(page)
    assert "lenet on digits, 1 epoch" in filled
    assert filled.count("Not made yet: `python scripts/reproduce_cnn.py ") == len(tables.CNN) - 3
    assert "Not made yet: `python scripts/reproduce_cnn.py controls-bn`." in filled


def test_arms_have_names_of_their_own_and_a_dense_one_to_stand_against():
    for name, table in script("cnn.arms").TABLES.items():
        names = [arm.name for arm in table.arms]
        assert len(set(names)) == len(names) and {arm.against for arm in table.arms} <= {"", *names}, name
        for arm in table.arms:
            settings = arm.settings()
            assert (settings.select == "dense") == (not arm.against or arm.name == "dense, forward"), arm.name
            assert settings.batchnorm == (name.endswith("-bn") or arm.name.startswith("ConvNet: ")), arm.name


def test_a_table_takes_at_most_about_an_hour():
    """By the pictures that all runs see, of which two cores learn about 2,500 a second."""
    for name, table in script("cnn.arms").TABLES.items():
        pictures = 0
        for arm in table.arms:
            settings = arm.settings()
            full = 55_000 if settings.data == "mnist" else 45_000
            size = int(settings.data.partition("[:")[2].rstrip("]") or full)
            pictures += size * settings.epochs * (1 if name == "full" else 5)
        assert pictures <= 7_000_000, name


def test_pictures_are_read_once_and_the_first_are_of_all_classes(tmp_path, monkeypatch):
    pictures = script("cnn.pictures")
    rng, y = np.random.default_rng(0), np.repeat(np.arange(3), 20)
    x = rng.integers(0, 256, (60, 3, 4, 4)).astype(np.uint8)
    np.savez(tmp_path / "mine.npz", x_train=x, y_train=y, x_test=x[::9], y_test=y[::9])
    monkeypatch.setattr(pictures, "DEV", 9)
    path = pictures.stored(tmp_path / "mine.npz", tmp_path / "runs")
    monkeypatch.setattr(mbp, "load_dataset", None)
    assert pictures.stored(None, tmp_path / "runs") == path
    monkeypatch.undo()
    data = mbp.load_dataset(f"{path}[:30]")
    assert (len(data.train), len(data.dev), len(data.test), data.shape) == (30, 9, 7, (3, 4, 4))
    assert min(np.bincount(data.train.y)) > 5
    assert np.array_equal(data.test.x, mbp.load_dataset(tmp_path / "mine.npz").test.x)


def test_without_pictures_one_line_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MINIMALBP_DATA", raising=False)
    words = ["--out", str(tmp_path / "runs"), "--to", str(tmp_path / "to")]
    assert script("reproduce_cnn").main(["cifar", *words]) == 2
    assert "give --cifar PATH" in capsys.readouterr().err
    monkeypatch.setenv("MINIMALBP_DATA", str(tmp_path))
    home, folder = script("cnn.pictures").home, tmp_path / "cifar10-jpeg"
    assert home() == folder
    folder.mkdir()
    (folder / "pictures.tar.gz").touch()
    assert home() == folder / "pictures.tar.gz"


def test_a_claim_is_judged_by_its_interval_only():
    claims = script("cnn.markdown").claims
    better, open_ = {"mean": 0.01, "low": 0.005, "high": 0.015}, {"mean": 0, "low": -0.01, "high": 0.01}
    arm = {"name": "sample 5%", "changes": {"select": "sample"}}
    arm["gap"] = {"test_accuracy": better, "last_test_accuracy": open_}
    (line,) = claims({"table": "mnist", "arms": [arm]})
    assert "at the best dev score better than dense (+1.00 [+0.50, +1.50])" in line
    assert "after the last step no difference from dense is shown" in line
    assert claims({"table": "mnist", "arms": [arm | {"changes": {"select": "sample", "k": "2%"}}]}) == []
    once = {key: {"mean": 0.01, "low": None, "high": None} for key in arm["gap"]}
    assert claims({"table": "full", "arms": [arm | {"gap": once}]}) == []
