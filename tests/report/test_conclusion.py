"""What is concluded from a comparison, for every outcome there can be, and the command that is proposed."""

import pytest
from reports import PHASES, SPARSE_SECONDS, report_of, run_of

from minimalbp.report.conclusion import best_arm, conclusion
from minimalbp.report.next_command import next_command

DENSE = run_of("dense", test=0.986)
TOPK = run_of("topk 5%", test=0.911, dev=(0.5, 0.8, 0.9), losses=(4.1, 2.0, 0.5))
UNIFIED = run_of("unified 5% dw", test=0.983, dev=(0.5, 0.8, 0.985), select="unified", center="dw")
SLOW = dict(zip(PHASES, (3.0, 4.0, 2.0, 2.0, 1.0, 2.0)))


def said(*runs, typed=None, **options):
    return " ".join(conclusion(report_of(*runs, **options), typed).split())


def command(*runs, typed=(), **options):
    report = report_of(*runs, **options)
    report["config"]["lr"] = 0.001
    return conclusion(report, dict(typed)).splitlines()[-1]


def seeds_of(name, *tests, **options):
    return [run_of(name, seed=seed, test=test, **options) for seed, test in enumerate(tests)]


def test_the_best_arm_beside_dense_and_the_papers_rule():
    assert said(DENSE, TOPK, UNIFIED) == (
        "unified 5% dw, the best of 2 sparse arms, has a test accuracy of 98.30 %, 0.30 points below dense; "
        "one seed decides nothing. Its backward pass is 5.0 times as fast as the dense one, and its whole step is "
        "2.2 times as fast. The step gains less, because the forward pass (30 % of the dense step) does not "
        "shrink; the update (20 % of the dense step) shrinks too. The paper's own rule, topk 5%, ends 7.50 points "
        "below dense: its loss rose to 4.1, above the 2.3 of the first step."
    )
    assert max(map(len, conclusion(report_of(DENSE, TOPK, UNIFIED)).splitlines())) <= 100


def test_the_papers_rule_alone():
    text = said(DENSE, TOPK)
    assert text.startswith(
        "topk 5% has a test accuracy of 91.10 %, 7.50 points below dense; one seed decides nothing."
    )
    assert text.endswith("Its loss rose to 4.1, above the 2.3 of the first step.") and "paper" not in text


@pytest.mark.parametrize(
    "change",
    [{"test": 0.985}, {"center": "dw"}, {"select": "unified"}],
    ids=["as good", "centred", "another rule"],
)
def test_the_papers_rule_is_named_where_it_is_worse_only(change):
    assert "paper" not in said(DENSE, run_of("topk 5%", **({"test": 0.9, "dev": (0.5,)} | change)), UNIFIED)


def test_a_loss_that_did_not_rise_is_not_mentioned():
    mild = run_of("topk 5%", test=0.97, dev=(0.5,))
    assert said(DENSE, mild, UNIFIED).endswith("The paper's own rule, topk 5%, ends 1.60 points below dense.")
    old = {key: value for key, value in TOPK.items() if key not in ("first_loss", "curve")}
    assert "loss" not in said(DENSE, old, UNIFIED)


@pytest.mark.parametrize(
    "test, words", [(0.986, "98.60 %, as dense;"), (0.9871, "98.71 %, 0.11 points above dense;")]
)
def test_sparse_may_be_as_good_or_better(test, words):
    assert words in said(DENSE, run_of("unified 5%", test=test))


@pytest.mark.parametrize(
    "tests, words",
    [
        (
            (0.95, 0.96, 0.955),
            "2.83 points below dense. Over 3 seeds the 95 % interval of the first difference is -3.55 to -2.12:",
        ),
        (
            (0.99, 0.995, 0.991),
            "0.87 points above dense. Over 3 seeds the 95 % interval of the first difference is +0.29 to +1.44:",
        ),
        ((0.98, 0.99, 0.98), "no difference that these seeds show."),
    ],
)
def test_several_seeds_decide_by_their_interval(tests, words):
    found = said(*seeds_of("dense", 0.98, 0.985, 0.985), *seeds_of("unified 5%", *tests))
    assert words in found
    assert ("worse than dense." in found) == (tests[0] == 0.95) and ("better than dense." in found) == (
        tests[1] > 0.99
    )


def test_the_score_after_the_last_step_stands_beside_that_at_the_best_dev_score():
    runs = [
        run_of(name) | {"last_test_accuracy": last} for name, last in (("dense", 0.98), ("topk 5%", 0.985))
    ]
    assert "of 98.00 %, as dense, and after the last step of 98.50 %, 0.50 points above dense; one" in said(
        *runs
    )


def test_the_score_of_another_task_is_called_by_its_name():
    runs = [run_of(name, score="uas") for name in ("dense", "topk 5%")]
    assert "has a test UAS of 98.00 %, as dense" in said(*runs, scores={"uas": "UAS", "las": "LAS"})


def test_forward_and_update_do_not_shrink_where_all_rows_are_updated():
    all_rows = run_of("topk 5%", seconds=SPARSE_SECONDS | {"update": 2.0})
    assert said(DENSE, all_rows).endswith(
        "The step gains less, because the forward pass (30 % of the dense step) and the update (20 % of the dense "
        "step) do not shrink."
    )


def test_a_slower_rule_is_said_to_be_slower():
    text = said(DENSE, run_of("topk 5%", seconds=SLOW))
    assert (
        "Its backward pass is only 0.56 times as fast as the dense one, and its whole step is only 0.71"
        in text
    )
    assert text.endswith("At this size choosing costs more than it saves.")
    same = run_of("topk 100%", seconds={phase: DENSE["seconds"][phase] for phase in PHASES})
    assert said(DENSE, same).endswith("is as fast as the dense one, and its whole step is as fast.")


def test_the_best_has_the_best_dev_score_and_is_the_faster_of_equals():
    worse = run_of("b", test=0.999, dev=(0.98,))
    fast = run_of("c", seconds=SPARSE_SECONDS | {"forward": 1.0})
    assert best_arm(report_of(DENSE, run_of("a"), worse, fast)) == "c"
    assert best_arm(report_of(DENSE)) is None


def test_what_diverged_is_said_and_compared_no_further():
    lost = {"name": "topk 5%", "seed": 0, "diverged": "the loss became nan", "notes": []}
    assert said(DENSE, lost) == "topk 5% diverged: the loss was no longer finite."
    text = said(DENSE, lost, UNIFIED)
    assert text.startswith("topk 5% diverged") and "unified 5% dw, the best of 2 sparse arms" in text
    assert "nothing to compare with" in said({**lost, "name": "dense"}, UNIFIED)
    assert command(DENSE, lost) == "Next, try: minimalbp train --lr 0.0001"


def test_without_dense_or_without_a_sparse_arm():
    assert said(TOPK) == "Without a dense network there is nothing to compare with."
    assert said(DENSE) == "Only the dense network was trained, so there is nothing to compare it with."
    assert command(TOPK, typed={"no_compare": True, "k": "5%"}) == "Next, try: minimalbp train --k 5%"
    assert (
        command(TOPK, typed={"no_compare": True, "select": "topk"})
        == "Next, try: minimalbp train --select topk"
    )
    assert command(DENSE, typed={"select": "dense"}) == "Next, try: minimalbp train"


def test_near_dense_more_seeds_come_next_then_a_smaller_k():
    typed = {
        "data": "my folder",
        "select": "unified",
        "out": "runs/a",
        "json": True,
        "plot": "a.png",
        "brief": True,
    }
    assert command(DENSE, UNIFIED, typed=typed | {"brief": True}) == (
        "Next, try: minimalbp train --data 'my folder' --select unified --brief --seeds 5"
    )
    seeds = *seeds_of("dense", 0.98, 0.99), *seeds_of("unified 5%", 0.98, 0.99, select="unified")
    assert command(*seeds, typed={"seeds": 5, "k": "5%"}) == "Next, try: minimalbp train --seeds 5 --k 2.5%"


def test_far_from_dense_centring_comes_next_then_a_larger_k():
    assert command(DENSE, TOPK) == "Next, try: minimalbp train --center forward"
    far = run_of("topk 25 dw", test=0.9, center="dw")
    assert command(DENSE, far, typed={"center": "dw"}) == "Next, try: minimalbp train --center dw --k 10%"
    for select, k in (({"k": 25}, "50"), ({"ratio": 0.05}, "10%"), ({"ratio": 0.7}, "100%")):
        assert command(DENSE, far | {"select": {"name": "topk"} | select}).endswith(f"--k {k}")
    near = run_of("topk 25 dw", test=0.97, center="dw")  # nearer than one seed can tell
    assert command(DENSE, near).endswith("--seeds 5")


def test_a_slower_step_asks_for_wider_layers():
    slow = run_of("topk 5%", test=0.986, seconds=SLOW)
    assert command(DENSE, slow) == "Next, try: minimalbp train --hidden 1000,1000"
    report = report_of(DENSE, slow)
    report["config"] |= {"model": "lenet", "filters": [32, 64]}
    assert next_command(report, "topk 5%", {"model": "lenet"}) == (
        "minimalbp train --model lenet --filters 64,128"
    )


def test_an_option_that_is_off_is_left_out():
    assert command(DENSE, UNIFIED, typed={"no_compare": False, "bidirectional": True}) == (
        "Next, try: minimalbp train --bidirectional --seeds 5"
    )


def on(density, test, seeds=1):
    """The runs of a network on a topology, and of dense, over seeds."""
    edges = {"topology": {"name": "radix", "density": density}}
    runs = [run_of("radix", seed=seed, test=test, select="dense") | edges for seed in range(seeds)]
    return [*(run_of("dense", seed=seed) for seed in range(seeds)), *runs]


@pytest.mark.parametrize(
    "density, test, seeds, words",
    [
        ("10%", 0.93, 1, "--density 20%"),
        ("10%", 0.979, 1, "--seeds 5"),
        ("10%", 0.97, 5, "--density 20%"),
        ("10%", 0.98, 5, "--density 5%"),
        ("80%", 0.9, 5, "--density 100%"),
        (None, 0.9, 1, "--seeds 5"),
        (None, 0.9, 5, "--select topk"),
    ],
)
def test_where_a_topology_is_best_its_density_is_what_changes(density, test, seeds, words):
    assert command(*on(density, test, seeds)) == f"Next, try: minimalbp train {words}"
    text = said(*on(density, test, seeds))
    assert "own rule" not in text and "choosing" not in text
