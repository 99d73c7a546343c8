"""The scripts behind the figures, on data small enough for a test, and the tables they fill."""

import json
import sys

import numpy as np
import pytest
from helpers import JIT_ONLY, NO_JIT, SCRIPTS, script

from minimalbp.experiment import sweep

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """The folder of every table's smoke version, and what was printed."""
    if NO_JIT:
        pytest.skip("without the compiler digits take minutes")
    folder, reproduce = tmp_path_factory.mktemp("meprop"), script("reproduce_meprop")
    words = ["--smoke", "--jobs", "1", "--out", str(folder / "runs"), "--to", str(folder / "meprop")]
    assert reproduce.main([*reproduce.TABLES, "table2", *words]) == 0
    treebank = script("meprop.text").made_up(folder / "made-up.conllu")
    text = script("reproduce_text")
    assert text.main([*text.TEXT_TABLES, *words[:7], "--data", treebank]) == 0
    return folder, words


def test_every_table_of_meprop_is_made_from_its_runs(reproduced):
    folder, _ = reproduced
    reproduce = script("reproduce_meprop")
    for name, table in reproduce.TABLES.items():
        report = json.loads((folder / "meprop" / f"{name}.json").read_text())
        assert [arm["name"] for arm in report["arms"]] == [arm.name for arm in table.arms]
        for arm in report["arms"]:
            mine = [r["test_accuracy"] for r in report["runs"] if r["name"] == arm["name"]]
            assert len(mine) == 2 and np.isclose(arm["test_accuracy"]["mean"], np.mean(mine))
            assert np.isclose(arm["test_accuracy"]["se"], np.std(mine, ddof=1) / np.sqrt(2))
            if arm["against"]:
                other = [r["test_accuracy"] for r in report["runs"] if r["name"] == arm["against"]]
                assert np.isclose(arm["gap"]["test_accuracy"]["mean"], np.mean(np.subtract(mine, other)))
        for run in report["runs"]:
            assert run["machine"]["cpu"] and "commit" in run and run["settings"]["epochs"] == 1
            assert run["test_by_epoch"] == [run["test_accuracy"]]  # of one epoch
    for name in [*reproduce.TABLES, "table2", *script("reproduce_text").TEXT_TABLES]:
        assert (folder / "meprop" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_table2_is_over_seeds_that_are_kept(reproduced, monkeypatch, capsys):
    folder, words = reproduced
    reproduce, path = script("reproduce_meprop"), folder / "meprop" / "table2.json"
    before = path.read_bytes()
    report = json.loads(before)
    assert [run["settings"]["seed"] for run in report["by_seed"]] == [0, 1] and report["seeds"] == 2
    assert "table2 --smoke" in report["command"] and "--jobs" not in report["command"]
    timed = script("meprop.timing")
    assert [arm["name"] for arm in report["arms"]] == timed.names()
    for arm in report["arms"]:
        assert list(arm["seconds"]) == list(
            timed.PARTS[arm["name"] in timed.PEERS :]
        )  # no linear of PyTorch's
        for part, found in arm["seconds"].items():
            mine = [run["arms"][arm["name"]][part] for run in report["by_seed"]]
            assert np.isclose(found["mean"], np.mean(mine)) and mine[0] != mine[1]
            assert np.isclose(found["se"], np.std(mine, ddof=1) / np.sqrt(2))
    measured = []

    def measure(settings):
        measured.append(settings.seed)
        return report["by_seed"][settings.seed]

    monkeypatch.setattr("meprop.timing.measure", measure)
    assert reproduce.main(["table2", *words]) == 0 and not measured
    next((folder / "runs" / "table2").glob("*seed=1-*")).unlink()  # as if it had been stopped there
    assert reproduce.main(["table2", *words]) == 0 and measured == [1] and path.read_bytes() == before
    assert reproduce.main(["table2", "--fresh", *words]) == 0 and measured == [1, 0, 1]
    assert "table2: 1 seeds are done, 1 to do" in capsys.readouterr().err


def test_a_finished_run_is_not_trained_again(reproduced, monkeypatch, capsys):
    folder, words = reproduced
    before = {path.name: path.read_bytes() for path in (folder / "meprop").glob("*.json")}
    reproduce = script("reproduce_meprop")
    monkeypatch.setattr(sys.modules[sweep.__module__], "train_run", None)
    names = ["figure4", "table1", "table3"]
    assert reproduce.main([*names, *words]) == 0
    assert "figure4: 44 runs are done, 0 to do" in capsys.readouterr().err
    for name in names:
        assert (folder / "meprop" / f"{name}.json").read_bytes() == before[f"{name}.json"]
    with pytest.raises(TypeError):  # train_run is None
        reproduce.main(["table3", "--fresh", *words])


def test_the_page_is_filled_from_the_tables(reproduced, monkeypatch):
    tables = script("tables")
    page = (SCRIPTS.parent / "docs" / "results" / "meprop.md").read_text(encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", reproduced[0])
    filled = tables.fill(page)
    assert "Not made yet" not in filled
    for text in (
        "| Adam, top-k k=20 |", "meprop/figure4.png", "| 5 hidden, unified top-k k=50 |",
        "**Top-k is far above random-k at the same k**", "Were the backward pass for nothing",
    ):  # fmt: skip
        assert text in filled, text
    assert "| dense h=500 | all |" in tables.made("mnist") and "of the clock, run by run." in tables.made(
        "mnist"
    )
    assert filled.count("Its runs took") == len(tables.MEPROP) - 2, (
        "all but mnist, on its own page, and table2"
    )
    monkeypatch.setattr(tables, "RESULTS", reproduced[0] / "nothing")
    assert tables.fill(page).count("Not made yet: `python scripts/reproduce_meprop.py table1`.") == 1
    assert tables.fill(filled) == tables.fill(page)


@pytest.mark.parametrize("seconds, said", [(3599 / 2, "60 minutes"), (90, "3 minutes"), (4860, "2.7 hours")])
def test_how_long_the_runs_took_is_said(seconds, said):
    took = script("meprop.markdown").took
    assert took({"runs": [{"seconds": seconds}] * 2}) == f"Its runs took {said} of the clock, run by run."


def test_the_text_tables_hold_their_baselines_and_las(reproduced):
    folder, _ = reproduced
    text = script("reproduce_text")
    for name, table in text.TEXT_TABLES.items():
        report = json.loads((folder / "meprop" / f"{name}.json").read_text())
        arms = {arm["name"]: arm for arm in report["arms"]}
        assert list(arms)[: len(table.arms)] == [arm.name for arm in table.arms]
        assert report["corpus"]["train"] == 32 and "dense h=500" in arms
        for arm in table.arms:
            mine = [r for r in report["runs"] if r["name"] == arm.name]
            assert [r["settings"]["seed"] for r in mine] == [0, 1]
            assert np.isclose(
                arms[arm.name]["test_accuracy"]["mean"], np.mean([r["test_accuracy"] for r in mine])
            )
            if name.startswith("parsing"):
                assert all(0 <= r["test_las"] <= r["test_accuracy"] for r in mine)
    assert report["corpus"]["not_projective"]["train"] == 1
    report = json.loads((folder / "meprop" / "tagging.json").read_text())
    plain = report["arms"][-1]
    assert plain["name"] == "most frequent tag" and 0.5 < plain["test_accuracy"]["mean"] <= 1
    assert plain["test_accuracy"]["se"] is None and plain["best_epoch"]["mean"] is None


def test_a_finished_run_on_text_is_not_trained_again(reproduced, monkeypatch, capsys):
    folder, words = reproduced
    reproduce, before = script("reproduce_text"), (folder / "meprop" / "parsing.json").read_bytes()
    monkeypatch.setattr(sys.modules[sweep.__module__], "train_run", None)
    words = [*words[:7], "--data", str(folder / "made-up.conllu")]
    assert reproduce.main(["parsing", *words]) == 0
    out, err = capsys.readouterr()
    assert "parsing: 6 runs are done, 0 to do" in err and "| dense h=20 |" in out
    assert (folder / "meprop" / "parsing.json").read_bytes() == before
    with pytest.raises(TypeError):  # train_run is None
        reproduce.main(["parsing", "--fresh", *words])


@JIT_ONLY
def test_a_smoke_test_on_text_needs_nothing(capsys):
    assert script("reproduce_text").main(["tagging", "--smoke", "--jobs", "1"]) == 0
    assert "| most frequent tag |" in capsys.readouterr().out
    assert script("reproduce_text").main(["parsing", "--data", "no-such", "--jobs", "1", "--smoke"]) == 2
    assert "error: unknown treebank" in capsys.readouterr().err


def test_what_cannot_be_is_refused_in_one_line(tmp_path, capsys):
    reproduce = script("reproduce_meprop")
    for words, said in ((["--seeds", "0"], "seeds must be at least 1"),
                        (["--epochs", "0"], "epochs must be at least 1"),
                        (["--data", "nonsense"], "nonsense")):  # fmt: skip
        table = "table2" if said == "nonsense" else "table3"
        folders = ["--to", str(tmp_path), "--out", str(tmp_path)]
        assert reproduce.main([table, "--jobs", "1", *folders, *words]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: ") and said in error
    assert not list(tmp_path.iterdir())


def test_the_committed_tables_are_those_of_the_committed_results(capsys, monkeypatch):
    tables = script("tables")
    monkeypatch.setattr("sys.argv", ["tables.py", "--check"])
    assert tables.main() == 0, capsys.readouterr().err


OTHERS = ["mnist-plain", "mnist-faithful", "tagging", "parsing"]


@JIT_ONLY
@pytest.mark.parametrize("others", [[], pytest.param(OTHERS, marks=pytest.mark.slow)], ids=["one", "all"])
def test_the_tables_of_mesimp_are_made_from_their_seeds(others, tmp_path, capsys):
    words = ["--smoke", "--jobs", "1", "--out", str(tmp_path / "runs"), "--to", str(tmp_path / "mesimp")]
    reproduce, names = script("reproduce_mesimp"), ["mnist", *others]
    assert reproduce.main([*names, *words]) == 0
    arms = ["dense", "simplified", "from scratch", "magnitude", "random"]
    for name in names:
        report = json.loads((tmp_path / "mesimp" / f"{name}.json").read_text())
        assert [arm["name"] for arm in report["arms"]] == arms
        runs = [run for seed in report["seeds"] for run in seed["runs"]]
        for arm in report["arms"]:
            mine = [run["test_accuracy"] for run in runs if run["name"] == arm["name"]]
            assert len(mine) == 2 and np.isclose(arm["test_accuracy"]["mean"], np.mean(mine))
        for seed in report["seeds"]:
            small = seed["runs"][1]
            assert small["widths"] in seed["widths_by_look"]
            assert all(run["widths"] == small["widths"] for run in seed["runs"][2:])
        assert (tmp_path / "mesimp" / f"{name}.png").stat().st_size > 1000
    printed = capsys.readouterr().out
    assert "At most 180 units on average" in printed and "| *the paper, its own data* | 154 |" in printed
    before = (tmp_path / "runs" / "mnist-seed0" / "done.json").stat().st_mtime_ns
    assert reproduce.main(["mnist", *words]) == 0  # nothing is trained twice
    assert (tmp_path / "runs" / "mnist-seed0" / "done.json").stat().st_mtime_ns == before
    kept = json.loads((tmp_path / "mesimp" / "mnist.json").read_text())
    assert reproduce.main(["mnist", *words, "--speed-only"]) == 0
    again = json.loads((tmp_path / "mesimp" / "mnist.json").read_text())
    assert again["decoding"] != kept["decoding"] and again | {"decoding": 0} == kept | {"decoding": 0}
    assert reproduce.main(["parsing", *words, "--data", "no-such"]) == 2
