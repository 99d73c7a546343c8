"""Many runs: known by their settings, trained once, kept, found again, the same however many at a time."""

import json
import os
import sys

import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.experiment import KeptRuns, merged_machine, run_many, sweep, train_run
from minimalbp.experiment.kept import identity

BASE = mbp.Settings(threads=1)
train = sys.modules[train_run.__module__]


@pytest.fixture
def settings(points):
    """A training of a moment."""
    return BASE.changed(data=points, hidden=(4,), k=2, epochs=2, evals=2, batch=9, backend="reference")


def made(accuracy=0.9, **changes):
    """A run without a training."""
    return {"settings": BASE.changed(**changes).as_json(), "test_accuracy": accuracy}


# --- identity -------------------------------------------------------------------------------------------------


def test_a_run_is_known_by_every_setting_but_its_threads():
    known = identity(BASE.as_json(), BASE)
    assert identity(BASE.as_json() | {"threads": 7}, BASE) == known == "epochs=20 seed=0"
    others = {
        "seed": 1, "epochs": 2, "k": 7, "select": "unified", "rows": "chosen", "hidden": (500,), "dropout": 0.1,
        "batch": 50, "lr": 0.5, "data": "mnist", "init": "he", "optimizer": "sgd", "clip": 5.0, "evals": 1,
        "backend": "reference",
    }  # fmt: skip
    names = {identity(BASE.changed(**{name: value}).as_json(), BASE) for name, value in others.items()}
    assert len(names - {known}) == len(others)


def test_a_setting_that_is_younger_than_a_run_had_the_value_of_the_base():
    older = BASE.as_json()
    del older["clip"]
    assert identity(older, BASE) == identity(BASE.as_json(), BASE)
    other = BASE.changed(clip=1.0)
    assert identity(older, other) == identity(other.as_json(), other)
    later = BASE.as_json() | {"per_gate": True}  # of another version: not a run of these settings
    assert identity(later, BASE) != identity(BASE.as_json(), BASE)


# --- the folder -----------------------------------------------------------------------------------------------


def test_runs_are_kept_found_and_forgotten(tmp_path):
    report, folder = tmp_path / "table.json", tmp_path / "runs"
    report.write_text(json.dumps({"runs": [made(), made(seed=1)]}))
    kept = KeptRuns(folder, BASE, [report])
    assert kept.get(BASE)["test_accuracy"] == 0.9 and kept.get(BASE.changed(seed=2)) is None
    kept.put(made(0.8))
    again = KeptRuns(folder, BASE, [report])
    assert again.get(BASE)["test_accuracy"] == 0.8, "the folder comes first"
    assert again.get(BASE.changed(seed=1)) is not None and len(again) == 2
    again.forget([BASE, BASE.changed(seed=5)])
    assert again.get(BASE) is None and not list(folder.iterdir()) and report.exists()


def test_a_file_that_was_named_after_another_base_stays_the_file_of_its_run(tmp_path):
    KeptRuns(tmp_path, BASE).put(made(0.8, k=7))
    other = KeptRuns(tmp_path, BASE.changed(k=7))
    other.put(made(0.7, k=7))
    assert len(list(tmp_path.iterdir())) == 1
    assert KeptRuns(tmp_path, BASE).get(BASE.changed(k=7))["test_accuracy"] == 0.7
    other.forget([BASE.changed(k=7)])
    assert not list(tmp_path.iterdir())


def test_a_file_says_what_it_holds(tmp_path):
    data = "/a/long/path of data/" + 30 * "x/" + "points.npz"
    KeptRuns(tmp_path, BASE).put(made(data=data, hidden=(30, 20), k="5%", rows="chosen"))
    (path,) = tmp_path.iterdir()
    assert path.name.startswith("data=-a-long-path-of-data-x") and len(path.name) < 140
    assert KeptRuns(tmp_path, BASE).get(BASE.changed(data=data, hidden=(30, 20), rows="chosen"))


@pytest.mark.parametrize("other", ["[]", "{}", '{"settings": 1}', "3", '{"settings": {}}'])
def test_another_file_among_the_runs_gets_one_line(tmp_path, other):
    (tmp_path / "other.json").write_text(other)
    refused(lambda: KeptRuns(tmp_path), "other.json is no finished run or report of runs")
    if other == "{}":  # a report may have no runs
        assert not len(KeptRuns(tmp_path / "runs", also=[tmp_path / "other.json"]))


# --- training -------------------------------------------------------------------------------------------------


def test_a_run_is_what_fit_finds(settings):
    run, data = train_run(settings), mbp.load_data(settings)
    net = mbp.mlp([5, 4, 3], select=mbp.TopK(2), rng=0, backend="reference")
    history = mbp.fit(
        net, data, mbp.Adam(net.parameters()), epochs=2, batch_size=9, evals_per_epoch=2, threads=1
    )
    best, last = history.best, history.records[1::2]
    assert (run["dev_accuracy"], run["test_accuracy"]) == (best.dev_accuracy, best.test_accuracy)
    assert (run["dev_loss"], run["test_loss"]) == (best.dev_loss, best.test_loss)
    assert run["best_epoch"] == best.epoch
    assert run["dev_by_epoch"] == [record.dev_accuracy for record in last]
    assert run["train_loss_by_epoch"] == [round(record.train_loss, 6) for record in last]
    assert run["test_by_epoch"][-1] == best.test_accuracy and len(run["test_by_epoch"]) == 2
    assert run["settings"] == settings.as_json() and run["machine"] == mbp.machine()
    assert json.loads(json.dumps(run)) == run


def test_a_run_says_what_was_clipped(settings):
    assert "notes" not in train_run(settings)
    (note,) = train_run(settings.changed(k=9))["notes"]
    assert "k = 9" in note


def test_a_parser_has_its_own_scores_and_a_batch_that_fits(tmp_path):
    words = [("she", "PRP", 2, "nsubj"), ("sleeps", "VBZ", 0, "root")]
    sentences = [mbp.Sentence(*(tuple(column) for column in (forms, (), tags, heads, rels)))
                 for forms, tags, heads, rels in [list(zip(*words))] * 20]  # fmt: skip
    mbp.write_conllu(tmp_path / "tiny.conllu", sentences)
    few = {"hidden": (4,), "k": 2, "epochs": 1, "evals": 1, "backend": "reference", "threads": 1}
    run = train_run(mbp.Settings(task="parsing", data=str(tmp_path / "tiny.conllu"), **few))
    assert 0 <= run["test_las"] <= run["test_uas"] == run["test_by_epoch"][0]
    assert "all its 64 transitions" in run["notes"][0] and run["settings"]["batch"] == 10_000


def test_the_test_score_by_epoch_is_that_of_the_best_look_so_far(settings, monkeypatch):
    def record(epoch, dev, test=None):
        tested = () if test is None else ({"accuracy": test}, 0.2)
        return mbp.Record(epoch, epoch, 0.5, {"accuracy": dev}, 0.1, *tested)

    records = [record(1, 0.5, 0.4), record(1, 0.7, 0.6), record(2, 0.6), record(3, 0.8, 0.5), record(3, 0.75)]
    monkeypatch.setattr(train, "fit", lambda *args, **options: mbp.History(records))
    run = train_run(settings)
    assert run["dev_by_epoch"] == [0.7, 0.6, 0.75] and run["test_by_epoch"] == [0.6, 0.6, 0.5]
    assert (run["best_epoch"], run["dev_accuracy"], run["test_accuracy"]) == (3, 0.8, 0.5)


def test_a_loss_that_runs_away_is_a_result(settings, monkeypatch):
    def diverges(*args, **options):
        raise mbp.Diverged("the loss became nan at step 7")

    monkeypatch.setattr(train, "fit", diverges)
    said = []
    (run,) = sweep(settings, tell=said.append)
    assert run["diverged"] == "the loss became nan at step 7" and "test_accuracy" not in run
    assert "the loss became nan" in said[-1]


def test_facts_are_asked_for_before_the_training(settings, monkeypatch):
    now = {"commit": "then", "seconds": "no"}

    def commits_meanwhile(*args, **options):
        now["commit"] = "later"
        raise mbp.Diverged("enough")

    monkeypatch.setattr(train, "fit", commits_meanwhile)
    run = train_run(settings, lambda: now)
    assert run["commit"] == "then" and run["seconds"] == 0, "what a run has anyway stays its own"
    assert train_run(settings, {"by": "me"})["by"] == "me"


# --- sweeps ---------------------------------------------------------------------------------------------------


def test_a_sweep_trains_what_is_missing_and_no_more(settings, tmp_path, monkeypatch):
    trained, said, true_fit, folder = [], [], train.fit, tmp_path / "runs"

    def fit(*args, **options):
        trained.append(options["rng"])
        return true_fit(*args, **options)

    monkeypatch.setattr(train, "fit", fit)
    first, second = settings, settings.changed(seed=1)
    assert [run["settings"]["seed"] for run in sweep([second, first, second], folder)] == [1, 0, 1]
    assert trained == [1, 0] and len(list(folder.iterdir())) == 2
    more = [first, second, first.changed(select="dense")]
    runs = sweep(more, str(folder), tell=said.append)
    assert trained == [1, 0, 0] and len(runs) == 3
    assert said[0] == "2 runs are done, 1 to do" and len(said) == 2
    assert 'select="dense"' in said[1] and "dev accuracy 0." in said[1] and "about 0 s left" in said[1]
    assert sweep(more, KeptRuns(folder)) == runs and trained == [1, 0, 0]


def test_a_sweep_that_is_stopped_keeps_what_is_done(settings, tmp_path, monkeypatch):
    true_fit = train.fit

    def fit(*args, **options):
        if options["rng"] == 1:
            raise KeyboardInterrupt
        return true_fit(*args, **options)

    monkeypatch.setattr(train, "fit", fit)
    seeds = [settings.changed(seed=seed) for seed in range(3)]
    with pytest.raises(KeyboardInterrupt):
        sweep(seeds, tmp_path / "runs")
    assert KeptRuns(tmp_path / "runs").missing(seeds) == seeds[1:]


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="two more processes without the JIT")
def test_two_runs_at_a_time_are_those_of_one(settings):
    seeds = [settings.changed(seed=seed, backend="cpu") for seed in (0, 1)]
    for together, alone in zip(sweep(seeds, jobs=2, extra={"by": "two"}), sweep(seeds)):
        assert together["by"] == "two"
        for key in ("dev_accuracy", "test_loss", "train_loss_by_epoch"):
            assert together[key] == alone[key]


def test_runs_at_a_time_share_the_cores(settings, monkeypatch):
    monkeypatch.setattr(train, "cores", lambda: 4)
    seen = []

    def run_many(work, todo, jobs):
        seen.append([one.threads for one, _ in todo])
        return iter(())

    monkeypatch.setattr(train, "run_many", run_many)
    monkeypatch.setattr("minimalbp.backend.cores", lambda: 4)
    for jobs in (1, 2, 9):
        sweep([settings.changed(threads=3), settings.changed(threads=1, seed=1)], jobs=jobs)
    assert seen == [[3, 1], [2, 1], [1, 1]]


def test_work_that_fails_stops_the_others():
    assert sorted(run_many(pow, [(2, 3), (3, 2), (5, 1)], 2)) == [(0, 8), (1, 9), (2, 5)]
    with pytest.raises(ZeroDivisionError):
        list(run_many(divmod, [(1, 1), (1, 0)], 2))
    assert list(run_many(pow, [], 2)) == []


def test_machines_are_merged():
    runs = [{"machine": {"cpu": "a", "cores": 2}}, {"machine": {"cpu": "b", "cores": 2, "gpu": None}}]
    assert merged_machine(runs) == {"cpu": "a, b", "cores": 2, "gpu": None}


def test_what_is_no_sweep_is_refused(settings, tmp_path):
    refused(lambda: sweep([settings], jobs=0), "jobs must be at least 1")
    refused(lambda: sweep([settings.as_json()]), "a sweep is over Settings")
    refused(lambda: sweep([settings.changed(data="nonsense")], tmp_path / "runs"), "unknown data set")
    assert not (tmp_path / "runs").exists()
