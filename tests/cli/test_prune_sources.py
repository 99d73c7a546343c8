"""What `minimalbp prune` prunes: networks of runs, files of weights, and what it refuses of them."""

import json

import numpy as np
import pytest
from commands import FEW, QUICK, SIZES, refused, report
from safetensors.numpy import save_file

from minimalbp.cli import main
from minimalbp.network import weights


def test_a_run_brings_its_settings_and_some_may_change(capsys, trained, tmp_path):
    out, before = trained
    found = report(capsys, "prune", out, *QUICK, "--threads", "1", "--out", tmp_path / "run")
    config, given = found["config"], before["config"]
    same = ("model", "filters", "hidden", "batch", "optimizer", "momentum", "lr", "seed")
    assert {name: config[name] for name in same} == {name: given[name] for name in same}
    assert config["select"] == "dense" and found["source"] == str(out / "dense.safetensors")
    assert [run["name"] for run in found["runs"]] == ["pruned"]
    assert found["accuracy"]["before"] == before["runs"][0]["test_accuracy"]
    found = report(capsys, "prune", out, *QUICK, "--arm", "topk 20%", "--optimizer", "adam", "--filters", "4,6",
                   "--batch", "12", "--threads", "1")  # fmt: skip
    config = found["config"]
    assert (config["select"], config["k"], config["optimizer"], config["momentum"]) == (
        "topk",
        "20%",
        "adam",
        0,
    )
    assert config["lr"] == 1e-3 and config["batch"] == 12
    assert found["accuracy"]["before"] == before["runs"][1]["test_accuracy"]
    assert report(capsys, "prune", out, *QUICK, "--k", "30%")["config"]["select"] == "topk"
    again = report(capsys, "prune", tmp_path / "run", *QUICK, "--ratio", "0.6", "--threads", "1")
    assert again["source"] == str(tmp_path / "run" / "trained.safetensors")
    assert [layer["pruned"] for layer in again["layers"]] == [30, 60]


def test_networks_of_several_seeds_and_of_simplify_can_be_pruned(capsys, pictures, tmp_path):
    words = ["--model", "lenet", "--data", pictures, *SIZES, *FEW, "--epochs", "1", "--evals", "2"]
    assert main(["train", *words, "--seeds", "2", "--select", "dense", "--out", str(tmp_path / "seeds")]) == 0
    capsys.readouterr()
    found = report(capsys, "prune", tmp_path / "seeds", *QUICK, "--arm", "dense seed 1")
    assert found["seed"] == 1 and found["source"].endswith("dense-seed-1.safetensors")
    assert report(capsys, "prune", tmp_path / "seeds", *QUICK)["seed"] == 0
    small = tmp_path / "small"
    more = ["--epochs", "2", "--prune", "0.2", "--min-width", "2", "--lr", "0.01", "--no-controls"]
    found = report(capsys, "simplify", *words, *more, "--out", small)
    filters = found["runs"][1]["filters"]
    assert filters != [4, 6]
    found = report(capsys, "prune", small, *QUICK, "--arm", "simplified")
    assert found["config"]["filters"] == filters and found["config"]["center"] == "forward"
    assert report(capsys, "prune", small, *QUICK)["config"]["filters"] == [4, 6]


def test_a_file_of_weights_needs_its_sizes(capsys, trained, pictures):
    path = trained[0] / "dense.safetensors"
    words = ["prune", path, "--data", pictures, *FEW, *QUICK]
    found = report(capsys, *words, "--model", "lenet", *SIZES)
    assert found["accuracy"]["before"] == trained[1]["runs"][0]["test_accuracy"]
    assert "no convolutions to prune" in refused(capsys, *words)
    assert "the network needs (5, 2, 5, 5)" in refused(
        capsys, *words, "--model", "lenet", "--filters", "5,6", "--hidden", "8"
    )


@pytest.mark.parametrize(("change", "said"), [
    (lambda w: w["3.weight"].fill(np.nan), "3.weight has values that are not finite"),
    (lambda w: w["0.bias"].__setitem__(0, np.inf), "0.bias has values that are not finite"),
    (lambda w: w.update({"3.columns": np.arange(3)}), "holds a packed network"),
])  # fmt: skip
def test_weights_that_no_pruning_can_begin_with(change, said, capsys, trained, pictures, tmp_path):
    found = weights.read(trained[0] / "dense.safetensors")
    change(found)
    save_file(found, tmp_path / "odd.safetensors")
    words = ["--model", "lenet", "--data", pictures, *SIZES, *FEW, *QUICK, "--out", tmp_path / "out"]
    assert said in refused(capsys, "prune", tmp_path / "odd.safetensors", *words)
    assert not (tmp_path / "out").exists()


def test_runs_of_another_kind_are_refused(capsys, trained, pictures, tmp_path):
    run = trained[0]
    kept = json.loads((run / "run.json").read_text())
    (run / "dense.safetensors").rename(tmp_path / "moved")
    assert "has no weights of dense yet" in refused(capsys, "prune", run, *QUICK)
    (tmp_path / "moved").rename(run / "dense.safetensors")
    with np.load(pictures) as file:
        arrays = {name: file[name].copy() for name in file.files}
    arrays["x"][0] = 0
    np.savez(pictures, **arrays)
    assert "was trained on other data than" in refused(capsys, "prune", run, *QUICK)
    text = {"task": "tagging", "data": "bank.conllu", "hidden": [4], "k": 2}
    (run / "run.json").write_text(json.dumps(kept | {"config": text, "arms": [{"k": 2}]}))
    assert "is of tagging" in refused(capsys, "prune", run, *QUICK)
    (run / "run.json").write_text(json.dumps(kept | {"data": [1]}))
    assert "is not that of a training run; its data are [1]" in refused(capsys, "prune", run, *QUICK)
    (run / "network.json").write_text("{}")
    assert "holds a packed network; prune that of its run" in refused(capsys, "prune", run, *QUICK)
    (run / "network.json").unlink()
    (run / "run.json").write_text(json.dumps({"shape": [64, 500], "rows": []}))
    assert "is not that of a training run" in refused(capsys, "prune", run, *QUICK)
