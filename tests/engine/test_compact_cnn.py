"""Filters that leave: with them go channels of all layers up to the next product, and their moments."""

import os

import numpy as np
import pytest
from helpers import full_gradient, refused

import minimalbp as mbp
from minimalbp.network.compact import compact, hidden_layers

SHAPE = (2, 6, 7)
SMALL = {"filters": (5, 6), "kernel": 3, "units": (7,)}


def norm_between(select, **options):
    """Batch normalisation of vectors, between linear layers."""
    return mbp.Sequential(
        mbp.Flatten(),
        mbp.Linear(84, 6, select=select),
        mbp.BatchNorm1d(6),
        mbp.ReLU(),
        mbp.Linear(6, 3),
        **options,
    )


def next_to_a_residual(select, **options):
    """Only the convolution inside of the residual can shrink: the others' outputs are added to something."""
    inside = mbp.Conv2d(4, 5, 3, padding=1, select=select), mbp.ReLU(), mbp.Conv2d(5, 4, 1, select=select)
    return mbp.Sequential(
        mbp.Conv2d(2, 4, 3, padding=1, select=select), mbp.Residual(*inside), mbp.Flatten(), mbp.Linear(168, 3),
        **options,
    )  # fmt: skip


NETS = {
    "lenet": lambda s, **o: mbp.lenet(SHAPE, 3, select=s, **SMALL, **o),
    "lenet batchnorm": lambda s, **o: mbp.lenet(SHAPE, 3, select=s, batchnorm=True, **SMALL, **o),
    "cut before": lambda s, **o: mbp.lenet(SHAPE, 3, select=s, batchnorm=True, cut="before", **SMALL, **o),
    "centred": lambda s, **o: mbp.lenet(SHAPE, 3, select=s, center="forward", **SMALL, **o),
    "convnet": lambda s, **o: mbp.convnet(SHAPE, 3, select=s, filters=(5, 6), kernel=3, **o),
    "norm between": norm_between,
    "residual": next_to_a_residual,
}
SELECT = {
    "dense": mbp.Dense(),
    "topk": mbp.TopK(4),
    "batch": mbp.TopK(3, over="batch"),
    "unified": mbp.UnifiedTopK(4),
}


def step(net, x, labels):
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
    logits = net.forward(net.prepare(x)).copy()
    loss.forward(logits, labels)
    net.backward(loss.backward(), need_dx=False)
    return logits


def mask(hidden, kept):
    """Nothing reads the units that are gone."""
    inputs = (kept[0][:, None] * hidden.inputs + np.arange(hidden.inputs)).ravel()
    for cut in hidden.reader.input_cuts(inputs):
        if cut.axis == 1:  # not running means
            gone = np.setdiff1d(np.arange(cut.param.value.shape[1]), inputs)
            cut.param.value[:, gone] = 0


@pytest.mark.parametrize("select", SELECT)
@pytest.mark.parametrize("name", NETS)
def test_the_compacted_network_is_the_masked_one(backend, name, select, rng):
    x, labels = rng.normal(size=(5, *SHAPE)), rng.integers(0, 3, 5).astype(np.int32)
    masked, small = (NETS[name](SELECT[select], backend=backend, dtype="float64") for _ in range(2))
    wide = hidden_layers(masked)
    kept = [np.sort(rng.permutation(h.layer.units)[:3])[None] for h in wide]
    for h, units in zip(wide, kept):
        mask(h, units)
    adam = mbp.Adam(small.parameters())
    compact(small, adam, list(zip(hidden_layers(small), kept)))
    np.testing.assert_allclose(step(small, x, labels), step(masked, x, labels), rtol=1e-11, atol=1e-13)
    wanted = {p.name: full_gradient(p) for p in masked.parameters()}
    for h, units in zip(wide, kept):
        for cut in h.cuts(units):
            if cut.param.name in wanted:
                wanted[cut.param.name] = np.take(wanted[cut.param.name], cut.kept, cut.axis)
    for p in small.parameters():
        np.testing.assert_allclose(full_gradient(p), wanted[p.name], rtol=1e-11, atol=1e-12)
        assert all(a.shape == p.value.shape for a in adam.state[p.name].values())
    adam.step()
    before = small.describe()
    assert step(small, x[:2], labels[:2]).shape == (2, 3) and small.describe() == before


def test_what_can_shrink():
    found = {name: hidden_layers(make(mbp.Dense(), backend="reference")) for name, make in NETS.items()}
    assert {
        name: [(h.layer.path, h.reader.path, h.inputs) for h in hidden] for name, hidden in found.items()
    } == {
        "lenet": [((0,), (3,), 1), ((3,), (7,), 1), ((7,), (9,), 1)],
        "lenet batchnorm": [((0,), (4,), 1), ((4,), (9,), 1), ((9,), (11,), 1)],
        "cut before": [((0,), (5,), 1), ((5,), (11,), 1), ((11,), (13,), 1)],
        "centred": [((0,), (3,), 1), ((3,), (7,), 1), ((7,), (9,), 1)],
        "convnet": [((0,), (4,), 1), ((4,), (8,), 1)],
        "norm between": [((1,), (4,), 1)],
        "residual": [((1, 0), (1, 2), 1)],
    }
    (first, second, _) = hidden_layers(mbp.lenet((9, 8), 3, **SMALL, backend="reference"))
    assert (first.inputs, second.inputs) == (1, 4)


def test_normalisation_over_channels_keeps_its_channels():
    """Another channel would come into the place of one that left, and count in its neighbours' sums."""
    for over, n in (("channels", 0), ("window", 1)):
        layers = mbp.Conv2d(1, 4, 1), mbp.LocalResponseNorm(3, over=over), mbp.Conv2d(4, 2, 1)
        assert len(hidden_layers(mbp.Sequential(*layers, backend="reference"))) == n


def test_a_cut_that_is_no_filter_is_refused():
    net = NETS["lenet"](mbp.Dense(), backend="reference")
    (first, *_) = hidden_layers(net)
    refused(lambda: compact(net, None, [(first, np.array([[3, 5]]))]), "layer 0", "1 x (1 to 5)")


def test_filters_leave_while_a_network_trains():
    data = mbp.load_dataset("digits")
    backend = "reference" if "NUMBA_DISABLE_JIT" in os.environ else "cpu"  # else half a minute
    options = {"batchnorm": True, "select": mbp.TopK(ratio=0.05), "backend": backend}
    net = mbp.lenet((8, 8), 10, filters=(8, 12), units=(30,), **options)
    simplifier = mbp.Simplifier(prune=0.04, cycle=1, min_width=2)
    adam = mbp.Adam(net.parameters(), lr=3e-3)
    history = mbp.fit(net, data, adam, epochs=2, batch_size=32, evals_per_epoch=2, companions=[simplifier])
    widths = history.records[-1].widths
    assert len(widths) == 3 and sum(widths) < 50
    conv, norm, second = net.children[0], net.children[1], net.children[4]
    assert conv.weight.value.shape == (widths[0], 1, 5, 5) and norm.weight.value.shape == (widths[0],)
    assert second.weight.value.shape == (widths[1], widths[0], 5, 5)
    assert mbp.evaluate(net, data.test).accuracy > 0.12  # chance is 0.1, and few units are left


def test_batch_normalisation_of_vectors_behind_flatten_is_cut_by_pixels():
    layers = mbp.Conv2d(1, 4, 2), mbp.ReLU(), mbp.Flatten(), mbp.BatchNorm1d(36), mbp.Linear(36, 3)
    net = mbp.Sequential(*layers, backend="reference", dtype="float64")
    x = np.random.default_rng(0).normal(size=(5, 1, 4, 4))
    net.forward(x)
    net.children[4].weight.value[:, np.r_[0:9, 18:27]] = 0  # of the filters 0 and 2
    before = net(x)
    (first, *_) = hidden_layers(net)
    compact(net, None, [(first, np.array([[1, 3]]))])
    assert net.children[3].n == 18
    np.testing.assert_allclose(net(x), before, rtol=1e-12)
