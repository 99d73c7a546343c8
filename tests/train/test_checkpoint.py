"""Resuming is bit for bit the run that was never stopped; what cannot be resumed is refused and harms nothing."""

import io
import json
import pickle
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from helpers import Told, assert_same, clusters, parameters, refused

import minimalbp as mbp
from minimalbp.train.checkpoint import read_checkpoint

FIXTURES = Path(__file__).parents[1] / "fixtures" / "0.1"
DATA = clusters(n=40)
OPTIMIZERS = {
    "sgd": lambda p: mbp.SGD(p, lr=0.1),
    "momentum": lambda p: mbp.SGD(p, lr=0.1, momentum=0.9, rows="chosen"),
    "adagrad": lambda p: mbp.AdaGrad(p, weight_decay=0.01, clip=5),
    "adam": lambda p: mbp.Adam(p, rows="chosen", clip_norm=1),
}


def made(
    backend, optimizer="adam", *, hidden=5, dtype="float32", rng=1, dropout=0.2, select=None, center="off"
):
    net = mbp.mlp(
        [7, hidden, 4, 3],
        select=select or mbp.RandomK(2),
        center=center,
        dropout=dropout,
        rng=rng,
        backend=backend,
        dtype=dtype,
    )
    return net, OPTIMIZERS[optimizer](net.parameters())


def fit(net, optimizer, path, *, stop=None, epochs=3, rng=5, **options):
    """Train in batches of 7, six a epoch, three looks each; stop after `stop` looks."""
    seen = []
    settings = {"batch_size": 7, "evals_per_epoch": 3, "threads": 1, "checkpoint": path} | options
    halt = Told(lambda record: seen.append(record) or len(seen) == stop)
    return mbp.fit(net, DATA, optimizer, epochs=epochs, rng=rng, companions=[halt], **settings)


def state(net, optimizer):
    slots = {f"{name} {slot}": a.copy() for name, s in optimizer.state.items() for slot, a in s.items()}
    return parameters(net) | slots


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_resuming_is_a_run_never_stopped(name, stop, backend, tmp_path):
    """Stopped in the first epoch, between two, and within the second; gone on with in fresh objects."""
    path, meters = tmp_path / "run.npz", [mbp.Meter(), mbp.Meter()]
    whole = made(backend, name)
    history = fit(*whole, None, meter=meters[0])
    fit(*made(backend, name), path, stop=stop, meter=mbp.Meter())
    fresh = made(backend, name, rng=99)  # other weights and streams, until the checkpoint is read
    resumed = fit(*fresh, path, resume=True, meter=meters[1])
    assert_same(state(*fresh), state(*whole))
    assert resumed.records == history.records
    assert fresh[1].t == whole[1].t == 18
    for a, b in zip(*([la.rng for la in net.layers() if la.rng] for net, _ in (fresh, whole))):
        assert a.bit_generator.state == b.bit_generator.state
    assert (meters[1].ops, meters[1].steps) == (meters[0].ops, meters[0].steps)


@pytest.mark.parametrize("stop", [1, 4])
@pytest.mark.parametrize(
    "center, select",
    [("dw", mbp.Systematic(2)), ("forward", mbp.Threshold(2, over="batch")), ("dw", mbp.Signs(3))],
    ids=str,
)
def test_running_means_and_draws_are_resumed(center, select, stop, backend, tmp_path):
    path, options = tmp_path / "run.npz", {"center": center, "select": select}
    whole = made(backend, **options)
    history = fit(*whole, None)
    fit(*made(backend, **options), path, stop=stop)
    fresh = made(backend, rng=99, **options)
    assert fit(*fresh, path, resume=True).records == history.records
    assert_same(state(*fresh), state(*whole))
    assert parameters(fresh[0])["0.seen"] == 18 and parameters(fresh[0])["0.mean"].any()
    other = {"dw": "forward", "forward": "dw"}[center]
    for center in (other, "off"):
        net = made(backend, **options | {"center": center})
        refuses(path, net, "another architecture", "center is")


def test_a_finished_run_has_nothing_left_to_do(backend, tmp_path):
    path, run = tmp_path / "run.npz", made(backend)
    history = fit(*run, path)
    before, content = state(*run), path.read_bytes()
    assert fit(*run, path, resume=True).records == history.records
    assert_same(state(*run), before)
    assert path.read_bytes() == content
    assert len(fit(*run, path, resume=True, epochs=4).records) == 12


@pytest.fixture
def saved(tmp_path):
    """(path, what its bytes are) of a checkpoint in the middle of an epoch."""
    path = tmp_path / "run.npz"
    fit(*made("reference"), path, stop=2)
    return path, path.read_bytes()


def refuses(path, run, *fragments, **options):
    """Resuming raises one line, changes nothing and leaves no file behind."""
    net, optimizer = run
    before, files = state(net, optimizer), sorted(path.parent.iterdir())
    generators = [la.rng.bit_generator.state for la in net.layers() if la.rng]
    message = refused(lambda: fit(net, optimizer, path, resume=True, **options), *fragments)
    assert_same(state(net, optimizer), before)
    assert [la.rng.bit_generator.state for la in net.layers() if la.rng] == generators
    assert optimizer.t == 0
    assert sorted(path.parent.iterdir()) == files
    return message


def test_cut_short_anywhere(saved):
    path, content = saved
    run = made("reference", rng=9)
    for length in [*range(0, len(content), 397), len(content) - 1]:
        path.write_bytes(content[:length])
        refuses(path, run, str(path), "not a whole checkpoint")


def test_a_byte_changed_in_an_array(saved):
    path, content = saved
    run = made("reference", rng=9)
    for name in ("param/0.weight.npy", "optim/3.weight/v.npy", "meta.npy"):
        at = content.index(name.encode()) + len(name) + 150
        path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
        refuses(path, run, "not a whole checkpoint")


def test_a_file_that_may_not_be_read_is_not_given_up(saved, monkeypatch):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("minimalbp.train.checkpoint.np.load", closed)
    refuses(saved[0], made("reference", rng=9), "cannot read", "Permission denied")


def npy(array):
    f = io.BytesIO()
    np.save(f, array, allow_pickle=True)
    return f.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"garbage" * 100, pickle.dumps([1, 2]), npy(np.ones(3)), npy(np.array([{}], object)), b"PK\x03\x04"],
    ids=["garbage", "pickle", "npy", "object", "zip head"],
)
def test_no_checkpoint_at_all(content, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    refuses(path, made("reference"), "not a whole checkpoint")


def rewrite(path, edit):
    """Change the arrays of a checkpoint: `edit(arrays, meta)`."""
    with np.load(path, allow_pickle=False) as f:
        arrays = {k: f[k] for k in f.files}
    meta = json.loads(str(arrays.pop("meta")))
    edit(arrays, meta)
    with open(path, "wb") as f:
        np.savez(f, meta=np.array(json.dumps(meta)), **arrays)


@pytest.mark.parametrize("key", ["param/0.weight", "param/6.bias", "optim/3.weight/m"])
@pytest.mark.parametrize("what", ["missing", "shape", "dtype"])
def test_an_array_that_is_not_as_it_was(key, what, saved):
    def edit(arrays, meta):
        if what == "missing":
            del arrays[key]
        elif what == "shape":
            arrays[key] = arrays[key][..., :-1]
        else:
            arrays[key] = arrays[key].astype(np.float64)

    rewrite(saved[0], edit)
    refuses(saved[0], made("reference", rng=9), f"does not hold {key}", "float32")


@pytest.mark.parametrize("key", ["format", "t", "generators", "training"])
def test_a_missing_entry(key, saved):
    rewrite(saved[0], lambda arrays, meta: meta.pop(key))
    refuses(saved[0], made("reference", rng=9), "not a whole checkpoint")


@pytest.mark.parametrize("key", ["done", "order", "shuffle", "history"])
def test_a_training_that_is_not_whole(key, saved):
    for value in ("missing", [{"epoch": 1}]):
        rewrite(saved[0], lambda arrays, meta, value=value: meta["training"].update({key: value}))
        refuses(saved[0], made("reference", rng=9), str(saved[0]), "is it damaged?")
    rewrite(saved[0], lambda arrays, meta: meta["training"].pop(key))
    refuses(saved[0], made("reference", rng=9), str(saved[0]), "is it damaged?")


@pytest.mark.parametrize(
    "path", sorted(FIXTURES.glob("*/*.npz")), ids=lambda path: f"{path.parent.name} {path.stem}"
)
def test_checkpoints_of_0_1_0_are_read(path):
    """Their histories get today's names of scores."""
    training = read_checkpoint(path)[1]["training"]
    records = [mbp.Record.from_json(record) for record in training["history"]]
    assert records[-1].step == training["done"]
    assert {name for record in records for name in record.dev} == (
        {"uas", "las"} if path.parent.name == "parsing" else {"accuracy"}
    )
    assert all((record.widths is not None) == path.name.startswith("simplified") for record in records)


def test_another_format(saved):
    rewrite(saved[0], lambda arrays, meta: meta.update(format=3))
    refuses(saved[0], made("reference", rng=9), "checkpoint format 3", "format 2")


def test_bytes_that_are_damaged(saved):
    """A flipped bit in the zip's directory becomes errors of many types; none escapes."""
    whole = saved[0].read_bytes()
    for at in range(len(whole) - 400, len(whole)):
        saved[0].write_bytes(whole[:at] + bytes([whole[at] ^ 9]) + whole[at + 1 :])
        with suppress(mbp.BadInput):
            mbp.load_checkpoint(saved[0], *made("reference"))


def test_meta_that_is_no_object(saved):
    with open(saved[0], "wb") as f:
        np.savez(f, meta=np.array("[1]"))
    refuses(saved[0], made("reference"), "not a whole checkpoint")


def test_another_network_or_optimiser(saved):
    path, _ = saved
    refuses(path, made("reference", hidden=6), "another architecture", "n_out is 5 there, 6 here")
    refuses(path, made("reference", dropout=0.3), "another architecture", "p is 0.2 there, 0.3 here")
    refuses(path, made("reference", dropout=0), "another architecture", "has 7 there, 5 here")
    refuses(path, made("reference", dtype="float64"), "another dtype", "is float32 there, float64 here")
    refuses(path, made("reference", "sgd"), "another optimizer", "is Adam there, SGD here")
    net, _ = made("reference")
    slower = mbp.Adam(net.parameters(), rows="chosen", clip_norm=1, lr=1e-4)
    refuses(path, (net, slower), "another optimizer", "lr is 0.001 there, 0.0001 here")
    refuses(path, made("reference", center="dw"), "another architecture", "center is None there, dw here")
    refuses(path, made("reference", select=mbp.TopK(2)), "other settings", "name is random there, topk here")
    other = made("reference", select=mbp.TopK(2))  # the file alone, without a training's settings
    refused(lambda: mbp.load_checkpoint(path, *other), "other random layers or selectors")


def test_other_data_or_batches(saved):
    net, optimizer = made("reference")
    refused(
        lambda: fit(net, optimizer, saved[0], resume=True, batch_size=8),
        "other settings: batch_size is 7 there, 8 here",
    )


def test_a_missing_file_and_a_folder_that_cannot_be(tmp_path):
    refuses(tmp_path / "none.npz", made("reference"), "there is no checkpoint", "without resume")
    (tmp_path / "file").touch()
    refused(lambda: fit(*made("reference"), tmp_path / "file" / "run.npz"), "cannot write", "file")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_one_file_without_pickle_and_nothing_beside_it(saved):
    path, _ = saved
    assert list(path.parent.iterdir()) == [path]
    with np.load(path, allow_pickle=False) as f:
        assert {f[k].dtype.kind for k in f.files} == {"f", "U"}
        meta = json.loads(str(f["meta"]))
    assert (meta["format"], meta["dtype"], meta["t"]) == (2, "float32", 4)
    assert meta["optimizer"]["optimizer"] == "Adam"


def test_a_checkpoint_moves_between_backends(saved, backend):
    net, optimizer = made(backend, rng=9)
    assert mbp.load_checkpoint(saved[0], net, optimizer)["done"] == 4
    assert optimizer.t == 4
