"""Weights as safetensors: round trips, PyTorch, and files that do not fit."""

import numpy as np
import pytest
from helpers import assert_same, parameters, refused
from safetensors.numpy import load_file, save_file

import minimalbp as mbp


def net_of(backend="reference", *, rng=1, dtype="float32", hidden=5, bias=True):
    layers = [mbp.Linear(7, hidden), mbp.ReLU(), mbp.Linear(hidden, 3, bias=bias)]
    return mbp.Sequential(*layers, rng=rng, backend=backend, dtype=dtype)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


def test_round_trip(backend, dtype, path, rng):
    net, other = net_of(backend, dtype=dtype), net_of(backend, rng=2, dtype=dtype)
    x = rng.normal(size=(4, 7))
    mbp.save(net, path)
    mbp.load(other, str(path))
    assert_same(parameters(other), parameters(net))
    np.testing.assert_array_equal(other(x), net(x))
    assert list(path.parent.iterdir()) == [path]
    shapes = {name: a.shape for name, a in load_file(path).items()}
    assert shapes == {"0.weight": (5, 7), "0.bias": (5,), "2.weight": (3, 5), "2.bias": (3,)}


def centred(center="forward", *, rng=1):
    layers = [mbp.LSTM(7, 5, center=center), mbp.Linear(5, 3, center=center)]
    net = mbp.Sequential(*layers, backend="reference", rng=rng)
    for _ in range(2 * (center != "off")):
        net.forward(1 + np.random.default_rng(rng).normal(size=(4, 7)).astype(np.float32))
    return net


def test_running_means_are_among_the_weights(path, rng):
    net, other = centred(), centred(rng=2)
    x = rng.normal(size=(4, 7))
    mbp.save(net, path)
    assert {k: a.shape for k, a in load_file(path).items() if k.endswith(("mean", "seen"))} == {
        "0.mean": (7,), "0.seen": (1,), "1.mean": (5,), "1.seen": (1,),
    }  # fmt: skip
    mbp.load(other, path)
    assert_same(parameters(other), parameters(net))
    assert parameters(net)["1.seen"] == 2 and parameters(net)["0.mean"].all()
    np.testing.assert_array_equal(other(x), net(x))


def test_weights_with_and_without_running_means_are_not_mixed(path):
    mbp.save(centred(), path)
    refuses(centred("off"), path, "'0.mean' is only in the file", "center too")
    mbp.load(centred("dw"), path)  # the same arrays
    mbp.save(centred("off"), path)
    refuses(centred("dw"), path, "'0.mean' is only in the network", "center too")


def test_another_type_is_converted(backend, path):
    net = net_of(backend, dtype="float64")
    mbp.save(net_of(rng=2), path)
    mbp.load(net, path)
    assert net.parameters()[0].value.dtype == np.float64
    np.testing.assert_array_equal(net.parameters()[0].value, net_of(rng=2).parameters()[0].value)


def test_pytorch_and_back(backend, path, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    from safetensors.torch import load_file as torch_load
    from safetensors.torch import save_file as torch_save

    net = net_of(backend)
    for p in net.parameters():
        p.value[:] = rng.normal(size=p.value.shape)
    mbp.save(net, path)
    peer = torch.nn.Sequential(torch.nn.Linear(7, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
    peer.load_state_dict(torch_load(path))
    x = rng.normal(size=(4, 7)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)
        for p in peer.parameters():
            p.mul_(0.5)
        torch_save(peer.state_dict(), path)
        mbp.load(net, path)
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)


def test_pytorch_has_the_bias_of_a_centred_layer(path, rng):
    """With center="forward" it is b - W mu: what `weight_and_bias` has."""
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    net = mbp.Sequential(mbp.Linear(7, 3, center="forward"), backend="reference", rng=1)
    net.forward(3 + rng.normal(size=(4, 7)).astype(np.float32))
    x, peer = rng.normal(size=(4, 7)).astype(np.float32), torch.nn.Linear(7, 3)
    with torch.no_grad():
        for p, value in zip(peer.parameters(), net.children[0].weight_and_bias()):
            p.copy_(torch.from_numpy(value))
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)


def refuses(net, path, *fragments):
    before = parameters(net)
    refused(lambda: mbp.load(net, path), str(path), *fragments)
    assert_same(parameters(net), before)


def test_other_parameters_are_refused(path):
    mbp.save(net_of(), path)
    refuses(net_of(hidden=6, rng=2), path, "0.weight is (5, 7)", "(6, 7)")
    refuses(net_of(bias=False, rng=2), path, "'2.bias' is only in the file")
    mbp.save(net_of(bias=False), path)
    refuses(net_of(rng=2), path, "'2.bias' is only in the network")


def test_only_the_last_shape_differs(path):
    save_file(parameters(net_of()) | {"2.weight": np.zeros((3, 6), np.float32)}, path)
    refuses(net_of(rng=2), path, "2.weight")


def test_damaged_files_are_refused(path):
    net = net_of(rng=2)
    refuses(net, path, "cannot read", "No such file")
    mbp.save(net_of(), path)
    content = path.read_bytes()
    for length in (0, 7, 8, 50, len(content) - 1):
        path.write_bytes(content[:length])
        refuses(net, path, "not a whole safetensors file")
    path.write_bytes(b"\xff" * 200)
    refuses(net, path, "not a whole safetensors file")


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    refused(lambda: mbp.save(net_of(), tmp_path / "file" / "w.safetensors"), "cannot write", "file")
