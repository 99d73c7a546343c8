"""reproduce_spp.py: its smoke version, its arms and its Markdown."""

import json
import os

import pytest
from helpers import SCRIPTS, script

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")
NO_JIT = "NUMBA_DISABLE_JIT" in os.environ


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder with the smoke version of a table, made in two sittings."""
    if NO_JIT:
        pytest.skip("without the compiler digits take minutes")
    folder = tmp_path_factory.mktemp("spp")
    words = ["--smoke", "--jobs", "1", "--out", str(folder / "runs"), "--to", str(folder / "spp")]
    assert script("reproduce_spp").main(["lenet", *words]) == 0
    return folder, words


def report_of(folder):
    return json.loads((folder / "spp" / "lenet.json").read_text())


def test_every_arm_is_pruned_to_its_ratio_from_the_same_weights(made):
    report = report_of(made[0])
    arms, table = script("spp.arms"), script("spp.arms").smaller(script("spp.arms").TABLES["lenet"])
    assert [arm["name"] for arm in report["arms"]] == [arm.name for arm in table.arms]
    before = {(run["settings"]["seed"], run["before"]) for run in report["runs"]}
    assert len(before) == report["seeds"] == 2
    for run in report["runs"]:
        if run["name"] == arms.NONE:
            assert "pruned" not in run
        elif run["plan"]["ratio"]:
            assert all(gone == -(-round(100 * run["plan"]["ratio"]) * n // 100) for gone, n in run["groups"])
        else:
            assert run["speedup"] >= run["plan"]["speedup"] - 1e-9
        assert run["epochs"]["total"] >= report["total"]


def test_both_rules_of_fairness_are_ends_of_epochs(made):
    for run in report_of(made[0])["runs"]:
        settled = run.get("settled", 0)
        per_epoch = 11  # 1,078 digits in batches of 100
        assert run["epochs"]["retrain"] == -(-settled // per_epoch) + run["retrain"]


def test_a_table_goes_on_where_it_was_stopped(made, capsys):
    folder, words = made
    before = report_of(folder)
    lost = sorted((folder / "runs" / "lenet").glob("spp-0.9-seed1.json"))
    assert len(lost) == 1
    lost[0].unlink()
    assert script("reproduce_spp").main(["lenet", *words]) == 0
    after = report_of(folder)
    for report in (before, after):
        for run in report["runs"]:
            del run["seconds"]
    assert before["runs"] == after["runs"] and before["arms"] == after["arms"]


def test_the_table_says_whether_the_aims_are_reached(made):
    report, table = report_of(made[0]), script("spp.markdown").spp_table
    text = table(report)
    assert all(f"| {arm['name']} |" in text for arm in report["arms"])
    assert "* SPP before retraining at least 30 points above one-shot at R = 0.9: missed" in text
    for arm in report["arms"]:
        if arm["name"] == "spp 0.9":
            arm["pruned"]["mean"] = 1.0
    assert "R = 0.9: reached" in table(report)


def test_the_page_is_filled_from_the_tables(made, monkeypatch):
    tables = script("tables")
    page = (SCRIPTS.parent / "docs" / "results" / "spp.md").read_text(encoding="utf-8")
    monkeypatch.setattr(tables, "RESULTS", made[0])
    filled = tables.fill(page)
    assert "| spp 0.9 |" in filled
    assert "Not made yet: `python scripts/reproduce_spp.py convnet`." in filled


def test_every_arm_of_every_table_has_a_plan_of_its_own():
    arms = script("spp.arms")
    for name, table in arms.TABLES.items():
        plans = [arm.plan for arm in table.arms]
        assert len(set(plans)) == len(plans) and plans[0] is None, name
        assert len({arm.name for arm in table.arms}) == len(plans)
