"""`minimalbp simplify`: what it prints, writes, refuses, and how it goes on."""

import json

import numpy as np
import pytest
from commands import outcome, refused, report
from helpers import stop_after
from trees import toy_treebank

import minimalbp as mbp
from minimalbp.cli import main
from minimalbp.cost import forward as speed
from minimalbp.experiment.settings import Settings
from minimalbp.experiment.simplify import CONTROLS, plan_of
from minimalbp.simplify import Plan

NAMES = ["dense", "simplified", *CONTROLS]


@pytest.fixture(autouse=True)
def quickly_timed(monkeypatch):
    monkeypatch.setattr(speed, "SECONDS", 0.02)


@pytest.fixture
def shrink(points):
    """Units leave in the second part of the first and the third epoch."""
    return ["simplify", "--data", points, "--hidden", "12,10", "--k", "3", "--epochs", "4", "--evals", "2",
            "--batch", "7", "--prune", "0.25", "--min-width", "2", "--backend", "reference"]  # fmt: skip


def test_json_has_the_promised_shape(capsys, shrink):
    found = report(capsys, *shrink)
    assert [run["name"] for run in found["runs"]] == NAMES
    assert found["plan"] == {
        "prune": 0.25,
        "cycle": 1,
        "window": 1,
        "min_width": 2,
        "restart": False,
        "faithful": False,
    }
    dense, small, *controls = found["runs"]
    assert dense["widths"] == [12, 10] and sum(small["widths"]) < 22
    for run in controls:
        assert run["widths"] == small["widths"]
    for run in found["runs"]:
        assert run["average_width"] == np.mean(run["widths"]) and 0 <= run["test_accuracy"] <= 1
    for timed in found["decoding"]:
        assert timed["speedup"] == pytest.approx(timed["seconds"]["large"] / timed["seconds"]["small"])
        a, b = small["widths"]
        assert timed["ops"]["small"] == timed["batch"] * (5 * a + a * b + b * 3)
        assert timed["share"] == pytest.approx(timed["speedup"] / timed["reduction"])
    assert all(set(timed["by"].values()) <= {"layers", "frozen"} for timed in found["decoding"])
    assert [timed["batch"] for timed in found["decoding"]] == [1, found["data"]["test"]]


def test_the_table_has_a_column_for_every_network(capsys, shrink):
    assert main(shrink) == 0
    out = capsys.readouterr().out
    for word in (*NAMES, "units of the hidden layers", "on average", "test accuracy at best dev", "prune rate 0.25",
                 "forward pass, batch of", "share", "cycles of 1 epochs"):  # fmt: skip
        assert word in out
    assert main([*shrink, "--no-controls", "--faithful", "--restart"]) == 0
    out = capsys.readouterr().out
    assert "moments restarted · faithful to the released code" in out and "magnitude" not in out


def test_what_is_left_in_the_folder(capsys, shrink, tmp_path):
    out = tmp_path / "run"
    found = report(capsys, *shrink, "--out", out)
    assert json.loads((out / "run.json").read_text()) == found
    small = found["runs"][1]
    with np.load(out / "activeness.npz") as file:
        assert file["layer/0"].shape == (8, 12) and file["layer/1"].shape == (8, 10)
        assert (~np.isnan(file["layer/0"][-1])).sum() == small["widths"][0]
    assert (out / "simplify.png").read_bytes()[:4] == b"\x89PNG"
    looks = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    widths = [look["widths"] for look in looks if look["run"] == "simplified"]
    assert widths[0] == [12, 10] and widths[-1] == small["widths"] and len(widths) == 8
    assert all("widths" not in look for look in looks if look["run"] == "dense")
    net = mbp.mlp([5, *small["hidden"], 3])  # what was scored is what was saved
    mbp.load(net, out / "simplified.safetensors")
    data = mbp.load_dataset(found["config"]["data"])
    assert mbp.evaluate(net, data.test).accuracy == pytest.approx(small["test_accuracy"], abs=1e-6)


def test_stopped_anywhere_it_ends_where_the_whole_run_does(capsys, shrink, tmp_path, monkeypatch):
    whole, out = report(capsys, *shrink, "--out", tmp_path / "whole"), tmp_path / "run"
    stop_after(monkeypatch, (3, 5, 2, 8, 4, 6))
    assert main([*shrink, "--out", str(out)]) == 130
    assert f"minimalbp simplify --resume {out}" in capsys.readouterr().err
    for _ in range(10):
        status = main(["simplify", "--resume", str(out), "--json"])
        printed = capsys.readouterr().out
        if status == 0:
            break
        assert status == 130
    assert outcome(json.loads(printed)) == outcome(whole)
    for name in ("simplified.safetensors", "magnitude.safetensors", "random.safetensors"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    lines = [
        [{name: v for name, v in json.loads(line).items() if name != "seconds"} for line in text.splitlines()]
        for text in ((folder / "metrics.jsonl").read_text() for folder in (out, tmp_path / "whole"))
    ]
    assert lines[0] == lines[1]
    with np.load(out / "activeness.npz") as a, np.load(tmp_path / "whole" / "activeness.npz") as b:
        np.testing.assert_array_equal(a["layer/1"], b["layer/1"])


def test_what_is_refused(capsys, shrink, points, tmp_path):
    for words, said in (
        (["--prune", "1.5"], "prune must be"),
        (["--cycle", "0"], "cycle must be"),
        (["--window", "x"], "window"),
        (["--min-width", "11"], "min_width = 11 is above the 10 units"),
        (["--faithful", "--k", "20%"], "the faithful mode is for Linear"),
        (["--prun", "0.1"], "did you mean --prune"),
        (["--data", str(tmp_path / "none.npz")], "none.npz"),
    ):
        out = tmp_path / "out"
        assert said in refused(capsys, *shrink, *words, "--out", out)
        assert not out.exists()
    assert main([*shrink, "--no-controls", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    resume = ["simplify", "--resume", tmp_path / "run"]
    for words, said in (
        (["--epochs", "9"], "only --threads may change"),
        (["--prune", "0.3"], "has prune = 0.25; only --threads"),
        (["--faithful"], "has faithful = False"),
        (["--out", tmp_path / "other"], "leave out --out"),
    ):
        assert said in refused(capsys, *resume, *words)
    path = tmp_path / "run" / "run.json"
    kept = json.loads(path.read_text())
    for plan in ([1], None, "x", kept["plan"] | {"prune": "x"}, {"p": 1}):
        path.write_text(json.dumps(kept | {"plan": plan}))
        assert "run.json holds no plan that this version can resume" in refused(capsys, *resume)
    path.write_text(json.dumps(kept))
    assert "not that of a training run of minimalbp train" in refused(capsys, "train", *resume[1:])
    assert main([str(word) for word in (*resume, "--threads", "1")]) == 0
    train = ["train", "--data", points, "--hidden", "8", "--epochs", "1", "--out", str(tmp_path / "train")]
    assert main(train) == 0
    capsys.readouterr()
    said = refused(capsys, "simplify", "--resume", tmp_path / "train")
    assert "not that of a training run of minimalbp simplify" in said


def test_the_minimum_width_is_said(capsys, shrink):
    assert main([*shrink, "--prune", "1", "--no-controls"]) == 0
    assert "keeps its 2 most active units, the minimum width" in capsys.readouterr().err


def test_a_configuration_file_knows_the_plan(capsys, points, tmp_path):
    (tmp_path / "c.toml").write_text(
        f"data = {points!r}\nhidden = [9, 7]\nk = 2\nepochs = 2\nprune = 0.2\nmin-width = 3\nno-controls = true\n"
        "backend = 'reference'\n"
    )
    found = report(capsys, "simplify", "--config", tmp_path / "c.toml", "--prune", "0.3")
    assert found["plan"]["prune"] == 0.3 and found["plan"]["min_width"] == 3 and len(found["runs"]) == 2
    (tmp_path / "c.toml").write_text("faithful = 1\n")
    assert "faithful must be true or false" in refused(capsys, "simplify", "--config", tmp_path / "c.toml")


def test_defaults_are_those_of_the_task():
    assert plan_of(Settings(epochs=20)) == Plan(prune=0.1, cycle=5, min_width=10)
    assert plan_of(Settings(task="tagging", epochs=2, hidden=(4,)), cycle=3).min_width == 4
    assert plan_of(Settings(task="parsing")).prune == 0.035


CENTRED, THRESHOLD = "--select systematic --center forward", "--select threshold-batch"
FURTHER = [("tagging", THRESHOLD), ("parsing", ""), ("parsing", CENTRED)]  # a second and a half each


@pytest.mark.parametrize(
    "task, options",
    [
        *[("tagging", ""), ("tagging", CENTRED), ("parsing", THRESHOLD)],
        *(pytest.param(*words, marks=pytest.mark.slow) for words in FURTHER),
    ],
)
def test_text_shrinks_and_is_annotated(capsys, task, options, tmp_path):
    toy = toy_treebank(tmp_path / "toy.conllu", n=30)
    words = ["simplify", "--task", task, "--data", toy, "--hidden", "12", "--k", "3", "--epochs", "3",
             "--cycle", "1", "--prune", "0.25", "--min-width", "2", "--backend", "reference", "--no-controls",
             *options.split(), *(["--batch", "50"] if task == "parsing" else ["--bidirectional"])]  # fmt: skip
    found = report(capsys, *words, "--out", tmp_path / "run")
    small = found["runs"][1]
    directions = 1 + (task == "tagging")
    assert small["widths"] == [directions * small["hidden"][0]] and small["hidden"][0] < 12
    for run in ([], ["--run", "dense"]):
        assert main(["annotate", str(tmp_path / "run"), toy, "--to", str(tmp_path / "out.conllu"), *run]) == 0
        assert len(mbp.read_conllu(tmp_path / "out.conllu")) == 30
        assert ("dense" if run else "simplified") in capsys.readouterr().err
    (tmp_path / "run" / "run.json").write_text(json.dumps(found | {"runs": []}))
    assert "is not finished; go on with minimalbp simplify" in refused(
        capsys, "annotate", tmp_path / "run", toy
    )
