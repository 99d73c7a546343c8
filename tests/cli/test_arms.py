"""`minimalbp train` with several arms and seeds: what is typed, kept, gone on with and refused."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from commands import outcome, refused, report
from helpers import stop_after
from trees import toy_treebank

import minimalbp as mbp
from minimalbp.backend import compiles
from minimalbp.cli import main
from minimalbp.experiment import arms, compare, processes

ARMS = ["--select", "unified,dense,topk", "--k", "2,50%", "--center", "off,dw"]
NAMES = [
    "dense", "unified 2", "unified 2 dw", "unified 50%", "unified 50% dw", "dense dw", "topk 2", "topk 2 dw",
    "topk 50%", "topk 50% dw",
]  # fmt: skip


@pytest.fixture
def few(points):
    few = ["--hidden", "8,6", "--epochs", "2", "--batch", "9", "--evals", "2"]
    return ["train", "--data", points, *few, "--backend", "reference", "--threads", "1"]


@pytest.fixture
def serial(monkeypatch):
    """Several seeds in this process, one after another."""
    run_many = processes.run_many
    monkeypatch.setattr(compare, "run_many", lambda work, todo, jobs: run_many(work, todo, 1))


def names(found):
    return [run["name"] for run in found["runs"]]


def test_every_combination_is_an_arm_of_one_run(capsys, few, tmp_path):
    out = tmp_path / "run"
    found = report(capsys, *few, *ARMS, "--out", out)
    assert names(found) == NAMES and found["speedup"].keys() == set(NAMES[1:])
    assert json.loads((out / "run.json").read_text()) == found
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert list(dict.fromkeys(line["run"] for line in lines)) == NAMES
    assert (out / "topk-50pct-dw.safetensors").is_file() and len(list(out.glob("*.npz"))) == len(NAMES)
    assert main([*few, *ARMS]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in NAMES)
    again = report(capsys, "train", "--resume", out)
    assert outcome(again) == outcome(found)


def test_a_file_may_have_lists(capsys, few, tmp_path):
    config = tmp_path / "c.toml"
    for text in ('select = ["topk", "unified"]\nk = [2, "50%"]', 'select = "topk,unified"\nk = "2, 50%"'):
        config.write_text(text + "\nseeds = 1\n")
        found = report(capsys, *few, "--config", config, "--center", "dw")
        assert names(found) == ["dense", "topk 2 dw", "topk 50% dw", "unified 2 dw", "unified 50% dw"]


def test_a_bare_command_compares_what_the_task_says(capsys, points):
    few = ["train", "--data", points, "--hidden", "8", "--epochs", "1", "--backend", "reference"]
    first = mbp.Settings().task_object.first_run
    found = report(capsys, *few)
    assert names(found) == ["dense", *(mbp.Settings(**arm).arm() for arm in first["arms"])]
    assert found["config"]["rows"] == first["rows"]
    for words in (["--select", "topk"], ["--k", "5%"], ["--center", "off"], ["--rows", "all"]):  # as in 0.2.0
        found = report(capsys, *few, *words)
        assert names(found) == ["dense", "topk 5%"] and found["config"]["rows"] == "all"


def test_interrupted_in_any_arm_it_ends_where_the_whole_run_does(capsys, few, tmp_path, monkeypatch):
    words, out = [*few, "--select", "topk,random", "--k", "2,3", "--dropout", "0.2"], tmp_path / "run"
    whole = report(capsys, *words)
    with monkeypatch.context() as patch:
        stop_after(patch, (100, 2, 100))  # while the second arm is trained
        assert main([*words, "--out", str(out)]) == 130
    kept = json.loads((out / "run.json").read_text())
    assert [run["name"] for run in kept["runs"]] == ["dense"]  # what was finished can be used
    before = (out / "dense.checkpoint.npz").read_bytes()
    assert outcome(report(capsys, "train", "--resume", out)) == outcome(whole)
    assert (out / "dense.checkpoint.npz").read_bytes() == before  # it was not trained again


def test_what_is_refused_of_a_resumed_run(capsys, few, tmp_path):
    out = tmp_path / "run"
    report(capsys, *few, "--select", "dense,topk", "--k", "2,3", "--out", out)
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    resume = ["train", "--resume", out]
    for words, said in (
        (["--k", "2"], "has k = 2,3; only --epochs and --threads may change"),
        (["--select", "unified"], "has select = topk,dense;"),
        (["--center", "off,dw"], "has center = off;"),
        (["--center", "of"], "did you mean 'off'"),
        (["--seeds", "2"], "has seeds = 1;"),
        (["--no-compare"], "leave out --no-compare"),
    ):
        assert said in refused(capsys, *resume, *words)
    kept = files["topk-3.checkpoint.npz"]
    (out / "topk-3.checkpoint.npz").write_bytes(kept[:99])  # of the last arm, which is trained last
    assert "not a whole checkpoint" in refused(capsys, *resume, "--epochs", "3")
    (out / "topk-3.checkpoint.npz").write_bytes(kept)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
    report(capsys, *resume, "--select", "topk", "--k", "3,2", "--center", "off", "--seeds", "1")
    for broken in ({"arms": 3}, {"arms": ["topk"]}):
        (out / "run.json").write_text(json.dumps(json.loads(files["run.json"]) | broken))
        assert "not that of a training run" in refused(capsys, *resume)
    (out / "run.json").write_text(json.dumps(json.loads(files["run.json"]) | {"seeds": 0}))
    assert "seeds must be at least 1" in refused(capsys, *resume)


def test_a_run_of_one_arm_by_an_earlier_version_goes_on(capsys, few, tmp_path):
    out = tmp_path / "run"
    found = report(capsys, *few, "--select", "topk", "--k", "2", "--out", out)
    run = json.loads((out / "run.json").read_text())
    for key in ("arms", "seeds"):
        del run[key]
    del run["config"]["center"]
    (out / "run.json").write_text(json.dumps(run))
    resumed = report(capsys, "train", "--resume", out)
    assert outcome(resumed) == outcome(found) and resumed["arms"] == found["arms"]


# --- seeds --------------------------------------------------------------------------------------------------


def test_each_seed_is_told_kept_and_gone_on_with(capsys, few, tmp_path, monkeypatch, serial):
    words, out = [*few, "--select", "topk", "--k", "2", "--seeds", "2", "--dropout", "0.1"], tmp_path / "run"
    assert main([*words, "--json"]) == 0
    printed, said = capsys.readouterr()
    whole = json.loads(printed)
    assert "4 trainings, 1 at a time" in said and "4/4 topk 2 seed 1: dev accuracy 0." in said
    with monkeypatch.context() as patch:
        stop_after(patch, (100, 100, 3))
        assert main([*words, "--out", str(out)]) == 130
    assert f"--resume {out}" in capsys.readouterr().err
    kept = json.loads((out / "run.json").read_text())
    assert [(run["name"], run["seed"]) for run in kept["runs"]] == [("dense", 0), ("topk 2", 0)]
    (out / ".dense.npz.1.tmp").write_text("of a process that was ended")
    assert outcome(report(capsys, "train", "--resume", out)) == outcome(whole)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert {(line["run"], line["seed"]) for line in lines} == {
        (n, s) for n in ("dense", "topk 2") for s in (0, 1)
    }
    assert (out / "topk-2-seed-1.safetensors").is_file() and not list(out.glob(".*"))


@pytest.mark.parametrize("seeds", ["0", "1.5", "many"])
def test_what_are_no_seeds(capsys, few, seeds):
    assert "seeds must be" in refused(capsys, *few, "--seeds", seeds)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="two more processes without the JIT")
def test_seeds_side_by_side_are_those_of_one_process(capsys, few, monkeypatch):
    monkeypatch.setattr("minimalbp.backend.cores", lambda: 2)
    words = [*few, "--select", "topk", "--k", "2", "--seeds", "2"]
    alone, beside = (report(capsys, *words, "--threads", n) for n in ("1", "2"))
    assert outcome(beside) == outcome(alone)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="the run would take minutes without the JIT")
def test_ctrl_c_ends_every_process_and_keeps_what_each_has_reached(few, tmp_path):
    out = tmp_path / "run"
    words = [*few[:-2], "--select", "topk", "--k", "2", "--seeds", "2", "--epochs", "100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "minimalbp", *words, "--out", str(out)], stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not list(out.glob("*.checkpoint.npz")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()  # which waits for whoever still holds stderr
    assert process.returncode == 130
    assert f"minimalbp train --resume {out}" in said and "Traceback" not in said


# --- what is said, and what is annotated --------------------------------------------------------------------


def test_compiling_is_told_only_where_nothing_is_compiled_yet(capsys, few, tmp_path, monkeypatch):
    monkeypatch.setattr(arms, "compiles", lambda backend: backend == "reference")
    monkeypatch.setattr(arms, "kernel_cache", lambda: str(tmp_path))
    assert main(few) == 0
    assert "compiling the kernels, once on this machine" in capsys.readouterr().err
    monkeypatch.setattr(arms, "kernel_cache", lambda: None)
    assert main(few) == 0
    assert "since no folder to keep them can be written" in capsys.readouterr().err
    monkeypatch.setattr("minimalbp.kernels.cpu.policy.JIT", True)
    monkeypatch.setattr("minimalbp.backend.kernel_cache", lambda: str(tmp_path / "none"))
    assert compiles("cpu") and not compiles("reference")
    (tmp_path / "none").mkdir()
    assert compiles("cpu")
    (tmp_path / "none" / "linear.nbi").write_text("")
    assert not compiles("cpu")


def test_each_network_of_a_run_annotates(capsys, tmp_path, serial):
    bank, out = toy_treebank(tmp_path / "toy.conllu", n=30), tmp_path / "run"
    few = ["--hidden", "6", "--epochs", "1", "--lr", "0.05", "--backend", "reference", "--threads", "1"]
    words = ["train", "--task", "tagging", "--data", bank, *few, "--select", "topk", "--k", "2"]
    found = report(capsys, *words, "--center", "off,forward", "--out", out)
    assert names(found) == ["dense", "topk 2", "topk 2 forward"]
    assert mbp.load_annotator(out).name == "topk 2"
    test = mbp.read_conllu(bank)[27:]
    for run in found["runs"]:
        annotate = mbp.load_annotator(out, run["name"])
        assert annotate.scores(test, annotate(test))["accuracy"] == run["test_accuracy"]
    several = tmp_path / "several"
    report(capsys, *words, "--seeds", "2", "--out", several)
    assert mbp.load_annotator(several).name == "topk 2 seed 0"
    assert mbp.load_annotator(several, "dense seed 1").name == "dense seed 1"
    with pytest.raises(mbp.BadInput, match="unknown run 'topk 2'"):
        mbp.load_annotator(several, "topk 2")
