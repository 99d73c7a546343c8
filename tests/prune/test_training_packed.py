"""Packed networks go on as any other: they train, are resumed bit for bit, shrink, and are frozen."""

import numpy as np
import pytest
from helpers import NO_JIT, Told, assert_same, close, parameters

import minimalbp as mbp
from minimalbp.backend import BACKENDS
from minimalbp.prune import load_packed, pack, prove, save_packed


def pictures():
    """Pictures of three classes: a bright third of each."""
    rng = np.random.default_rng(3)

    def split(n):
        y = np.arange(n) % 3
        x = 0.4 * rng.normal(size=(n, 1, 8, 8))
        for picture, label in zip(x, y):
            picture[:, 2 * label : 2 * label + 2] += 1
        return mbp.Split(x.astype("float32"), y.astype("int64"))

    return mbp.Dataset("thirds", split(48), split(12), split(12), ("a", "b", "c"))


DATA = pictures()


def packed(select, backend):
    """A packed network, the same each time, with columns of zeros in every layer but the last."""
    both = {"select": select, "units_select": None if select is None else mbp.TopK(4)}
    net = mbp.lenet((8, 8), 3, filters=(6, 8), kernel=3, units=(12,), batchnorm=True, backend=backend, **both)
    rng = np.random.default_rng(1)
    for layer in net.layers():
        if isinstance(layer, (mbp.Conv2d, mbp.Linear)) and layer.weight.value.shape[0] > 3:
            flat = layer.weight.value.reshape(len(layer.weight.value), -1)
            flat[:, rng.random(flat.shape[1]) < 0.4] = 0
    found = pack(net)
    assert sum(isinstance(la, (mbp.PackedConv2d, mbp.PackedLinear)) for la in found.layers()) == 3
    return found


def train(path, epochs, select, backend, companions, resume=False):
    net = packed(select, backend)
    adam = mbp.Adam(net.parameters(), lr=0.01)
    history = mbp.fit(
        net, DATA, adam, epochs=epochs, batch_size=8, checkpoint=path, resume=resume, companions=companions
    )
    return net, history


@pytest.fixture(params=["reference"] if NO_JIT else BACKENDS)  # else five seconds each
def backend(request):
    return request.param


class Stop(Exception):
    """A training that is killed."""


@pytest.mark.parametrize("shrinks", [False, True])
@pytest.mark.parametrize("select", [None, mbp.TopK(ratio=0.1), mbp.Systematic(ratio=0.1)])
def test_a_resumed_training_is_that_of_one_piece(select, shrinks, backend, tmp_path):
    def plan():
        return [mbp.Simplifier(prune=0.5, cycle=1, min_width=2)] if shrinks else []

    whole, history = train(tmp_path / "whole", 5, select, backend, plan())

    def stop(record):
        if record.epoch == 3:
            raise Stop

    with pytest.raises(Stop):
        train(tmp_path / "parts", 5, select, backend, [*plan(), Told(stop)])
    resumed, _ = train(tmp_path / "parts", 5, select, backend, plan(), resume=True)
    assert resumed.describe() == whole.describe()
    assert_same(parameters(resumed), parameters(whole))
    if shrinks and select is not None:
        first = packed(select, backend)
        assert sum(p.value.size for p in whole.parameters()) < sum(p.value.size for p in first.parameters())
    assert history.records[-1].train_loss < history.records[0].train_loss


def test_a_network_from_a_folder_goes_on_with_top_k(backend, tmp_path):
    save_packed(packed(None, backend), tmp_path / "small")
    net = load_packed(tmp_path / "small", select=mbp.TopK(ratio=0.1), backend=backend)
    mbp.fit(net, DATA, mbp.Adam(net.parameters()), epochs=1, batch_size=8)
    convolutions = [la for la in net.layers() if isinstance(la, mbp.Conv2d)]
    assert [la.last_choice.shape for la in convolutions] == [
        (8, round(0.1 * la.positions * la.units)) for la in convolutions
    ]


def test_a_trained_packed_network_is_right_in_every_form(backend, tmp_path):
    net, _ = train(tmp_path / "c", 3, mbp.TopK(ratio=0.2), backend, [])
    x = DATA.test.x
    close(mbp.Frozen(net)(x), net(x), "float32")
    folded = pack(net, fold_batchnorm=True)
    assert prove(net, folded, x) <= 1e-12
    assert not any(isinstance(la, mbp.BatchNorm2d) for la in folded.layers())
    np.testing.assert_array_equal(net(x).argmax(axis=1), folded(x).argmax(axis=1))
