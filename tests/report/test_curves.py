"""The curve of a training, and the seconds until the dev score first reached a target."""

import json

import pytest
from helpers import clusters, refused
from reports import report_of, run_of

import minimalbp as mbp
from minimalbp.report import curve, seconds_to


def history(*pairs):
    return mbp.History(
        [
            mbp.Record(1, i + 1, 1.0, {"uas": dev, "las": 0.1}, 1.0, seconds=s)
            for i, (dev, s) in enumerate(pairs)
        ]
    )


def test_the_first_evaluation_at_the_target_or_above_counts():
    found = history((0.5, 1.0), (0.8, 2.0), (0.7, 3.0), (0.9, 4.0))
    assert [seconds_to(found, target) for target in (0.5, 0.6, 0.8, 0.85, 0.91)] == [1.0, 2.0, 2.0, 4.0, None]
    assert seconds_to(mbp.History(), 0.5) is None and seconds_to(history((0.9, None)), 0.5) is None


@pytest.mark.parametrize("target", [0, -0.5, 1.01, 97.5, float("nan"), "0.9", None, True])
def test_what_is_no_target_is_refused(target):
    refused(lambda: seconds_to(history((0.9, 1.0)), target), "target must be a number in (0, 1]")


def test_a_curve_has_an_entry_for_each_evaluation():
    net = mbp.mlp([7, 5, 3], backend="reference")
    trained = mbp.fit(net, clusters(), mbp.Adam(net.parameters()), epochs=2, evals_per_epoch=3, batch_size=7)
    found = curve(trained)
    assert found["step"] == [r.step for r in trained.records] and len(found["seconds"]) == 6
    assert found["dev"] == [r.dev_accuracy for r in trained.records]
    assert json.loads(json.dumps(found)) == found


def test_a_report_has_the_seconds_of_each_run():
    dense, slow = run_of("dense"), run_of("topk 5%", dev=(0.5, 0.6, 0.7))
    report = report_of(dense, slow, target=0.95)
    assert report["target"] == 0.95 and [r["seconds_to_target"] for r in report["runs"]] == [2.0, None]


def test_the_target_is_by_default_99_percent_of_dense():
    seeds = [run_of("dense", dev=(0.9, 0.98)), run_of("dense", seed=1, dev=(0.9, 0.96))]
    report = report_of(*seeds, run_of("topk 5%", dev=(0.1, 1.0)))
    assert report["target"] == 0.960  # 0.99 * 0.97 = 0.9603
    assert [r["seconds_to_target"] for r in report["runs"]] == [2.0, 2.0, 2.0]
    alone = report_of(run_of("topk 5%", dev=(0.5, 1.0)))
    assert alone["target"] == 0.99 and alone["runs"][0]["seconds_to_target"] == 2.0


def test_runs_without_scores_or_curves_have_no_seconds():
    diverged = {"name": "dense", "seed": 0, "diverged": "the loss became nan"}
    report = report_of(diverged)
    assert report["target"] is None and report["runs"][0]["seconds_to_target"] is None
    old = {key: value for key, value in run_of("dense").items() if key != "curve"}
    assert report_of(old)["runs"][0]["seconds_to_target"] is None
