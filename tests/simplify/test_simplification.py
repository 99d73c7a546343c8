"""meSimp and its controls in one go: who is restarted, what is said, refused and gone on with."""

import json

import numpy as np
import pytest
from helpers import refused, stop_after
from shrinking import DATA

import minimalbp as mbp
from minimalbp.experiment.arms import PreparedArm
from minimalbp.experiment.build import load_data
from minimalbp.experiment.settings import Settings
from minimalbp.experiment.simplify import plan_of, simplify
from minimalbp.report.tables import simplification_table
from minimalbp.simplify import Plan


def test_every_network_that_shrinks_is_restarted_and_no_other(monkeypatch):
    called = []
    monkeypatch.setattr(mbp.Adam, "reset", lambda self: called.append(1))
    settings = Settings(hidden=(8,), k=3, epochs=2, evals=2, batch=8, backend="reference")
    counts = []
    for plan in (Plan(prune=0.4, cycle=1), Plan(prune=0.4, cycle=1, restart=True)):
        called.clear()
        simplify(settings, plan, DATA)
        counts.append(len(called))
    assert counts == [
        0,
        3 * 3,
    ]  # after the first three of four looks; the one that shrinks, magnitude and random


def test_a_run_that_lost_nobody_says_so():
    settings = Settings(hidden=(8,), k=8, epochs=2, evals=2, batch=8, backend="reference")
    report = simplify(settings, Plan(prune=0.0, cycle=1), DATA, controls=False)
    assert any("No unit was removed" in note for note in report["runs"][1]["notes"])


def test_a_control_that_diverges_is_a_note_and_the_rest_stands(tmp_path, monkeypatch):
    train = PreparedArm.train

    def training(arm, **options):
        if arm.name == "magnitude":
            raise mbp.Diverged("loss = nan")
        kept = json.loads((tmp_path / "run" / "run.json").read_text())["runs"]
        seen.append((arm.name, [run["name"] for run in kept]))
        return train(arm, **options)

    seen = []
    monkeypatch.setattr(PreparedArm, "train", training)
    settings = Settings(hidden=(8,), k=3, epochs=2, evals=2, batch=8, backend="reference")
    report = simplify(settings, Plan(prune=0.4, cycle=1), DATA, out=tmp_path / "run")
    assert [run["name"] for run in report["runs"]] == ["dense", "simplified", "from scratch", "random"]
    assert any("magnitude diverged: loss = nan" in note for note in report["runs"][1]["notes"])
    assert seen[2] == ("from scratch", ["dense", "simplified"])  # what is done is written at once


@pytest.mark.parametrize("epochs", range(1, 41))
def test_the_default_cycle_ends_in_training(epochs):
    cycle = plan_of(Settings(epochs=epochs)).cycle
    assert (epochs - 1) // cycle % 2 == (epochs > 1)


def test_a_run_that_ends_while_units_leave_says_so():
    settings = Settings(hidden=(8,), k=3, epochs=3, evals=2, batch=8, backend="reference")
    for cycle, said in ((1, True), (2, False)):
        report = simplify(settings, Plan(prune=0.4, cycle=cycle), DATA, controls=False)
        assert any("ends in a simplification cycle" in note for note in report["runs"][1]["notes"]) == said


def test_a_resumed_run_has_the_settings_it_had(tmp_path):
    settings = Settings(hidden=(8,), k=3, epochs=2, evals=2, batch=8, backend="reference")
    plan, out = Plan(prune=0.4, cycle=1), tmp_path / "run"
    simplify(settings, plan, DATA, out=out, controls=False)
    before = (out / "run.json").read_bytes()
    for other, message in (
        ((settings.changed(init="he"), plan), "init = glorot_uniform"),
        ((settings.changed(epochs=3), plan), "epochs = 2"),
        ((settings, Plan(prune=0.3, cycle=1)), "prune = 0.4"),
    ):
        with pytest.raises(mbp.BadInput, match=message):
            simplify(*other, DATA, out=out, controls=False, resume=True)
    with pytest.raises(mbp.BadInput, match="controls = False"):
        simplify(settings, plan, DATA, out=out, resume=True)
    assert (out / "run.json").read_bytes() == before


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"min_width": 9}, "above the 8 units"),
        ({"faithful": True}, "leave faithful out"),
        ({"window": 9, "cycle": 1}, "window = 9 is more than the 6 evaluations of a cycle"),
        ({"window": 10**30}, "evaluations of a cycle"),
        ({"window": 6, "cycle": 1}, "window = 6 is more than the 5 evaluations of the first cycle"),
        ({"prune": 0.6}, "prune = 0.6 is above 0.5: with dropout = 0.5"),
        ({"faithful": True, "window": 3}, "faithful .* takes no window = 3"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_before_anything_is_written(tmp_path, wrong, message):
    settings = Settings(hidden=(8,), k="50%", epochs=1, backend="reference", dropout=0.5)
    with pytest.raises(mbp.BadInput, match=message):
        simplify(settings, Plan(**wrong), DATA, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("dropout, prune", [(0.9, 0.1), (0.8, 0.2)])
def test_the_largest_prune_rate_that_dropout_leaves_is_taken(dropout, prune):
    """1 - 0.9 is less than 0.1 in binary."""
    settings = Settings(hidden=(8,), k=3, epochs=1, batch=8, backend="reference", dropout=dropout)
    assert simplify(settings, Plan(prune=prune, cycle=1), DATA, controls=False)["runs"]


@pytest.mark.parametrize("lost", ["left/0", "hits/0", "activeness/0", "first too many"])
def test_a_checkpoint_without_the_sizes_is_damaged(tmp_path, monkeypatch, lost):
    settings = Settings(hidden=(12,), k=3, epochs=2, batch=8, backend="reference")
    stop_after(monkeypatch, (100, 10))  # the dense network is finished
    with pytest.raises(KeyboardInterrupt):
        simplify(settings, Plan(prune=0.4, cycle=1), DATA, out=tmp_path / "run", controls=False)
    path = tmp_path / "run" / "simplified.checkpoint.npz"
    with np.load(path) as file:
        arrays = dict(file)
    if lost == "first too many":
        arrays["companion/left/0"] = np.arange(99)[None]
    else:
        del arrays[f"companion/{lost}"]
    np.savez(path, **arrays)
    message = refused(lambda: simplify(settings, Plan(prune=0.4, cycle=1), DATA, out=tmp_path / "run", resume=True,
                                       controls=False))  # fmt: skip
    assert "simplified.checkpoint.npz" in message and "is it damaged?" in message


def test_without_test_transitions_there_is_nothing_to_time(tmp_path):
    """A treebank whose test part has no projective tree: its one arc runs across another."""

    def tree(heads):
        return "".join(f"{i}\tw\t_\tX\tX\t_\t{h}\td\t_\t_\n" for i, h in enumerate(heads, 1)) + "\n"

    plain, crossed = tree([2, 0]), tree([3, 4, 0, 3])
    for part, text in (("train", plain * 8), ("dev", plain), ("test", crossed)):
        (tmp_path / f"{part}.conllu").write_text(text)
    settings = Settings(
        task="parsing", data=str(tmp_path), hidden=(12,), k=3, epochs=2, batch=8, backend="reference"
    )
    report = simplify(settings, Plan(prune=0.1, cycle=1), load_data(settings), controls=False)
    assert report["decoding"] == [] and simplification_table(report)
