"""What seeds say: Student's intervals, pairs of one seed, and words that the interval must allow."""

import numpy as np
import pytest
from helpers import refused

from minimalbp.report import paired, spread, verdict


def run(seed, accuracy, **more):
    return {"settings": {"seed": seed}, "test_accuracy": accuracy, **more}


def test_spread_is_students():
    found = spread([1.0, 2.0, 3.0])
    assert found["mean"] == 2 and np.isclose(found["se"], 1 / np.sqrt(3))
    t = 4.302652729696142  # of two degrees of freedom, from a printed table
    assert np.allclose([found["low"], found["high"]], [2 - t / np.sqrt(3), 2 + t / np.sqrt(3)])
    assert np.allclose(found["next"], [2 - t * np.sqrt(4 / 3), 2 + t * np.sqrt(4 / 3)])
    assert spread([1.0])["se"] is None and spread([])["mean"] is None
    assert spread(np.float32([1, 2, 3]), 0.99)["high"] > found["high"]


def test_the_interval_holds_the_true_mean_as_often_as_its_level_says():
    rng = np.random.default_rng(0)
    for level in (0.5, 0.9):
        found = [spread(rng.normal(3, 2, 5), level) for _ in range(400)]
        held = np.mean([f["low"] <= 3 <= f["high"] for f in found])
        one_more = np.mean([f["next"][0] <= rng.normal(3, 2) <= f["next"][1] for f in found])
        assert abs(held - level) < 0.08 and abs(one_more - level) < 0.08


def test_pairs_are_of_one_seed():
    left = [run(seed, accuracy) for seed, accuracy in ((0, None), (1, 0.7), (2, 0.5))]
    right = [run(seed, accuracy) for seed, accuracy in ((2, 0.4), (1, 0.5), (3, 0.1))]
    found = paired(left, right)
    assert found["n"] == 2 and np.isclose(found["mean"], 0.15)
    assert paired(right, left)["mean"] == -found["mean"]
    diverged = [{"settings": {"seed": 1}, "diverged": "the loss became nan"}, right[0]]
    assert paired(left, diverged)["n"] == 1
    assert paired(left, right, level=0.5)["high"] < found["high"]


def test_a_verdict_is_what_the_interval_allows():
    for gap, word in (((0.1, 0.2), "up"), ((-0.2, -0.1), "down"), ((-0.1, 0.1), "?"), ((None, None), "?")):
        assert verdict({"low": gap[0], "high": gap[1]}, "up", "down", "?") == word


@pytest.mark.parametrize("level", [0, 1, np.nan, "95 %"])
def test_no_level(level):
    refused(lambda: spread([1.0, 2.0], level), "level must be a number in (0, 0.999999]")


def test_what_are_no_pairs_is_refused():
    refused(lambda: spread([1.0, np.nan]), "each value must be a number")
    refused(lambda: spread([1.0, "2"]), "each value must be a number")
    refused(lambda: paired([run(0, 0.9)], [run(0, 0.8)], "test_acuracy"), "did you mean 'test_accuracy'")
    refused(lambda: paired([run(0, 0.9), run(0, 0.8)], [run(0, 0.8)]), "two runs have the seed 0")
