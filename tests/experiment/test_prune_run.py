"""`prune`: what its report says is what its files hold, and stopped anywhere it ends where the whole run does."""

from dataclasses import replace

import numpy as np
import pytest
from commands import outcome
from helpers import NO_JIT, assert_same, parameters

import minimalbp as mbp
from minimalbp.errors import BadInput
from minimalbp.experiment import compaction
from minimalbp.experiment.prune import plan_of, prune
from minimalbp.files import read_json
from minimalbp.prune import PrunePlan, Unequal, load_packed, pack
from minimalbp.train import loop

SETTINGS = mbp.Settings(
    data="digits[:200]", model="lenet", filters=(4, 6), hidden=(20,), select="dense", epochs=2, evals=2, batch=25,
    lr=0.003, backend="reference", threads=1,
)  # fmt: skip
PLAN = PrunePlan(ratio=0.5, interval=1, a=0.3, updates=30)
RUNS_ON = ["reference"] + ["cpu"] * (not NO_JIT)  # else four seconds each
KEYS = {"before", "pruned", "retrained"}


@pytest.fixture(scope="module")
def data():
    full = mbp.load_data(SETTINGS)
    few = mbp.Split(full.test.x[:60], full.test.y[:60])
    return replace(full, dev=few, test=few)


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that nobody stopped: its folder and its report."""
    out = tmp_path_factory.mktemp("whole") / "run"
    return out, prune(SETTINGS, PLAN, data, retrain=1, out=out)


def network(data, path, settings=SETTINGS):
    net = mbp.lenet(data.shape, 10, filters=settings.filters, units=settings.hidden, backend="reference")
    mbp.load(net, path)
    return net


def results(report):
    """What must not depend on the clock, nor on whether the first training belongs to the run."""
    same = ("accuracy", "layers", "updates", "remainder", "recovered", "settled", "difference")
    return {key: report[key] for key in same} | {"run": outcome(report)[-1]}


def test_the_report_says_what_the_files_hold(whole, data):
    out, report = whole
    assert report["accuracy"].keys() == KEYS and report["source"] is None and report["retrain"] == 1
    for key, name in (("before", "trained"), ("retrained", "dense")):
        net = network(data, out / f"{name}.safetensors")
        assert mbp.evaluate(net, data.test).accuracy == report["accuracy"][key]
    assert [(layer["name"], layer["groups"], layer["pruned"]) for layer in report["layers"]] == [
        ("0", 25, 13),
        ("3", 100, 50),
    ]
    zeros = [int((net.children[i].weight.value == 0).all(axis=0).sum()) for i in (0, 3)]
    assert zeros == [13, 50]
    first, second = report["layers"]
    assert first["theoretical"] == pytest.approx(25 / 12) and second["theoretical"] == pytest.approx(2)
    parts = 64 * 25 * 4, 16 * 100 * 6  # positions, columns and filters of each layer
    assert report["speedup"]["theoretical"] == pytest.approx(sum(parts) / (parts[0] * 12 / 25 + parts[1] / 2))
    assert [run["name"] for run in report["runs"]] == ["trained", "pruned"]
    assert report["runs"][1]["widths"] == [12, 50]
    assert report["settled"] == report["updates"] - 1 and report["remainder"] == [0, 0]


def test_the_packed_network_in_the_folder_computes_the_same(whole, data):
    out, report = whole
    small = load_packed(out / "compact", backend="reference")
    assert [type(layer).__name__ for layer in small.children[:4]] == [
        "PackedConv2d", "ReLU", "MaxPool2d", "PackedConv2d",
    ]  # fmt: skip
    net = network(data, out / "dense.safetensors")
    np.testing.assert_allclose(small(data.test.x), net(data.test.x), rtol=1e-4, atol=1e-5)
    assert report["difference"] <= 1e-12


@pytest.mark.parametrize("backend", RUNS_ON)
@pytest.mark.parametrize("groups, layers", [("filters", None), ("channels", ("4",)), ("columns", ("4",))])
def test_a_speed_is_reached_and_measured_with_batch_normalisation_folded(
    backend, groups, layers, data, monkeypatch
):
    monkeypatch.setattr(compaction, "SECONDS", 0.01)
    settings = SETTINGS.changed(epochs=1, batchnorm=True, backend=backend)
    plan = PrunePlan(speedup=2, groups=groups, layers=layers, interval=1, a=0.5, updates=20)
    report = prune(settings, plan, data, retrain=0, measure=True, fold_batchnorm=True)
    speed = report["speedup"]
    assert 1 < report["all_layers"] < speed["theoretical"]
    assert speed["theoretical"] >= 2 and speed["measured"] > 0 and report["difference"] <= 1e-12
    assert all(layer["theoretical"] >= 1 and layer["measured"] > 0 for layer in report["layers"])


def test_a_small_network_that_is_another_one_is_not_kept(data, tmp_path, monkeypatch):
    def wrong(net, **options):
        packed = pack(net, **options)
        packed.parameters()[0].value[...] += 1e-3
        return packed

    monkeypatch.setattr(compaction, "pack", wrong)
    with pytest.raises(Unequal, match="outputs differ"):
        prune(SETTINGS.changed(epochs=1), PLAN, data, retrain=0, out=tmp_path / "run")
    assert not (tmp_path / "run" / "compact").exists()
    monkeypatch.undo()

    def late(*args, **options):
        raise Unequal("outputs differ by the clock")

    monkeypatch.setattr(compaction, "measure", late)
    with pytest.raises(Unequal, match="by the clock"):
        prune(
            SETTINGS.changed(epochs=1), PLAN, data, retrain=0, out=tmp_path / "run", measure=True, resume=True
        )
    assert not (tmp_path / "run" / "compact").exists()
    assert not (tmp_path / "run" / "dense.safetensors").exists()
    half = read_json(tmp_path / "run" / "run.json")
    assert half["accuracy"].keys() == KEYS and half["updates"] > 3 and half["layers"] == []
    monkeypatch.undo()
    prune(SETTINGS.changed(epochs=1), PLAN, data, retrain=0, out=tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "compact" / "network.json").is_file()


def test_what_is_drawn_stands_in_the_folder(whole):
    out, report = whole
    with np.load(out / "trajectories.npz") as file:
        paths = {name: file[name] for name in file.files}
    assert {name: rows.shape[1] for name, rows in paths.items()} == {"layer/0": 25, "layer/3": 100}
    assert max(len(rows) for rows in paths.values()) == report["updates"]
    assert int((paths["layer/3"][-1] == 1).sum()) == 50
    assert (out / "prune.png").read_bytes()[:4] == b"\x89PNG"


def test_a_source_gives_what_a_first_training_gives_and_so_does_a_run_without_a_folder(whole, data, tmp_path):
    out, report = whole
    found = prune(SETTINGS, PLAN, data, source=out / "trained.safetensors", retrain=1, out=tmp_path / "run")
    assert results(found) == results(report) and len(found["runs"]) == 1
    assert (tmp_path / "run" / "dense.safetensors").read_bytes() == (out / "dense.safetensors").read_bytes()
    assert (tmp_path / "run" / "trained.safetensors").is_file()
    assert results(prune(SETTINGS, PLAN, data, retrain=1)) == results(report)


def test_stopped_anywhere_it_ends_where_the_whole_run_does(whole, data, tmp_path, monkeypatch):
    """The first training has 16 steps; then come pruning and retraining. Each attempt stops at another step."""
    true_step, out = loop.train_step, tmp_path / "run"
    left = 0

    def stopping(*args, **options):
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt
        return true_step(*args, **options)

    monkeypatch.setattr(loop, "train_step", stopping)
    for attempt, left in enumerate((3, 7, 12, 5, 6, 9, 10**6)):  # noqa: B007
        try:
            found = prune(SETTINGS, PLAN, data, retrain=1, out=out, resume=attempt > 0)
            break
        except KeyboardInterrupt:
            continue
    assert attempt == 6, "all the others were stopped"
    assert results(found) == results(whole[1]) and outcome(found) == outcome(whole[1])
    for name in ("trained.safetensors", "pruned.safetensors", "dense.safetensors"):
        assert (out / name).read_bytes() == (whole[0] / name).read_bytes()
    again = prune(SETTINGS, PLAN, data, retrain=1, out=out, resume=True)  # of a run that is finished
    assert results(again) == results(found)


def test_other_settings_are_no_resume(whole, data):
    out, _ = whole
    for plan, retrain, said in (
        (replace(PLAN, ratio=0.6), 1, "has ratio = 0.5"),
        (PLAN, 2, "has retrain = 1"),
    ):
        with pytest.raises(BadInput, match=said):
            prune(SETTINGS, plan, data, retrain=retrain, out=out, resume=True)


@pytest.mark.parametrize("backend", RUNS_ON)
def test_sparse_gradients_go_on_and_what_left_stays_zero(backend, data, tmp_path):
    settings = SETTINGS.changed(
        select="topk", k="20%", center="forward", rows="chosen", backend=backend, epochs=1
    )
    prune(settings, PLAN, data, retrain=1, out=tmp_path / "run")
    net = network(data, tmp_path / "run" / "dense.safetensors")  # the mean went into the bias
    assert [int((net.children[i].weight.value == 0).all(axis=0).sum()) for i in (0, 3)] == [13, 50]


def test_a_speed_is_reached_and_noted_groups_leave_by_rank(data):
    plan = PrunePlan(speedup=3, method="columns-l1", interval=1, span=4)
    report = prune(SETTINGS.changed(epochs=1), plan, data, retrain=0)
    assert 3 <= report["speedup"]["theoretical"] < 3.3
    plan = PrunePlan(ratio=0.5, interval=1, updates=5)  # the first group would need 20 updates
    report = prune(SETTINGS.changed(epochs=1), plan, data, retrain=0)
    assert report["remainder"] == [13, 50] and report["updates"] == 5
    assert any("50 of its 50 columns had not left after 5 updates" in n for n in report["runs"][1]["notes"])


def test_columns_of_a_perceptron(data, monkeypatch):
    settings = mbp.Settings(
        data=SETTINGS.data, hidden=(8,), select="dense", epochs=1, batch=25, backend="reference"
    )
    plan = PrunePlan(ratio=0.5, linear=True, method="random", interval=1, span=2)
    monkeypatch.setattr(compaction, "SECONDS", 0.01)
    report = prune(settings, plan, data, retrain=0, measure=True)
    assert [(layer["name"], layer["pruned"]) for layer in report["layers"]] == [("0", 32), ("2", 4)]
    assert all(layer["measured"] > 0 and layer["theoretical"] > 1 for layer in report["layers"])
    assert report["speedup"]["theoretical"] > 2  # units that nobody reads leave with their columns
    with pytest.raises(BadInput, match="no convolutions to prune; take the model lenet"):
        prune(settings, PLAN, data)


def test_updates_last_about_five_epochs_by_default(data):
    assert plan_of(SETTINGS, data, ratio=0.5).interval == 1  # 8 steps an epoch
    assert plan_of(SETTINGS.changed(batch=1), data, ratio=0.5).interval == 12  # 200 steps: 1000 / 80
    assert plan_of(SETTINGS, data, ratio=0.5, interval=180).interval == 180


def test_nothing_is_written_for_what_does_not_fit(whole, data, tmp_path):
    out = tmp_path / "run"
    trained = whole[0] / "trained.safetensors"
    for settings, plan, source, said in (
        (SETTINGS.changed(filters=(5, 6)), PLAN, trained, "the network needs"),
        (SETTINGS.changed(batchnorm=True), PLAN, trained, "other parameters than this network"),
        (SETTINGS, replace(PLAN, layers=("8",)), None, "there is no layer 8"),
        (SETTINGS, PrunePlan(ratio=0.9, groups="filters"), None, "would take all 4 filters"),
        (mbp.Settings(task="parsing"), PLAN, None, "not for the task parsing"),
    ):
        with pytest.raises(BadInput, match=said):
            prune(settings, plan, data, source=source, out=out)
        assert not out.exists()


@pytest.mark.parametrize(("ratio", "left"), [(0.5, [13, 50]), (0.6, [15, 60])])
def test_what_a_pruning_before_took_stays_away(ratio, left, whole, data, tmp_path):
    """Its zeros have left already: they are not drawn, do not come back, and count."""
    source = whole[0] / "pruned.safetensors"
    report = prune(SETTINGS, replace(PLAN, ratio=ratio), data, source=source, retrain=1, out=tmp_path / "run")
    assert [layer["pruned"] for layer in report["layers"]] == left
    assert report["accuracy"]["before"] == whole[1]["runs"][1]["test_accuracy"]
    before, after = (parameters(network(data, path)) for path in (source, tmp_path / "run/dense.safetensors"))
    for name, was, now in ((name, before[name], after[name]) for name in ("0.weight", "3.weight")):
        assert (now[was == 0] == 0).all(), name
    with np.load(tmp_path / "run/trajectories.npz") as paths:
        assert [int((paths[f"layer/{name}"][0] == 1).sum()) for name in (0, 3)] == [13, 50]


def test_the_trained_network_is_not_touched(whole, data):
    """The network with zeros is another one than that which was trained."""
    out, _ = whole
    before = parameters(network(data, out / "trained.safetensors"))
    assert all((array != 0).any(axis=0).all() for array in (before["0.weight"], before["3.weight"]))
    assert_same(before, parameters(network(data, out / "trained.safetensors")))
