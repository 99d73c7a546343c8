"""Run folders, checkpoints and weights that version 0.1.0 wrote are gone on with, annotate, and load.

tests/fixtures/0.1: trainings of four epochs stopped after two and a `simplify` interrupted in its second network;
expected.json holds what the same runs reported when nothing stopped them.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import minimalbp as mbp
from minimalbp.cli import main

WRITTEN = Path(__file__).parents[1] / "fixtures" / "0.1"
EXPECTED = json.loads((WRITTEN / "expected.json").read_text())
RESUME = {
    "classify": ["train", "--resume", "classify", "--epochs", "4"],
    "tagging": ["train", "--resume", "tagging", "--epochs", "4"],
    "parsing": ["train", "--resume", "parsing", "--epochs", "4"],
    "simplify": ["simplify", "--resume", "simplify"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A copy of the files, which stand in the working folder as they did when they were written."""
    monkeypatch.setattr("minimalbp.cost.forward.SECONDS", 0.01)
    shutil.copytree(WRITTEN, tmp_path / "0.1")
    monkeypatch.chdir(tmp_path / "0.1")


def scores(run):
    """[(part, share)], whatever the shares are called: a parser's have had two names."""
    shares = ("_accuracy", "_uas", "_las")
    found = (name.split("_") for name in run if name.endswith(shares) and not name.startswith("last_"))
    return sorted((part, run[f"{part}_{share}"]) for part, share in found)


@pytest.mark.parametrize("task", RESUME)
def test_an_old_run_ends_where_it_would_have_ended(task, capsys):
    assert main([*RESUME[task], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in found["runs"]] == [run["name"] for run in EXPECTED[task]]
    scored = found["data"].get("words", found["data"])
    for run, wanted in zip(found["runs"], EXPECTED[task]):
        for name in ("dev_loss", "test_loss"):
            assert run[name] == pytest.approx(wanted[name], rel=1e-4)
        for (part, share), (same_part, other) in zip(scores(run), scores(wanted), strict=True):
            # Another processor rounds otherwise, and one example may fall on the other side.
            assert part == same_part and share == pytest.approx(other, abs=1.01 / scored[part])
        assert run.get("widths") == wanted.get("widths")


@pytest.mark.parametrize("task", ["tagging", "parsing"])
def test_an_old_network_annotates_as_it_did(task):
    assert main(["annotate", task, "bank.conllu", "--to", "annotated.conllu"]) == 0
    assert Path("annotated.conllu").read_text() == Path(f"{task}-annotated.conllu").read_text()


def test_old_weights_are_loaded():
    net = mbp.mlp([5, 4, 3], select=mbp.TopK(2))
    mbp.load(net, "weights.safetensors")
    with np.load("points.npz") as file:
        np.testing.assert_allclose(net(file["x"][:3]), EXPECTED["weights"], rtol=1e-5)
