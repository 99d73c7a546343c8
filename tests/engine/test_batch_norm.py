"""Batch normalisation: gradients by differences, PyTorch's numbers and files, running statistics, cuts."""

import numpy as np
import pytest
from helpers import assert_same, close, clusters, full_gradient, parameters, refused
from maps import any_strides, gradient_error
from safetensors.numpy import load_file

import minimalbp as mbp

VECTORS, MAPS = [(2, 1), (3, 5), (7, 1), (5, 17)], [(1, 1, 1, 2), (3, 4, 1, 1), (2, 1, 5, 3), (1, 3, 3, 2)]
SHAPES = pytest.mark.parametrize("shape", VECTORS + MAPS, ids=str)
training = pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])


def layer_of(shape, **options):
    return (mbp.BatchNorm1d if len(shape) == 2 else mbp.BatchNorm2d)(shape[1], **options)


def made(shape, backend="reference", dtype="float64", **options):
    """A network of one layer that has seen something."""
    layer = layer_of(shape, **options)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype)
    rng = np.random.default_rng(5)
    for p in (*net.parameters(), layer.running_mean, layer.running_var):
        p.value[:] = 1 + rng.random(p.value.shape)
    return net, layer


@SHAPES
@training
def test_gradients(shape, train, backend, rng):
    assert gradient_error([layer_of(shape, eps=0.1)], rng.normal(size=shape), backend, rng, train) < 1e-6


@pytest.mark.parametrize("layers, shape", [
    (lambda: [mbp.BatchNorm1d(5), mbp.Linear(5, 4), mbp.BatchNorm1d(4), mbp.Tanh()], (3, 5)),
    (lambda: [mbp.BatchNorm2d(2), mbp.Conv2d(2, 3, 3), mbp.BatchNorm2d(3), mbp.Tanh()], (3, 2, 5, 6)),
    (lambda: [mbp.Conv2d(2, 3, 2, stride=2), mbp.BatchNorm2d(3), mbp.Flatten(), mbp.Linear(12, 2)], (1, 2, 5, 4)),
], ids=["vectors", "maps", "both"])  # fmt: skip
def test_gradients_of_networks(layers, shape, backend, rng):
    assert gradient_error(layers(), rng.normal(size=shape), backend, rng) < 1e-6


@SHAPES
@pytest.mark.parametrize("options", [{}, {"eps": 0.01, "momentum": 0.25}, {"momentum": None}], ids=str)
def test_pytorch_has_the_same_numbers(shape, options, backend, dtype, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    net, layer = made(shape, backend, dtype, **options)
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    peer = kind(shape[1], dtype=getattr(torch, dtype), **options)
    peer.load_state_dict({p.name[2:]: torch.from_numpy(p.value.copy()) for p in _all(net)})
    for train in (True, True, False):  # the last after two batches have moved what it uses
        peer.train(train)
        peer.zero_grad()
        x, dy = (rng.normal(1, 2, shape).astype(dtype) for _ in range(2))
        theirs = torch.from_numpy(x).requires_grad_()
        expected = peer(theirs)
        expected.backward(torch.from_numpy(dy))
        start = [a.copy() for a in (p.value for p in layer.statistics())]
        for mine in any_strides(x) if x.ndim == 4 else [x]:
            for p, before in zip(layer.statistics(), start):
                p.value[...] = before
            near(net.forward(mine, train=train), expected.detach().numpy(), dtype)
            near(net.backward(dy), theirs.grad.numpy(), dtype)
            for p, q in zip(net.parameters(), peer.parameters()):
                near(full_gradient(p), q.grad.numpy(), dtype)
            for p in layer.statistics():
                near(p.value, getattr(peer, p.name[2:]).numpy(), dtype)
    assert layer.num_batches_tracked.value == 2


def near(a, b, dtype):
    """Two rows of nearly the same values divide by a small deviation, so that digits are lost in either library."""
    np.testing.assert_allclose(
        a, b, **{"float32": {"rtol": 2e-3, "atol": 2e-4}, "float64": {"rtol": 1e-9, "atol": 1e-10}}[dtype]
    )


def _all(net):
    return [*net.parameters(), *net.statistics()]


def test_running_statistics_by_hand(backend, dtype):
    layer = mbp.BatchNorm1d(1, momentum=0.5)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype)
    x = np.array([[1], [3]], dtype)
    net.forward(x)  # mean 2, unbiased variance 2
    close(layer.running_mean.value, [1], dtype)
    close(layer.running_var.value, [1.5], dtype)
    net.forward(x)
    close(layer.running_mean.value, [1.5], dtype)
    close(layer.running_var.value, [1.75], dtype)
    before = parameters(net)
    close(net.forward(x, train=False), (x - 1.5) / np.sqrt(1.75 + 1e-5), dtype)
    net(x)
    assert_same(parameters(net), before)
    assert before["0.num_batches_tracked"] == 2 and before["0.num_batches_tracked"].dtype == np.int64


def test_momentum_none_is_the_plain_mean(backend, dtype, rng):
    layer = mbp.BatchNorm1d(3, momentum=None)
    net = mbp.Sequential(layer, backend=backend, dtype=dtype)
    batches = [rng.normal(size=(5, 3)).astype(dtype) for _ in range(4)]
    for x in batches:
        net.forward(x)
    close(layer.running_mean.value, np.mean(batches, axis=(0, 1)), dtype)


def test_needs_no_dx(backend, rng):
    net, _ = made((3, 2, 4, 4), backend)
    y = net.forward(rng.normal(size=(3, 2, 4, 4)))
    assert net.backward(y, need_dx=False) is None
    assert all(p.grad.rows is None and p.grad.values.any() for p in net.parameters())


def test_round_trip_and_pytorchs_names(backend, dtype, tmp_path, rng):
    (net, _), path = made((2, 3, 4, 4), backend, dtype), tmp_path / "w.safetensors"
    net.forward(rng.normal(size=(2, 3, 4, 4)).astype(dtype))
    mbp.save(net, path)
    other = mbp.Sequential(mbp.BatchNorm2d(3), backend=backend, dtype=dtype)
    mbp.load(other, path)
    assert_same(parameters(other), parameters(net))
    found = load_file(path)
    assert found["0.num_batches_tracked"].shape == () and found["0.num_batches_tracked"] == 1
    names = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert sorted(found) == sorted(f"0.{name}" for name in names)
    net.children[0].num_batches_tracked.value[...] = 2**24 + 1  # more than a float32 can count
    mbp.save(net, path)
    mbp.load(other, path)
    assert parameters(other)["0.num_batches_tracked"] == 2**24 + 1


def test_pytorch_and_back(backend, tmp_path, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    from safetensors.torch import load_file as torch_load
    from safetensors.torch import save_file as torch_save

    path, x = tmp_path / "w.safetensors", rng.normal(size=(4, 2, 6, 6)).astype(np.float32)
    layers = [
        mbp.Conv2d(2, 3, 3),
        mbp.BatchNorm2d(3),
        mbp.ReLU(),
        mbp.Flatten(),
        mbp.Linear(48, 5),
        mbp.BatchNorm1d(5),
    ]
    net = mbp.Sequential(*layers, backend=backend)
    net.forward(x)
    mbp.save(net, path)
    nn = torch.nn
    peer = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 5), nn.BatchNorm1d(5)
    )
    peer.load_state_dict(torch_load(path))
    peer.eval()
    with torch.no_grad():
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-4, atol=1e-5)
        peer.train()
        peer(torch.from_numpy(x))
        peer.eval()
        torch_save(peer.state_dict(), path)
        mbp.load(net, path)
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-4, atol=1e-5)
    assert layers[1].num_batches_tracked.value == 2


def test_a_training_resumes_bit_for_bit(backend, tmp_path):
    """The statistics are in the checkpoint, and a trial of the step leaves no trace in them."""

    def train(epochs, **options):
        layers = [mbp.Linear(7, 5), mbp.BatchNorm1d(5, momentum=None), mbp.ReLU(), mbp.Linear(5, 3)]
        net = mbp.Sequential(*layers, backend=backend, rng=1)
        optimizer = mbp.Adam(net.parameters())
        mbp.fit(net, clusters(), optimizer, epochs=epochs, batch_size=8, **options)
        return parameters(net)

    path = tmp_path / "run.npz"
    train(1, checkpoint=path)
    assert_same(train(3, checkpoint=path, resume=True), train(3))
    assert train(3)["1.num_batches_tracked"] == 3 * 8


def test_channels_can_be_cut(backend, dtype, rng):
    """What is left computes what it did before, in training and outside."""
    net, layer = made((3, 5, 2, 2), backend, dtype)
    x, kept = rng.normal(size=(3, 5, 2, 2)).astype(dtype), np.array([0, 3, 4])
    before = [net(x)[:, kept], net.forward(x)[:, kept].copy()]
    net, layer = made((3, 5, 2, 2), backend, dtype)
    for cut in layer.channel_cuts(kept):
        cut.param.value = np.take(cut.param.value, cut.kept, cut.axis)
    layer.resize()
    layer.buf.clear()
    assert layer.n == 3 and {p.value.size for p in _all(net)} == {3, 1}
    close(net(x[:, kept]), before[0], dtype)
    close(net.forward(x[:, kept]), before[1], dtype)


def test_settings_and_widths():
    assert mbp.BatchNorm2d(3).describe() == {"layer": "BatchNorm2d", "n": 3}
    assert repr(mbp.BatchNorm1d(3, eps=0.1, momentum=None)) == "BatchNorm1d(n=3, eps=0.1, momentum=None)"
    refused(
        lambda: mbp.Sequential(mbp.Linear(3, 4), mbp.BatchNorm1d(5)), "layer 1", "takes 5 inputs", "gets 4"
    )
    assert mbp.Sequential(mbp.BatchNorm1d(5)).n_out == 5 and mbp.BatchNorm2d(5).out_features(None) is None


def test_refuses():
    for kind in (mbp.BatchNorm1d, mbp.BatchNorm2d):
        refused(lambda: kind(0), "n must be at least 1")  # noqa: B023
        refused(lambda: kind(3, eps=0), "eps")  # noqa: B023
        refused(lambda: kind(3, momentum=1.5), "momentum", "1.5")  # noqa: B023
    one, two = made((2, 3))[0], made((2, 3, 1, 1))[0]
    refused(lambda: one.forward(np.ones((2, 4))), "layer 0", "(batch, 3)", "(2, 4)")
    refused(
        lambda: two.forward(np.ones((2, 4, 1, 1))), "layer 0", "(batch, 3, height, width)", "(2, 4, 1, 1)"
    )
    for net, shape in ((one, (1, 3)), (two, (1, 3, 1, 1))):
        before = parameters(net)
        refused(lambda: net.forward(np.ones(shape)), "layer 0", "two values", "batch size")  # noqa: B023
        assert_same(parameters(net), before)
        net(np.ones(shape))  # outside training one is enough
