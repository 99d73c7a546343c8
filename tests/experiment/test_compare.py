"""Several arms and seeds in one comparison: which they are, what each is, and what is said of them."""

import json

import pytest
from commands import outcome
from helpers import clusters, refused

import minimalbp as mbp
from minimalbp.experiment import arms
from minimalbp.experiment.combine import LISTS, check_arms, combine
from minimalbp.experiment.summary import speedups, summarise
from minimalbp.report.comparison import comparison_table
from minimalbp.tasks import TASKS

DATA = clusters()
SETTINGS = mbp.Settings(hidden=(8, 6), k=2, epochs=2, evals=2, batch=10, backend="reference", threads=1)
PHASES = ("forward", "select", "dw", "dx", "other", "update", "total")


def without_clock(run):
    return outcome({"runs": [run]})[0]


def names(report):
    return [(run["name"], run["seed"]) for run in report["runs"]]


# --- which arms there are -----------------------------------------------------------------------------------


def test_every_combination_is_an_arm_once():
    found = combine({"select": "topk, unified,topk", "k": ["5%", 2, "5 %"], "center": ("off", "dw")})
    assert [arm.arm() for arm in found] == [
        f"{select} {k}{center}"
        for select in ("topk", "unified") for k in ("5%", "2") for center in ("", " dw")
    ]  # fmt: skip
    assert {arm.rows for arm in found} == {"all"}
    assert [arm.arm() for arm in combine({"k": "5%,5.0%", "center": "off"})] == ["topk 5%"]
    assert [arm.arm() for arm in combine({"select": "dense", "k": "2,3", "center": "off,dw"})] == [
        "dense",
        "dense dw",
    ]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_says_what_is_compared_where_no_rule_is_asked_for(task):
    first, found = TASKS[task].first_run, combine({"task": task})
    assert [(arm.select, arm.center) for arm in found] == [
        (arm["select"], arm["center"]) for arm in first["arms"]
    ]
    assert {(arm.k, arm.rows) for arm in found} == {(TASKS[task].defaults["k"], first["rows"])}
    for option in ({"k": 3}, {"rows": "all"}):
        (arm,) = combine({"task": task, **option})
        assert (arm.select, arm.center, arm.rows) == ("topk", "off", "all")
    (arm,) = combine({"task": task, "center": "dw"})
    assert (arm.select, arm.center, arm.rows) == ("topk", "dw", "all")


def test_what_are_no_arms_of_one_comparison():
    refused(lambda: check_arms([SETTINGS, SETTINGS.changed(lr=0.5)]), "topk 2 has lr = 0.5", "two runs")
    refused(lambda: check_arms([SETTINGS, "topk"]), "are Settings, not 'topk'")
    refused(lambda: check_arms(3), "are Settings, not 3")
    refused(lambda: check_arms([]), "at least one arm")
    refused(lambda: combine({"k": []}), "k must have at least one value")
    refused(lambda: combine({"k": "2%,"}), "k must be a whole number", "not ''")
    refused(lambda: combine({"select": "topk,unfied"}), "did you mean 'unified'")
    refused(lambda: combine({"center": ["dw", 3]}), "unknown center '3'")
    refused(lambda: combine({"task": "classfy"}), "did you mean 'classify'")
    refused(lambda: combine({"select": "topk", "k": "5.5%,5_5%"}), "or a percentage, such as 5%, not '5_5%'")


# --- what is trained ----------------------------------------------------------------------------------------


def test_an_arm_is_the_same_alone_and_beside_others():
    several = [SETTINGS, SETTINGS.changed(k="50%", select="random"), SETTINGS.changed(center="dw")]
    report = mbp.compare(several, DATA)
    assert names(report) == [("dense", 0), ("topk 2", 0), ("random 50%", 0), ("topk 2 dw", 0)]
    for arm, run in zip(several, report["runs"][1:], strict=True):
        (alone,) = mbp.compare(arm, DATA, dense=False)["runs"]
        assert without_clock(run) == without_clock(alone)
        assert run["center"] == arm.center and run["select"] == arm.selector().describe()
    assert report["config"] == SETTINGS.as_json() and report["seeds"] == 1 and "summary" not in report
    assert report["arms"] == [{name: getattr(arm, name) for name in LISTS} for arm in several]


def test_dense_beside_centred_arms_is_the_plain_one():
    plain = mbp.compare(SETTINGS.changed(select="dense"), DATA)
    assert names(plain) == [("dense", 0)] and plain["arms"] == [] and plain["config"]["select"] == "dense"
    centred = SETTINGS.changed(center="forward")
    report = mbp.compare([centred.changed(select="dense"), centred], DATA)
    assert names(report) == [("dense", 0), ("dense forward", 0), ("topk 2 forward", 0)]
    dense, other = (without_clock(run) for run in report["runs"][:2])
    assert dense == without_clock(plain["runs"][0]) and dense["dev_loss"] != other["dev_loss"]
    assert names(mbp.compare([centred, SETTINGS.changed(select="dense")], DATA, dense=False)) == [
        ("dense", 0), ("topk 2 forward", 0)
    ]  # fmt: skip


def test_the_last_scores_are_those_after_the_last_step():
    settings = SETTINGS.changed(epochs=4, lr=0.05)
    (run,) = mbp.compare(settings, DATA, dense=False)["runs"]
    net = mbp.mlp([7, 8, 6, 3], select=mbp.TopK(2), rng=0, backend="reference")
    adam = mbp.Adam(net.parameters(), lr=0.05)
    mbp.fit(net, DATA, adam, epochs=4, batch_size=10, evals_per_epoch=2, rng=0, threads=1)
    for part in ("dev", "test"):
        assert run[f"last_{part}_accuracy"] == mbp.evaluate(net, getattr(DATA, part)).accuracy


def test_several_seeds_are_the_single_ones_and_are_summed_up():
    report = mbp.compare(SETTINGS, DATA, seeds=3)
    assert names(report) == [(name, seed) for name in ("dense", "topk 2") for seed in range(3)]
    alone = mbp.compare(SETTINGS.changed(seed=2), DATA)
    assert [without_clock(report["runs"][i]) for i in (2, 5)] == list(map(without_clock, alone["runs"]))
    assert report["seeds"] == 3 and report["seed"] == 0 and report["speedup"].keys() == {"topk 2"}
    dense, sparse = (
        [run["last_test_accuracy"] for run in report["runs"][i : i + 3]] for i in (0, 3)
    )  # fmt: skip
    mine = report["summary"]["topk 2"]
    assert mine["last_test_accuracy"]["mean"] == pytest.approx(sum(sparse) / 3)
    gap = mine["difference"]["last_test_accuracy"]
    assert gap["n"] == 3 and gap["mean"] == pytest.approx((sum(sparse) - sum(dense)) / 3)
    assert "difference" not in report["summary"]["dense"]


def test_a_loss_that_runs_away_is_a_result_among_others(monkeypatch, tmp_path):
    train = arms.PreparedArm.train

    def diverges(self, *, progress):
        if self.name == "topk 2" and self.settings.seed in bad:
            raise mbp.Diverged("the loss became nan at step 7")
        return train(self, progress=progress)

    monkeypatch.setattr(arms.PreparedArm, "train", diverges)
    bad = (0,)
    report = mbp.compare(SETTINGS.changed(k=2), DATA, out=tmp_path / "run")
    dense, sparse = report["runs"]
    assert sparse["diverged"] == "the loss became nan at step 7" and "seconds" not in sparse
    assert (sparse["seed"], sparse["center"], sparse["notes"]) == (0, "off", [])
    assert report["speedup"] == {"backward": None, "step": None} and "diverged" not in dense
    assert json.loads((tmp_path / "run" / "run.json").read_text()) == report
    comparison_table(report)
    report = mbp.compare(SETTINGS, DATA, seeds=2)
    assert report["summary"]["topk 2"]["test_accuracy"]["n"] == 1 and report["speedup"]["topk 2"]["step"] > 0
    bad = (0, 1)
    report = mbp.compare(SETTINGS, DATA, seeds=2)
    assert report["summary"]["topk 2"]["test_accuracy"]["mean"] is None and report["speedup"] == {}
    with pytest.raises(mbp.Diverged, match="step 7"):
        mbp.compare(SETTINGS, DATA, dense=False)


# --- what is said of arms -----------------------------------------------------------------------------------


def made(name, seed, seconds, accuracy=0.9):
    """A run of two seconds for each part of the backward pass, and the rest forward."""
    parts = dict.fromkeys(PHASES, 0.0) | dict.fromkeys(("select", "dw", "dx", "other"), seconds)
    scores = {f"{part}_accuracy": accuracy for part in ("dev", "test", "last_dev", "last_test")}
    return {"name": name, "seed": seed, "seconds": parts | {"total": 6 * seconds}, **scores}


def test_speedups_are_over_the_seeds_that_both_have():
    gone = {"name": "slow", "seed": 1, "diverged": "nan", "notes": []}
    runs = [made("dense", 0, 2.0), made("dense", 1, 90.0), made("fast", 0, 1.0), made("fast", 1, 1.0)]
    runs += [made("slow", 0, 4.0), gone]
    assert speedups({"runs": runs}) == {
        "fast": {"backward": 46.0, "step": 46.0},
        "slow": {"backward": 0.5, "step": 0.5},
    }
    assert speedups({"runs": runs[2:]}) == {} and speedups({"runs": []}) == {}


def test_differences_are_paired():
    runs = [
        made("dense", 0, 1.0, 0.8),
        made("dense", 1, 1.0, 0.6),
        made("k", 0, 1.0, 0.9),
        made("k", 1, 1.0, 0.7),
    ]
    report = {"runs": runs, "scores": {"accuracy": "accuracy"}, "seed": 0}
    found = summarise(report)
    gap = found["k"]["difference"]["test_accuracy"]
    assert gap["mean"] == pytest.approx(0.1) and gap["se"] == pytest.approx(0)
    assert found["k"]["test_accuracy"]["se"] == pytest.approx(0.1)
    assert "difference" not in summarise(report | {"runs": runs[2:]})["k"]
