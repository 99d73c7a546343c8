"""`minimalbp train`: what it prints, writes, refuses, and how it goes on."""

import json
import math

import pytest
from commands import PHASES, outcome, refused, report

from minimalbp.cli import main


def test_json_has_the_promised_shape(capsys, small):
    found = report(capsys, *small)
    assert {"data", "config", "machine", "threads", "seed", "runs", "speedup"} <= set(found)
    assert [run["name"] for run in found["runs"]] == ["dense", "topk 2"]
    for run in found["runs"]:
        assert 0 <= run["dev_accuracy"] <= 1 and 0 <= run["test_accuracy"] <= 1
        assert 1 <= run["best_epoch"] <= 2
        for key in ("seconds", "ops", "bytes"):
            assert list(run[key]) == PHASES
            assert math.isclose(sum(run[key][p] for p in PHASES[:-1]), run[key]["total"])
        assert all(isinstance(run[key][p], int) for key in ("ops", "bytes") for p in PHASES)
    dense, sparse = (run["seconds"] for run in found["runs"])
    backward = [sum(s[p] for p in ("select", "dw", "dx", "other")) for s in (dense, sparse)]
    assert math.isclose(found["speedup"]["backward"], backward[0] / backward[1])
    assert math.isclose(found["speedup"]["step"], dense["total"] / sparse["total"])


def test_both_networks_start_equal_and_see_the_same_examples(capsys, small):
    """Top-k of all units is the dense network: the same curve to the last bit."""
    found = report(capsys, *small, "--k", "100%")
    dense, sparse = outcome(found)
    assert dense["dev_loss"] == sparse["dev_loss"] and dense["ops"] == sparse["ops"]


def test_the_table_names_every_phase(capsys, small):
    assert main(small) == 0
    out = capsys.readouterr().out
    for word in ("dev accuracy", "test accuracy", "epoch of best dev", "forward", "select", "dW", "dx",
                 "other backward", "update", "whole step", "operations", "bytes", "speed-up of backward",
                 "speed-up of the whole step"):  # fmt: skip
        assert word in out


@pytest.mark.parametrize("select", ["topk", "unified", "random", "random-scaled", "dense"])
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adam"])
def test_every_selector_and_optimiser_trains(capsys, small, select, optimizer):
    found = report(
        capsys, *small, "--select", select, "--optimizer", optimizer, "--rows", "chosen", "--clip", "5"
    )
    assert len(found["runs"]) == (1 if select == "dense" else 2)


def test_no_compare_trains_the_selector_only(capsys, small):
    found = report(capsys, *small, "--no-compare", "--dropout", "0.1", "--backend", "reference")
    assert [run["name"] for run in found["runs"]] == ["topk 2"]
    assert found["speedup"] == {"backward": None, "step": None}
    assert main([*small, "--no-compare"]) == 0
    assert "topk 2" in capsys.readouterr().out


def test_k_above_the_width_is_clipped_with_a_note(capsys, small):
    assert main([*small, "--k", "7"]) == 0
    out, err = capsys.readouterr()
    assert "k = 7 is larger than layer 2" in err and "all 6 units" in err and "note" in err
    assert "topk 7" in out


def test_a_config_file_sets_the_same_names_and_options_override_it(capsys, points, tmp_path):
    (tmp_path / "c.toml").write_text(
        f'data = "{points}"\nhidden = [8, 6]\nk = "50%"\nepochs = 1\nbatch = 7\n'
    )
    found = report(capsys, "train", "--config", tmp_path / "c.toml", "--epochs", "2")
    assert found["config"]["hidden"] == [8, 6] and found["config"]["epochs"] == 2
    assert found["runs"][1]["name"] == "topk 50%"


def test_out_holds_the_whole_run(capsys, small, tmp_path):
    out = tmp_path / "run"
    found = report(capsys, *small, "--out", out)
    assert json.loads((out / "run.json").read_text()) == found
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert {line["run"] for line in lines} == {"dense", "topk 2"}
    for stem in ("dense", "topk-2"):
        assert (out / f"{stem}.checkpoint.npz").is_file() and (out / f"{stem}.safetensors").is_file()
    assert not list(out.glob(".*"))  # no temporary file is left


def test_resume_with_more_epochs_is_the_longer_run(capsys, small, tmp_path):
    options = [*small, "--dropout", "0.2", "--select", "random"]
    whole = report(capsys, *options, "--epochs", "3")
    report(capsys, *options, "--epochs", "1", "--out", tmp_path / "run")
    resumed = report(capsys, "train", "--resume", tmp_path / "run", "--epochs", "3")
    assert outcome(resumed) == outcome(whole)
    again = report(capsys, "train", "--resume", tmp_path / "run")  # nothing left to do
    assert outcome(again) == outcome(whole)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--k", "0"], "at least 1"),
        (["--k", "-3"], "at least 1"),
        (["--k", "nan"], "whole number"),
        (["--k", "2.5"], "percentage"),
        (["--k", "0%"], "above 0%"),
        (["--k", "nan%"], "above 0%"),
        (["--k", "101%"], "at most 100%"),
        (["--select", "topkk"], "did you mean 'topk'"),
        (["--select", "systematic-bach"], "did you mean 'systematic-batch'"),
        (["--center", "on"], "unknown center 'on'"),
        (["--optimizer", "Adam"], "did you mean 'adam'"),
        (["--momentum", "0.9"], "momentum is for the optimizer sgd"),
        (["--optimizer", "sgd", "--momentum", "1.5"], "momentum must be"),
        (["--rows", "choosen"], "did you mean 'chosen'"),
        (["--backend", "cuda"], "unknown backend"),
        (["--init", "glorot"], "unknown init"),
        (["--hidden", "8,x"], "whole numbers such as"),
        (["--hidden", "0"], "at least 1"),
        (["--hidden", "900000,900000"], "GB"),
        (["--lr", "0"], "lr"),
        (["--lr", "nan"], "lr"),
        (["--lr", "inf"], "lr must be a number in (0, inf), not inf"),
        (["--lr", "fast"], "lr"),
        (["--epochs", "0"], "epochs"),
        (["--batch", "0"], "batch"),
        (["--batch", "5000"], "larger than the"),
        (["--dropout", "1"], "dropout"),
        (["--clip", "-1"], "clip"),
        (["--seed", "-1"], "seed"),
        (["--threads", "0"], "threads"),
        (["--threads", "4096"], "cores this process may use"),
        (["--data", "digit"], "did you mean 'digits'"),
        (["--data", ""], "name of a data set or a path"),
        (["--config", "no-such.toml"], "cannot read"),
        (["--out", ""], "must name a folder"),
        (["--clip", "inf"], "clip must be a number in (0, inf), not inf"),
        (["--hidden", "9" * 5000], "5002 characters"),
        (["--epoch", "3"], "did you mean --epochs"),
        (["--resume", "no-such-run"], "no run to resume"),
    ],
)
def test_bad_settings_get_one_line(capsys, small, tmp_path, words, said):
    line = refused(capsys, *small, *words)
    assert said in line and line.startswith("minimalbp")


def test_a_batch_too_large_writes_nothing(capsys, small, tmp_path):
    refused(capsys, *small, "--batch", "5000", "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("epoch = 3", "did you mean 'epochs'"), ("k = ", "not valid TOML"), ("hidden = 1.5", "hidden"),
     ("k = true", "whole number"), ("data = 3", "name of a data set"), ("hidden = []", "one whole number"),
     ('out = "a\\u0000b"', "out must name a folder")],
)  # fmt: skip
def test_bad_config_files_get_one_line(capsys, tmp_path, text, said):
    (tmp_path / "c.toml").write_text(text)
    assert said in refused(capsys, "train", "--config", tmp_path / "c.toml")


def test_what_may_not_be_read_is_named(capsys, tmp_path, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.is_file", closed)
    message = refused(capsys, "train", "--resume", tmp_path)
    assert "run.json: Permission denied; check the path" in message and "printed" not in message


def test_a_used_folder_is_refused_and_left_as_it_was(capsys, small, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("do not lose me")
    message = refused(capsys, *small, "--out", tmp_path / "used")
    assert "already in use" in message and "--resume" not in message  # there is no run to go on with
    assert "a new folder" in refused(capsys, "train", "--resume", tmp_path / "used")
    assert [p.name for p in (tmp_path / "used").iterdir()] == ["thesis.txt"]
    assert "is a file" in refused(capsys, *small, "--out", tmp_path / "used" / "thesis.txt")


def test_a_folder_that_cannot_be_made_is_refused(capsys, small, tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot make the folder" in refused(capsys, *small, "--out", tmp_path / "file" / "run")


def test_a_diverging_run_names_the_layer_and_keeps_the_checkpoint(capsys, small, tmp_path):
    out = tmp_path / "run"
    line = refused(capsys, *small, "--lr", "1e30", "--evals", "12", "--out", out)
    assert "layer" in line and "loss became" in line and "smaller lr" in line
    assert f"and another --out, since {out} would diverge again when resumed" in line


def test_k_is_the_same_from_a_file_and_on_the_command_line(capsys, points, tmp_path):
    """2 in TOML, "2" on the command line; and a file may say where the run goes."""
    config, out = tmp_path / "c.toml", tmp_path / "run"
    config.write_text(
        f'data = "{points}"\nk = 2\nselect = "topk"\nhidden = [8]\nepochs = 1\nbatch = 9\nno-compare = true\n'
        f'json = true\nout = "{out}"\n'
    )
    found = report(capsys, "train", "--config", config)
    assert [run["name"] for run in found["runs"]] == ["topk 2"] and (out / "run.json").exists()
    assert report(capsys, "train", "--resume", out, "--k", "2")["config"]["k"] == 2
    config.write_text("json = 3\n")
    assert "json must be true or false" in refused(capsys, "train", "--config", config)
    config.write_text("out = true\n")
    assert "out must be text" in refused(capsys, "train", "--config", config)
