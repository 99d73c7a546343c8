"""`--schedule`, `--warmup` and `--k-schedule` reach every network of a run, also one that is gone on with."""

import json

import pytest
from commands import outcome, refused, report
from helpers import stop_after

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.experiment import KeptRuns, arms, sweep

FALLING = ["--schedule", "linear", "--warmup", "3"]


@pytest.fixture
def small(small):
    return [*small, "--backend", "reference", "--threads", "1"]


def losses(folder):
    """{run: the loss of every evaluation}."""
    found = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        found.setdefault(record["run"], []).append(record["dev_loss"])
    return found


def test_every_network_has_the_schedule(capsys, small, tmp_path):
    found = {}
    for name, more in (("constant", []), ("falling", FALLING)):
        config = report(capsys, *small, *more, "--out", tmp_path / name)["config"]
        assert (config["schedule"], config["warmup"]) == (("linear", 3) if more else ("constant", 0))
        found[name] = losses(tmp_path / name)
    assert found["constant"].keys() == found["falling"].keys() == {"dense", "topk 2"}
    for run, constant in found["constant"].items():
        assert constant != found["falling"][run]


def test_a_file_has_them_by_the_same_names(capsys, small, tmp_path):
    (tmp_path / "c.toml").write_text('schedule = "cosine"\nwarmup = 2\n')
    config = report(capsys, *small, "--config", tmp_path / "c.toml", "--warmup", "3")["config"]
    assert (config["schedule"], config["warmup"]) == ("cosine", 3)


def test_an_interrupted_run_ends_where_the_whole_one_does(capsys, small, tmp_path, monkeypatch):
    out, words = tmp_path / "run", [*small, *FALLING]
    whole = report(capsys, *words)
    with monkeypatch.context() as patch:
        stop_after(patch, (3,))
        assert main([*words, "--out", str(out)]) == 130
    capsys.readouterr()
    assert outcome(report(capsys, "train", "--resume", out)) == outcome(whole)


def test_a_run_to_the_end_of_a_schedule_keeps_its_length(capsys, small, tmp_path):
    out = tmp_path / "run"
    report(capsys, *small, *FALLING, "--out", out)
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    line = refused(capsys, "train", "--resume", out, "--epochs", "4")
    assert "linear schedule over 2 epochs, not 4; leave out --epochs" in line
    assert "only --epochs and --threads" in refused(capsys, "train", "--resume", out, "--schedule", "step")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    report(capsys, "train", "--resume", out, "--epochs", "2")


def test_a_warm_up_alone_may_go_on(capsys, small, tmp_path):
    words, out = [*small, "--warmup", "5"], tmp_path / "run"
    whole = report(capsys, *words, "--epochs", "3")
    report(capsys, *words, "--out", out)
    assert outcome(report(capsys, "train", "--resume", out, "--epochs", "3")) == outcome(whole)


@pytest.mark.parametrize(
    "words, said",
    [
        (["--schedule", "linaer"], "unknown schedule 'linaer'; did you mean 'linear'"),
        (["--warmup", "-1"], "warmup must be at least 0, not -1"),
        (["--warmup", "1.5"], "warmup must be a whole number"),
        (["--warmup", "500"], "warmup = 500 must be below the"),
        (["--k-schedule", "5%"], "k_schedule must be K@EPOCH"),
    ],
)
@pytest.mark.parametrize("command", ["train", "simplify"])
def test_bad_input_gets_one_line_and_writes_nothing(capsys, small, command, words, said, tmp_path):
    assert said in refused(capsys, command, *small[1:], *words, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_simplify_has_a_schedule_too(capsys, small, monkeypatch):
    words = ["simplify", *small[1:], "--prune", "0.3", "--min-width", "2", "--no-controls"]
    plain, falling = (outcome(report(capsys, *words, *more)) for more in ([], FALLING))
    assert [run["name"] for run in falling] == [run["name"] for run in plain]
    assert all(a["dev_loss"] != b["dev_loss"] for a, b in zip(plain, falling))


def test_k_changes_in_the_sparse_network_only(capsys, small, tmp_path):
    words = [*small, "--epochs", "3"]
    plain = outcome(report(capsys, *words))
    found = report(capsys, *words, "--k-schedule", "100%@0.5, 1@2", "--out", tmp_path / "run")
    assert found["config"]["k_schedule"] == "100%@0.5,1@2"
    assert [run["name"] for run in found["runs"]] == ["dense", "topk 2"]
    dense, sparse = outcome(found)
    assert dense == plain[0]
    assert sparse["ops"]["dw"] != plain[1]["ops"]["dw"] and sparse["notes"] == []


@pytest.mark.parametrize("stops", [(2,), (100, 3), (100, 20)])
def test_a_plan_for_k_is_gone_on_with_also_to_more_epochs(capsys, small, tmp_path, monkeypatch, stops):
    """Interrupted in the dense network, in the sparse one, and at its end."""
    out, words = tmp_path / "run", [*small, "--select", "random", "--k-schedule", "100%@0.5,1@1.25"]
    whole = report(capsys, *words, "--epochs", "3")
    with monkeypatch.context() as patch:
        stop_after(patch, stops)
        assert main([*words, "--out", str(out)]) == (130 if stops[-1] < 20 else 0)
    capsys.readouterr()
    assert outcome(report(capsys, "train", "--resume", out, "--epochs", "3")) == outcome(whole)
    assert "only --epochs and --threads" in refused(capsys, "train", "--resume", out, "--k-schedule", "1@1")


def test_a_change_of_k_that_never_comes_is_refused(capsys, small, tmp_path):
    line = refused(capsys, *small, "--k-schedule", "5%@2", "--out", tmp_path / "run")
    assert "changes k after 2 epochs, but the training has 2; give more epochs" in line
    assert not (tmp_path / "run").exists()


def test_a_plan_for_k_in_a_file_and_in_a_sweep(capsys, small, points, tmp_path):
    (tmp_path / "c.toml").write_text('k_schedule = "3@1"\n')
    found = report(capsys, *small, "--config", tmp_path / "c.toml", "--no-compare")
    assert found["config"]["k_schedule"] == "3@1"
    (run,) = sweep(mbp.Settings(**found["config"] | {"k_schedule": "3@1,7@1.5"}))
    assert ["k = 7" in note for note in run["notes"]] == [True]  # above 6 units
    assert run["settings"]["k_schedule"] == "3@1,7@1.5"


def test_simplify_has_one_k(capsys, small, tmp_path):
    line = refused(capsys, "simplify", *small[1:], "--k-schedule", "1@1", "--out", tmp_path / "run")
    assert "simplify removes units by how often they are chosen" in line and "leave it out" in line
    assert not (tmp_path / "run").exists()


def test_a_sweep_has_a_schedule_and_knows_runs_from_before(points):
    settings = mbp.Settings(
        data=points, hidden=(4,), k=2, epochs=2, evals=2, batch=9, backend="reference", threads=1
    )
    older = settings.as_json()
    del older["schedule"], older["warmup"], older["k_schedule"]
    kept = KeptRuns(None, settings)
    kept.put({"settings": older, "dev_by_epoch": [0.5]})
    plain, falling = sweep([settings, settings.changed(schedule="linear")], kept)
    assert plain["dev_by_epoch"] == [0.5]
    assert falling["settings"]["schedule"] == "linear"
    assert falling["dev_loss"] != sweep(settings)[0]["dev_loss"]


def test_every_k_is_tried_before_a_network_is_trained(capsys, small, monkeypatch):
    widths, true_warm_up = [], arms.warm_up

    def watched(net, *args, **options):
        layer = net.linears()[0]
        true_warm_up(net, *args, **options | {"observe": lambda: widths.append(layer.last_picked.shape[1])})

    monkeypatch.setattr(arms, "warm_up", watched)
    report(capsys, *small, "--k-schedule", "100%@0.5,3@1", "--no-compare")
    assert widths == [2] * 2 + [8] * 2 + [3] * 2  # two sizes of batch
