"""meSimp gate by gate: a tagger that shrinks while it trains, its controls, and `minimalbp simplify --per-gate`."""

import json

import numpy as np
import pytest
from helpers import assert_same, parameters, refused, stop_after
from test_cli_simplify import NAMES, quickly_timed  # noqa: F401
from test_cli_train import outcome, report
from test_cli_train import refused as said_by
from test_text_data import bank_of
from trees import toy_treebank

import minimalbp as mbp
from minimalbp.arms import Arm, _warm_up
from minimalbp.backend import get_backend
from minimalbp.cli import main
from minimalbp.settings import Settings
from minimalbp.simplify import Follower, Plan, Simplifier

DATA = mbp.TaggingData(bank_of(train=20, held_out=5))


def trained(companion, epochs=4, **options):
    net = mbp.tagger(DATA.task, hidden=8, select=mbp.TopK(2), bidirectional=True, backend="reference")
    adam = mbp.Adam(net.parameters(), lr=0.01)
    settings = {"batch_size": 4, "evals_per_epoch": 2, "threads": 1} | options
    return net, mbp.fit(net, DATA, adam, epochs=epochs, companion=companion, **settings)


def plan(**options):
    return Simplifier(**{"prune": 0.25, "cycle": 1, "per_gate": True} | options)


def test_gates_end_with_sizes_of_their_own():
    companion = plan()
    net, history = trained(companion)
    lstm, sizes = net.children[1], companion.sizes()
    assert len(sizes) == len(history.records) == 8 and sizes[0] == [[[8] * 4] * 2]
    assert sizes[-1][0] == lstm.there().sum(axis=2).tolist() == lstm.settings()["rows"]
    assert len({n for gates in sizes[-1][0] for n in gates}) > 1  # or the test says nothing
    for look, record in zip(sizes, history.records):
        assert record.widths == [np.sum(look) / 4] and look[0][0][2] == look[0][1][2] >= max(look[0][0])
    assert history.best.widths == history.records[-1].widths and history.begins
    (picture,) = companion.activeness
    left = ~np.isnan(picture)
    assert picture.shape == (8, 2 * 4 * 8) and not (left[1:] & ~left[:-1]).any()
    assert np.nanmax(picture) <= 1 and np.nanmin(picture) >= 0 < np.nanmax(picture[-1])
    units = left.reshape(8, 2, 4, 8)
    assert not (units & ~units[:, :, 2:3]).any()  # who has no g has nothing
    assert [len(p.value) for d in lstm.directions for p in (d.w, d.u, d.b)] == [
        sum(gates) for gates in sizes[-1][0] for _ in range(3)
    ]


@pytest.mark.parametrize("least", [1, 3])
def test_each_gate_keeps_the_minimum_width(least):
    companion = plan(prune=1.0, cycle=9, min_width=least)
    trained(companion, epochs=2)
    assert companion.sizes()[-1] == [[[least] * 4] * 2]
    assert len(companion.notes) == 1 and f"keeps at least {least} entries of every gate" in companion.notes[0]
    companion = plan(prune=0.0)
    net, _ = trained(companion, epochs=2)
    assert not net.children[1].ragged and not companion.notes


def test_kernels_of_uneven_gates_run_before_the_clock(monkeypatch):
    names, ran, ragged = ("forward", "backward_top_k", "backward_all"), [], get_backend("reference").ragged

    def spied(name, kernel):
        return lambda *args: (ran.append(name), kernel(*args))

    for name in names:
        monkeypatch.setattr(ragged, name, spied(name, getattr(ragged, name)))
    few = {"batch": 4, "backend": "reference", "threads": 1}
    settings = Settings(task="tagging", hidden=(8,), select="topk", k=2, **few)
    for companion, wanted in ((plan(per_gate=False), ()), (plan(), names)):
        _warm_up(Arm("small", settings, mbp.TopK(2), companion), DATA)
        assert set(ran) == set(wanted)


@pytest.mark.parametrize("stop", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("per_gate", [True, False])
def test_a_resumed_run_is_bit_for_bit_the_same(tmp_path, stop, per_gate):
    whole, history = trained(companion := plan(per_gate=per_gate))
    assert companion.sizes()[-1] != companion.sizes()[0]
    path, seen = tmp_path / "run.npz", []
    trained(
        plan(per_gate=per_gate), checkpoint=path, callbacks=[lambda r: seen.append(r) or len(seen) == stop]
    )
    again = plan(per_gate=per_gate)
    net, resumed = trained(again, checkpoint=path, resume=True)
    assert resumed == history and again.sizes() == companion.sizes()
    assert_same(parameters(net), parameters(whole))
    assert net.describe() == whole.describe()
    np.testing.assert_array_equal(again.activeness[0], companion.activeness[0])
    with pytest.raises(mbp.BadInput, match="other settings"):
        trained(plan(per_gate=not per_gate), checkpoint=path, resume=True)


def test_a_checkpoint_of_other_gates_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    net, _ = trained(plan(), checkpoint=path)
    fresh = mbp.tagger(DATA.task, hidden=net.children[1].hidden, select=mbp.TopK(2), bidirectional=True,
                       backend="reference")  # fmt: skip
    from minimalbp.checkpoint import load_checkpoint

    adam = mbp.Adam(fresh.parameters(), lr=0.01)
    said = refused(lambda: load_checkpoint(path, fresh, adam), "another architecture", "rows is [[")
    assert len(said) < 300


@pytest.mark.parametrize("rule", ["magnitude", "random"])
def test_a_follower_has_the_gates_of_the_other_run(rule, tmp_path):
    trained(companion := plan())
    sizes, path = companion.sizes(), tmp_path / "run.npz"
    first, history = trained(follower := Follower(sizes, rule), checkpoint=path)
    for mine, theirs in zip(follower.sizes(), sizes):  # what units took along a gate may lack
        assert (np.array(mine) <= theirs).all() and mine[0][0][2] == theirs[0][0][2]
    assert history.records[0].widths == [16]
    seen = []
    path.unlink()
    trained(Follower(sizes, rule), checkpoint=path, callbacks=[lambda r: seen.append(r) or len(seen) == 5])
    again, resumed = trained(Follower(sizes, rule), checkpoint=path, resume=True)
    assert resumed == history
    assert_same(parameters(again), parameters(first))


def test_from_scratch_at_the_last_sizes():
    """A follower that cuts a new network before its first step."""
    sizes = [[[2, 5, 6, 1], [6, 6, 6, 0]]]
    net, _ = trained(follower := Follower([sizes] * 4, "random"), epochs=2)
    assert follower.sizes() == [sizes] * 4 and net.children[1].settings()["rows"] == sizes[0]


def test_what_is_refused(capsys, tmp_path):
    refused(lambda: Plan(per_gate=1), "per_gate must be")
    refused(lambda: Plan(per_gate=True, faithful=True), "exclude each other")
    mlp = mbp.mlp([4, 3, 2], backend="reference")
    refused(lambda: plan().begin(mlp, mbp.SGD(mlp.parameters()), 1), "per_gate is for networks with an LSTM")
    toy, out = toy_treebank(tmp_path / "toy.conllu", n=30), tmp_path / "out"
    words = [
        "simplify",
        "--data",
        toy,
        "--hidden",
        "12",
        "--backend",
        "reference",
        "--per-gate",
        "--out",
        out,
    ]
    for more, said in (
        (["--task", "parsing", "--batch", "50"], "per_gate is for networks with an LSTM"),
        (["--task", "tagging", "--faithful"], "exclude each other"),
    ):
        assert said in said_by(capsys, *words, *more)
        assert not out.exists()


def test_the_command_from_data_to_annotation(capsys, tmp_path, monkeypatch):
    toy, out = toy_treebank(tmp_path / "toy.conllu", n=30), tmp_path / "run"
    words = ["simplify", "--task", "tagging", "--data", toy, "--hidden", "12", "--k", "3", "--epochs", "3",
             "--cycle", "1", "--prune", "0.25", "--min-width", "2", "--backend", "reference", "--bidirectional",
             "--per-gate"]  # fmt: skip
    found = report(capsys, *words, "--out", out)
    assert found["plan"]["per_gate"] and [run["name"] for run in found["runs"]] == NAMES
    dense, small, scratch, *controls = found["runs"]
    assert dense["widths"] == [24] and dense["hidden"] == [12] and "rows" not in dense
    assert small["widths"] == [np.sum(small["rows"]) / 4] and small["hidden"] == [small["rows"][0][0][2]]
    assert scratch["rows"] == small["rows"] and scratch["widths"] == small["widths"]
    for run in controls:
        assert run["hidden"] == small["hidden"] and (np.array(run["rows"]) <= small["rows"]).all()
    for timed in found["decoding"]:
        less = (8 * 12 - np.sum(small["rows"])) * 190  # rows of W alone
        assert timed["ops"]["large"] - timed["ops"]["small"] > timed["batch"] * less > 0
    for name in ("simplified", "random", "from scratch", "dense"):
        to = tmp_path / "out.conllu"
        assert main(["annotate", str(out), toy, "--to", str(to), "--run", name]) == 0
        assert len(mbp.read_conllu(to)) == 30
    net = mbp.load_annotator(out).net
    assert net.children[1].settings()["rows"] == small["rows"][0]
    assert mbp.load_annotator(out, "dense").net.children[1].hidden == 12
    capsys.readouterr()
    assert main([*words, "--no-controls"]) == 0
    table = capsys.readouterr().out
    assert "rows per gate" in table and "each gate by itself" in table
    assert "has per_gate = True" not in said_by(capsys, "simplify", "--resume", out, "--prune", "0.5")

    stop_after(monkeypatch, (3, 4, 2, 5, 1))
    again = tmp_path / "again"
    status = main([*map(str, words), "--out", str(again)])
    for _ in range(10):
        if status == 0:
            break
        assert status == 130
        capsys.readouterr()
        status = main(["simplify", "--resume", str(again), "--json"])
    assert outcome(json.loads(capsys.readouterr().out)) == outcome(found)
