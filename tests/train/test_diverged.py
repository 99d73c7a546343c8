"""A loss that is no longer finite stops the run, names the layer, and keeps the last good checkpoint."""

import numpy as np
import pytest
from helpers import assert_same, clusters, parameters

import minimalbp as mbp
from minimalbp.train.checkpoint import save_checkpoint

DATA = clusters()


def net_of(backend, hidden=5):
    return mbp.mlp([7, hidden, 3], backend=backend, rng=1)


def diverges(net, **options):
    """The message of the failure, one line."""
    settings = {"epochs": 3, "batch_size": 7, "threads": 1} | options
    optimizer = settings.pop("optimizer", None) or mbp.SGD(net.parameters(), lr=0.1)
    with pytest.raises(mbp.Diverged) as caught:
        mbp.fit(net, DATA, optimizer, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_the_layer_is_named_and_the_others_are_not_spoilt(backend, poison, place):
    net = net_of(backend)
    linear = net.linears()[place]
    linear.weight.value[:] = poison
    before = parameters(net)
    message = diverges(net)
    n_in, n_out = (7, 5) if place == 0 else (5, 3)
    assert f"layer {2 * place}, Linear(n_in={n_in}, n_out={n_out}) (its {2 * place}.weight too)" in message
    assert "at step 1 (epoch 1)" in message
    assert "checkpoint" not in message
    assert_same(parameters(net), before)


@pytest.mark.parametrize("lr", [1e3, 1e15, 1e30])
def test_a_huge_learning_rate(backend, lr):
    """float32 overflows within a few steps; the message says so and what to try."""
    net = mbp.Sequential(mbp.Linear(7, 5), mbp.Cube(), mbp.Linear(5, 3), backend=backend)
    message = diverges(net, optimizer=mbp.SGD(net.parameters(), lr=lr), epochs=50)
    assert "layer" in message and "smaller lr" in message


def test_seen_first_by_the_dev_set(backend):
    """The last step before a look spoils the weights: the look finds it."""
    net = net_of(backend)
    message = diverges(net, optimizer=mbp.SGD(net.parameters(), lr=1e38), evals_per_epoch=9)
    assert "at step 1 (epoch 1)" in message and "layer 0" in message


def test_finite_logits_and_an_infinite_loss(backend):
    net = mbp.mlp([7, 3], backend=backend)
    net.parameters()[1].value[:] = [3e38, -3e38, -3e38]
    message = diverges(net)
    assert "come out of the loss itself" in message


def test_the_last_good_checkpoint_stays(backend, tmp_path, monkeypatch):
    """Three looks, each with a checkpoint; after the third a weight is spoilt."""
    net, path, good = net_of(backend), tmp_path / "run.npz", []

    def spoil(*args):
        save_checkpoint(*args)
        good.append((path.read_bytes(), parameters(net)))
        if len(good) == 3:
            net.linears()[1].weight.value[0, 0] = np.nan

    monkeypatch.setattr("minimalbp.train.loop.save_checkpoint", spoil)
    message = diverges(net, checkpoint=path, evals_per_epoch=2)
    assert f"the last good checkpoint is {path}" in message
    assert "layer 2, Linear(n_in=5, n_out=3) (its 2.weight too)" in message
    assert "at step 14 (epoch 2)" in message
    assert path.read_bytes() == good[-1][0]
    fresh = net_of(backend)
    optimizer = mbp.SGD(fresh.parameters(), lr=0.1)
    assert mbp.load_checkpoint(path, fresh, optimizer)["done"] == 13
    assert_same(parameters(fresh), good[-1][1] | {"2.weight": fresh.linears()[1].weight.value})
    assert np.isfinite(fresh.linears()[1].weight.value).all()


def test_no_checkpoint_is_promised_before_there_is_one(backend, tmp_path):
    net = net_of(backend)
    net.linears()[0].weight.value[0, 0] = np.inf
    assert "checkpoint" not in diverges(net, checkpoint=tmp_path / "run.npz")
    assert list(tmp_path.iterdir()) == []
