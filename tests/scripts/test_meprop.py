"""The parts of reproduce_meprop.py: arms, kept runs, what seeds say, and verdicts that can go either way."""

import json
import os

import numpy as np
import pytest
from helpers import SCRIPTS, refused, script

pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="the tests run outside the source tree")


@pytest.fixture(scope="module")
def arms():
    return script("meprop_arms")


@pytest.fixture(scope="module")
def runs(arms):
    return script("meprop_runs")


@pytest.fixture(scope="module")
def stats(arms):
    return script("meprop_stats")


def test_a_table_names_its_arms_once_and_what_they_stand_against(arms):
    for table in arms.TABLES.values():
        names = [arm.name for arm in table.arms]
        assert len(set(names)) == len(names)
        assert {arm.against for arm in table.arms} <= {"", *names}
        assert all(arm.settings(seed=3).seed == 3 for arm in table.arms)


def test_arms_that_tables_share_are_one_run(arms, runs):
    def known(table, name):
        arm = next(a for a in arms.TABLES[table].arms if a.name == name)
        return runs.identity(arm.settings(epochs=20).as_json())

    assert (
        known("mnist", "dense h=500")
        == known("table1", "Adam, dense h=500")
        == known("figure4", "dense h=500")
    )
    assert (
        known("mnist", "top-k k=20") == known("table3", "top-k k=20") == known("table1", "Adam, top-k k=20")
    )
    assert known("mnist", "top-k k=20") != known("mnist", "top-k k=20, chosen rows")


def test_a_run_is_known_by_every_setting_but_its_threads(arms, runs):
    base = arms.BASE
    known = runs.identity(base.as_json())
    assert runs.identity(base.changed(threads=None).as_json()) == known
    others = {
        "seed": 1, "epochs": 2, "k": 7, "select": "topk", "rows": "chosen", "hidden": (500,), "dropout": 0.1,
        "batch": 50, "lr": 0.1, "data": "digits", "init": "he",
    }  # fmt: skip
    for name, value in others.items():
        assert runs.identity(base.changed(**{name: value}).as_json()) != known, name
    older = base.as_json()
    del older["clip"]  # as if the run had been made before there was such a setting
    assert runs.identity(older) == known


def a_run(arms, seed=0, accuracy=0.9, **changes):
    settings = arms.BASE.changed(seed=seed, **changes)
    return {"settings": settings.as_json(), "test_accuracy": accuracy, "test_loss": 1 - accuracy,
            "dev_by_epoch": [accuracy]}  # fmt: skip


def test_runs_are_kept_found_and_forgotten(arms, runs, tmp_path):
    (tmp_path / "table1.json").write_text(json.dumps({"runs": [a_run(arms), a_run(arms, seed=1)]}))
    kept = runs.Kept(tmp_path / "runs", [tmp_path / "table1.json"])
    assert kept.get(arms.BASE)["test_accuracy"] == 0.9 and kept.get(arms.BASE.changed(seed=2)) is None
    kept.put(a_run(arms, accuracy=0.8))
    again = runs.Kept(tmp_path / "runs", [tmp_path / "table1.json"])
    assert again.get(arms.BASE)["test_accuracy"] == 0.8, "a file is newer than a table"
    assert again.get(arms.BASE.changed(seed=1)) is not None
    again.forget([arms.BASE])
    assert again.get(arms.BASE) is None and not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("other", ["[]", "{}", '{"settings": 1}', "3", '{"settings": {}}'])
def test_another_file_among_the_runs_gets_one_line(runs, tmp_path, other):
    (tmp_path / "other.json").write_text(other)
    refused(lambda: runs.Kept(tmp_path), "other.json is no run or table of these scripts")
    (tmp_path / "runs").mkdir()
    if other == "{}":  # a table may have no runs: that of seconds has none
        assert not runs.Kept(tmp_path / "runs", [tmp_path / "other.json"]).runs


def test_a_loss_that_runs_away_is_kept_as_such(arms, runs, monkeypatch):
    def diverges(*args, **options):
        raise runs.mbp.Diverged("the loss became nan at step 7")

    monkeypatch.setattr(runs.mbp, "fit", diverges)
    run = runs.train(arms.BASE.changed(data="digits", hidden=(3,)))
    assert run["diverged"] == "the loss became nan at step 7" and run["test_accuracy"] is None


def test_a_run_has_the_commit_it_began_with(arms, runs, monkeypatch):
    now = ["then"]

    def commits_meanwhile(*args, **options):
        now[0] = "later"
        raise runs.mbp.Diverged("enough")

    monkeypatch.setattr(runs, "commit", lambda: now[0])
    monkeypatch.setattr(runs.mbp, "fit", commits_meanwhile)
    assert runs.train(arms.BASE.changed(data="digits", hidden=(3,)))["commit"] == "then"


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="two more processes without the JIT")
def test_two_runs_at_a_time_are_those_of_one(arms, runs, points, tmp_path):
    settings = [arms.BASE.changed(data=points, hidden=(4,), epochs=1, seed=seed) for seed in (0, 1)]
    kept, said = runs.Kept(tmp_path / "runs"), []
    runs.finish([("tiny", s) for s in settings], kept, 2, said.append)
    assert len(said) == 2 and "min left" in said[-1]
    for s in settings:
        alone = runs.train(s)
        for key in ("dev_accuracy", "test_loss", "train_loss_by_epoch"):
            assert kept.get(s)[key] == alone[key]


def test_spread_is_students(stats):
    found = stats.spread([1.0, 2.0, 3.0])
    assert found["mean"] == 2 and np.isclose(found["se"], 1 / np.sqrt(3))
    t = 4.302652729696142  # of two degrees of freedom, from a printed table
    assert np.allclose([found["low"], found["high"]], [2 - t / np.sqrt(3), 2 + t / np.sqrt(3)])
    assert np.allclose(found["next"], [2 - t * np.sqrt(4 / 3), 2 + t * np.sqrt(4 / 3)])
    assert stats.spread([1.0])["se"] is None and stats.spread([])["mean"] is None
    assert stats.spread([1.0, 2.0, 3.0], 0.99)["high"] > found["high"]


def test_pairs_are_of_one_seed(arms, stats):
    left = [a_run(arms, seed, accuracy) for seed, accuracy in ((0, 0.9), (1, 0.7), (2, 0.5))]
    right = [a_run(arms, seed, accuracy) for seed, accuracy in ((2, 0.4), (1, 0.5), (3, 0.1))]
    left[0]["test_accuracy"] = None  # it diverged
    found = stats.paired(left, right)
    assert found["n"] == 2 and np.isclose(found["mean"], 0.15)
    for gap, word in (((0.1, 0.2), "up"), ((-0.2, -0.1), "down"), ((-0.1, 0.1), "?"), ((None, None), "?")):
        assert stats.verdict({"low": gap[0], "high": gap[1]}, "up", "down", "?") == word


def report(arms, name, accuracy):
    """A report whose arms have these accuracies, a little different for each of three seeds."""
    table, spread = arms.TABLES[name], script("meprop_stats").spread
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
    claims = script("meprop_claims")
    reports = {"figure4": report(arms, "figure4", accuracy)}
    found = claims.claims(reports)
    if accuracy is as_in_the_paper:  # h = 50 has no k of its own
        verdicts[1] = "holds in all 4"
    assert [c.verdict for c in found][: len(verdicts)] == verdicts
    assert ("not shown" in found[2].verdict) == (accuracy is the_other_way_round)
    assert f"**{found[0].text}**: {verdicts[0]}." in claims.claims_markdown(reports)


@pytest.mark.parametrize(
    "gap, spread, word",
    [
        (0.03, 1e-3, "far above"),
        (0.009, 1e-3, "clearly above"),
        (0.03, 0.02, "above"),
        (-0.03, 1e-3, "below"),
    ],
)
def test_far_and_clearly_are_said_where_the_intervals_are_apart(stats, gap, spread, word):
    """The paired differences are all about `gap`, so that spread widens the intervals of the means alone."""
    claims, rows, runs = script("meprop_claims"), [], []
    for name, above in (("top-k k=20", gap), ("dense h=20", 0)):
        values = [0.9 + above + spread * np.cos(2 * seed) + 1e-4 * (above and seed) for seed in range(3)]
        rows.append({"name": name, "test_accuracy": stats.spread(values)})
        runs += [{"name": name, "settings": {"seed": i}, "test_accuracy": v} for i, v in enumerate(values)]
    claim = claims.above_narrow({"table3": {"table": "table3", "epochs": 1, "arms": rows, "runs": runs}})
    assert [case.word for case in claim.cases] == [word]
    assert claim.verdict.startswith("holds" if word in claims.ROBUST else "not shown")


def test_the_first_epoch_of_a_run_is_counted_once(arms):
    claims, accuracy = script("meprop_claims"), as_in_the_paper
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
def test_the_aims_on_text_are_judged(stats, dense, gaps, words):
    claims, rows, runs = script("meprop_claims"), [], []
    for name, select, more in (("dense h=500", {}, (0, 0, 0)), ("top-k k=10", {"select": "topk"}, gaps)):
        values = [dense + 1e-4 * seed + gap for seed, gap in enumerate(more)]
        rows.append({"name": name, "changes": select, "against": "dense h=500" if select else ""})
        runs += [{"name": name, "settings": {"seed": i}, "test_accuracy": v} for i, v in enumerate(values)]
    reports = {"tagging": {"table": "tagging", "epochs": 5, "arms": rows, "runs": runs}}
    found = [claims.enough(reports), claims.near(reports)]
    assert tuple(claim.cases[0].word for claim in found) == words
    assert claims.enough({}).cases == []


def test_claims_need_no_more_than_there_is(arms):
    claims = script("meprop_claims")
    assert claims.claims({}) == []
    only = {"table3": report(arms, "table3", as_in_the_paper)}
    assert [c.verdict for c in claims.claims(only)] == ["holds in the one case at hand"]


def test_what_disagrees_with_the_paper_is_said(arms, stats):
    markdown = script("meprop_markdown")

    def said(gaps):
        made = report(arms, "table4", lambda name: 0.9)
        made["arms"][1]["gap"] = {"test_accuracy": stats.spread(gaps)}
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
