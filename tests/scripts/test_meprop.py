"""The parts of reproduce_meprop.py: arms, the runs that tables share, and verdicts that can go either way."""

import argparse
import json

import numpy as np
import pytest
from helpers import SCRIPTS, script

from minimalbp.experiment import KeptRuns
from minimalbp.report import spread

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")


@pytest.fixture(scope="module")
def arms():
    return script("meprop.arms")


def test_a_table_names_its_arms_once_and_what_they_stand_against(arms):
    for table in arms.TABLES.values():
        names = [arm.name for arm in table.arms]
        assert len(set(names)) == len(names)
        assert {arm.against for arm in table.arms} <= {"", *names}
        assert all(arm.settings(seed=3).seed == 3 for arm in table.arms)


def test_arms_that_tables_share_are_one_run(arms):
    kept = KeptRuns(None, arms.BASE)

    def known(table, name):
        arm = next(a for a in arms.TABLES[table].arms if a.name == name)
        return kept.name(arm.settings(epochs=20))

    assert (
        known("mnist", "dense h=500")
        == known("table1", "Adam, dense h=500")
        == known("figure4", "dense h=500")
    )
    assert (
        known("mnist", "top-k k=20") == known("table3", "top-k k=20") == known("table1", "Adam, top-k k=20")
    )
    assert known("mnist", "top-k k=20") != known("mnist", "top-k k=20, chosen rows")


@pytest.mark.parametrize("name", ["reproduce_meprop", "reproduce_text"])
def test_every_run_of_the_committed_tables_is_found_again(name, arms):
    """Those that a paper's table has now, by the settings that the committed file has of them."""
    command, folder = script(name), SCRIPTS.parent / "docs" / "results" / "meprop"
    kept = KeptRuns(None, arms.BASE, sorted(folder.glob("*.json")))
    for table in command.TEXT_TABLES if name == "reproduce_text" else command.TABLES:
        wanted = command.wanted_of(table, command.parser().parse_args([table]))
        assert kept.missing(wanted.values()) == [], table
        runs = json.loads((folder / f"{table}.json").read_text())["runs"]
        assert [kept.get(settings)["test_accuracy"] for settings in wanted.values()] == [
            next(r["test_accuracy"] for r in runs if (r["name"], r["settings"]["seed"]) == of)
            for of in wanted
        ]


def a_run(arms, seed=0, accuracy=0.9, **changes):
    settings = arms.BASE.changed(seed=seed, **changes)
    return {"settings": settings.as_json(), "test_accuracy": accuracy, "test_loss": 1 - accuracy,
            "dev_by_epoch": [accuracy]}  # fmt: skip


def test_a_table_has_accuracies_whatever_decides_and_none_where_the_loss_ran_away(arms, tmp_path):
    report, table = script("meprop.report"), script("meprop.text").TEXT_TABLES["parsing"]
    kept, wanted = (
        KeptRuns(tmp_path),
        {(arm.name, s): arm.settings(seed=s) for arm in table.arms for s in (0, 1)},
    )
    for i, settings in enumerate(wanted.values()):
        run = {"settings": settings.as_json(), "seconds": 1, "machine": {}, "commit": None}
        scores = {
            "dev_uas": 0.9,
            "test_uas": 0.8 + 0.01 * i,
            "dev_las": 0.7,
            "test_las": 0.6,
            "test_loss": 0.1,
        }
        kept.put(run | ({"diverged": "nan"} if i == 1 else scores | {"best_epoch": 3}))
    found = report.accuracy_report("parsing", table, wanted, argparse.Namespace(jobs=1, seeds=2), kept, "x")
    dense, sparse, _ = found["arms"]
    assert dense["test_accuracy"]["mean"] == 0.8 and (dense["diverged"], dense["test_las"]["n"]) == (1, 1)
    assert found["runs"][1]["test_accuracy"] is None and "dev_uas" not in found["runs"][0]
    assert sparse["gap"]["test_accuracy"]["n"] == sparse["gap"]["test_las"]["n"] == 1
    assert np.isclose(sparse["gap"]["test_accuracy"]["mean"], 0.02)


def report(arms, name, accuracy):
    """A report whose arms have these accuracies, a little different for each of three seeds."""
    table = arms.TABLES[name]
    rows, runs = [], []
    for i, arm in enumerate(table.arms):
        values = [accuracy(arm.name) + 1e-3 * np.cos(i + 2 * seed) for seed in range(3)]
        runs += [{"name": arm.name, **a_run(arms, seed, value)} for seed, value in enumerate(values)]
        rows.append({"name": arm.name, "changes": arm.changes, "rows": arm.settings().rows, "against": arm.against,
                     "paper": arm.paper, "diverged": 0, "test_accuracy": spread(values)})  # fmt: skip
    return {"table": name, "epochs": table.epochs, "paper_epochs": 20, "arms": rows, "runs": runs}


def number(name):
    return int(name.split("=")[1].split(",")[0])


def as_in_the_paper(name):
    k = number(name)
    if name.startswith("random"):
        return 0.6 + 1e-3 * k
    if name.startswith("dense"):
        return 0.9 if k == 500 else 0.5 + 1e-3 * k
    return 0.95 - 1e-2 * abs(np.log(k / 80))


def the_other_way_round(name):
    return 1 - as_in_the_paper(name)


@pytest.mark.parametrize(
    "accuracy, verdicts",
    [
        (as_in_the_paper, ["holds in all 10", "holds in all 5", "holds: top-k k=80 is above both"]),
        (the_other_way_round, ["not shown: of 10 far above in 0, below in 10"]),
    ],
)
def test_verdicts_follow_the_runs(arms, accuracy, verdicts):
    claims = script("meprop.claims")
    reports = {"figure4": report(arms, "figure4", accuracy)}
    found = claims.claims(reports)
    if accuracy is as_in_the_paper:  # h = 50 has no k of its own
        verdicts[1] = "holds in all 4"
    assert [c.verdict for c in found][: len(verdicts)] == verdicts
    assert ("not shown" in found[2].verdict) == (accuracy is the_other_way_round)
    assert f"**{found[0].text}**: {verdicts[0]}." in claims.claims_markdown(reports)


@pytest.mark.parametrize(
    "gap, noise, word",
    [
        (0.03, 1e-3, "far above"),
        (0.009, 1e-3, "clearly above"),
        (0.03, 0.02, "above"),
        (-0.03, 1e-3, "below"),
    ],
)
def test_far_and_clearly_are_said_where_the_intervals_are_apart(gap, noise, word):
    """The paired differences are all about `gap`, so that noise widens the intervals of the means alone."""
    claims, rows, runs = script("meprop.claims"), [], []
    for name, above in (("top-k k=20", gap), ("dense h=20", 0)):
        values = [0.9 + above + noise * np.cos(2 * seed) + 1e-4 * (above and seed) for seed in range(3)]
        rows.append({"name": name, "test_accuracy": spread(values)})
        runs += [{"name": name, "settings": {"seed": i}, "test_accuracy": v} for i, v in enumerate(values)]
    claim = claims.above_narrow({"table3": {"table": "table3", "epochs": 1, "arms": rows, "runs": runs}})
    assert [case.word for case in claim.cases] == [word]
    assert claim.verdict.startswith("holds" if word in claims.ROBUST else "not shown")


def test_the_first_epoch_of_a_run_is_counted_once(arms):
    claims, accuracy = script("meprop.claims"), as_in_the_paper
    one = {"figure4": report(arms, "figure4", accuracy)}
    both = one | {"figure4-topk": report(arms, "figure4-topk", accuracy)}
    assert len(claims.slower(both).cases) == len(claims.slower(one).cases) == 6
    assert len(claims.improves(both).cases) == 12


@pytest.mark.parametrize(
    "dense, gaps, words",
    [
        (0.94, (-0.001, 0.001, 0.0), ("above", "near")),
        (0.94, (0.01, 0.012, 0.011), ("above", "near")),
        (0.94, (-0.02, 0.02, 0.0), ("above", "undecided")),
        (0.91, (-0.01, -0.011, -0.012), ("below", "below")),
    ],
)
def test_the_aims_on_text_are_judged(dense, gaps, words):
    claims, rows, runs = script("meprop.claims"), [], []
    for name, select, more in (("dense h=500", {}, (0, 0, 0)), ("top-k k=10", {"select": "topk"}, gaps)):
        values = [dense + 1e-4 * seed + gap for seed, gap in enumerate(more)]
        rows.append({"name": name, "changes": select, "against": "dense h=500" if select else ""})
        runs += [{"name": name, "settings": {"seed": i}, "test_accuracy": v} for i, v in enumerate(values)]
    reports = {"tagging": {"table": "tagging", "epochs": 5, "arms": rows, "runs": runs}}
    found = [claims.enough(reports), claims.near(reports)]
    assert tuple(claim.cases[0].word for claim in found) == words
    assert claims.enough({}).cases == []


def test_claims_need_no_more_than_there_is(arms):
    claims = script("meprop.claims")
    assert claims.claims({}) == []
    only = {"table3": report(arms, "table3", as_in_the_paper)}
    assert [c.verdict for c in claims.claims(only)] == ["holds in the one case at hand"]


def test_what_disagrees_with_the_paper_is_said(arms):
    markdown = script("meprop.markdown")

    def said(gaps):
        made = report(arms, "table4", lambda name: 0.9)
        made["arms"][1]["gap"] = {"test_accuracy": spread(gaps)}
        return markdown.disagreements(made), markdown.agrees(
            made["arms"][1], {a["name"]: a for a in made["arms"]}
        )

    # The paper prints +0.23 points.
    assert said([0.001, 0.0023, 0.004]) == ([], "yes")
    lines, word = said([-0.003, -0.0031, -0.0029])
    assert word == "no" and "the other way round: not what" in lines[0] and "+0.23" in lines[0]
    lines, word = said([0.0, 0.001, 0.002, 0.0, 0.001, 0.002])
    assert word == "as one run" and "one more run of ours could give it" in lines[0]
    assert said([0.001]) == ([], ""), "one seed says nothing"
