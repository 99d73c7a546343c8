"""Copies of networks, optimisers and what belongs to them: copy, pickle, other processes."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same, clusters, parameters
from test_describe import EVERY
from test_unbound import MAPS, OF_MAPS

import minimalbp as mbp
from minimalbp.topology import random_net

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda what: pickle.loads(pickle.dumps(what))}
NETS = {
    "mlp": lambda **o: mbp.mlp([7, 17, 5, 3], select=mbp.RandomK(2), center="dw", dropout=0.3, **o),
    "centred": lambda **o: mbp.mlp([7, 17, 5, 3], select=mbp.TopK(3), center="forward", **o),
    "sparse": lambda **o: mbp.sparse_mlp(
        random_net("random", [7, 12, 3], np.random.default_rng(1), density=0.4),
        select=mbp.UnifiedTopK(3),
        **o,
    ),
}


@pytest.fixture(params=COPIES.values(), ids=COPIES)
def copied(request):
    return request.param


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
@pytest.mark.parametrize("optimizer", [mbp.Adam, mbp.AdaGrad, mbp.SGD], ids=lambda kind: kind.__name__)
def test_a_copy_learns_as_the_original_would(net, optimizer, copied, backend, dtype):
    net, data = net(rng=1, backend=backend, dtype=dtype), clusters()
    learn = {"epochs": 2, "batch_size": 7, "rng": 2, "evals_per_epoch": 3, "threads": 1}
    steps = optimizer(net.parameters(), lr=0.01, rows="chosen")
    mbp.fit(net, data, steps, **learn)
    before = parameters(net)
    twin, its_steps = copied((net, steps))
    assert its_steps.params[0] is twin.parameters()[0]
    found = mbp.fit(twin, data, its_steps, **learn)
    assert_same(parameters(net), before)  # the copy has memory of its own
    assert mbp.fit(net, data, steps, **learn).records == found.records
    assert_same(parameters(net), parameters(twin))
    assert copied(found).records == found.records


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_every_layer_is_copied_after_its_passes(make, copied, rng):
    layer = make()
    net = mbp.Sequential(layer, backend="reference", rng=1)
    for p in net.parameters():
        p.value += rng.normal(size=p.value.shape)
    x = inputs(net, rng)
    y = net(x)
    net.backward(np.ones_like(net.forward(net.prepare(x))))
    twin = copied(net)
    np.testing.assert_array_equal(twin(x), net(x))
    kept = net.kept()
    assert [p.name for p in twin.kept()] == [p.name for p in kept]
    for p in net.parameters():
        p.value += 1
    if net.parameters():
        assert not np.array_equal(net(x), y)
    assert not any(np.shares_memory(p.value, q.value) for p, q in zip(kept, twin.kept()))
    with pytest.raises(AttributeError):
        twin.children[0].last_nothing  # noqa: B018


def inputs(net, rng):
    """Some inputs for the first layer."""
    layer = net.children[0]
    if layer.takes_ids:
        return rng.integers(0, 3, (4, layer.columns))
    conv = isinstance(layer, mbp.Residual) and isinstance(layer.children[0], mbp.Conv2d)
    return MAPS if conv or isinstance(layer, OF_MAPS) else rng.normal(size=(4, 3))


def test_a_frozen_network_a_history_and_a_loss_are_copied(copied, backend, rng):
    net = mbp.mlp([7, 9, 3], rng=1, backend=backend)
    frozen, x = mbp.Frozen(net), rng.normal(size=(30, 7))
    right = frozen(x), frozen(x[:2])
    twin = copied(frozen)
    for p in net.parameters():
        p.value.fill(0)
    np.testing.assert_array_equal(twin(x), right[0])
    np.testing.assert_array_equal(twin(x[:2]), right[1])
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    logits, labels = right[0].copy(), np.zeros(30, np.int32)
    assert copied(loss).forward(logits, labels) == loss.forward(logits, labels)
