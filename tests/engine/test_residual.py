"""Residual: of vectors and feature maps, with and without a projection; its names in files."""

import numpy as np
import pytest
from helpers import assert_same, parameters, refused
from maps import any_strides, gradient_error

import minimalbp as mbp

BLOCKS = {  # name: (input, layers)
    "vectors": ((3, 4), lambda: [mbp.Residual(mbp.Linear(4, 4), mbp.Tanh())]),
    "vectors, projected": ((3, 4), lambda: [mbp.Residual(mbp.Linear(4, 6), mbp.Tanh(), project=mbp.Linear(4, 6))]),
    "maps": ((2, 3, 4, 5), lambda: [mbp.Residual(mbp.Tanh(), mbp.AvgPool2d(3, stride=1, padding=1))]),
    "maps, projected by a pool": ((3, 1, 5, 3), lambda: [mbp.Residual(mbp.MaxPool2d(2), project=mbp.AvgPool2d(2))]),
    "maps, projected by a chain": (
        (2, 3, 5, 4),
        lambda: [
            mbp.Residual(
                mbp.Conv2d(3, 4, 3, stride=2, padding=1), mbp.BatchNorm2d(4), mbp.Tanh(),
                mbp.Conv2d(4, 4, 3, padding=1),
                project=Chain(mbp.Conv2d(3, 4, 1, stride=2, bias=False), mbp.BatchNorm2d(4)),
            ),
            mbp.Sigmoid(),
        ],
    ),
    "nested": (
        (1, 2, 3, 3),
        lambda: [
            mbp.Residual(
                mbp.Residual(mbp.Conv2d(2, 3, 1), project=mbp.Conv2d(2, 3, 1)), mbp.Tanh(),
                mbp.Conv2d(3, 2, 3, padding=1),
            )
        ],
    ),
}  # fmt: skip


class Chain(mbp.layers.Chain):
    """Under a short name."""


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_gradients(name, backend, rng):
    shape, layers = BLOCKS[name]
    assert gradient_error(layers(), rng.normal(size=shape), backend, rng) < 1e-6


def block(**options):
    return mbp.Residual(mbp.Conv2d(2, 4, 3, padding=1), mbp.ReLU(), project=mbp.Conv2d(2, 4, 1, bias=False))


def test_maps_in_any_order_of_memory(backend, dtype, rng):
    net = mbp.Sequential(block(), backend=backend, dtype=dtype)
    x = rng.normal(size=(2, 2, 3, 5)).astype(dtype)
    ys = [net.forward(a).copy() for a in any_strides(x)]
    assert ys[0].tobytes() == ys[1].tobytes() == ys[2].tobytes()
    assert net.forward(x).transpose(0, 2, 3, 1).flags.c_contiguous


def test_the_projection_belongs_to_the_network(backend):
    net = mbp.Sequential(mbp.ReLU(), block(), backend=backend, rng=4)
    residual = net.children[1]
    assert [p.name for p in net.parameters()] == ["1.0.weight", "1.0.bias", "1.2.weight"]
    assert residual.project in list(net.layers()) and residual.project.label.startswith("layer 1.2, Conv2d")
    assert residual.describe()["project"] == residual.project.describe()
    assert "project=Conv2d(" in repr(residual) and "project" not in mbp.Residual(mbp.ReLU()).describe()
    twin = mbp.Sequential(mbp.ReLU(), block(), backend=backend, rng=4)
    assert_same(parameters(net), parameters(twin))
    assert (parameters(net)["1.2.weight"] != 0).all()


def test_the_projection_learns_where_no_dx_is_needed(backend, rng):
    net = mbp.Sequential(
        mbp.Residual(mbp.AvgPool2d(2), project=mbp.Conv2d(2, 2, 2, stride=2)), backend=backend
    )
    y = net.forward(rng.normal(size=(1, 2, 4, 4)).astype(np.float32))
    assert net.backward(y, need_dx=False) is None
    assert net.parameters()[0].grad.values.any()
    assert net.backward(y).shape == (1, 2, 4, 4)


def test_statistics_of_both_ways_are_kept(backend, tmp_path, rng):
    def made(rng):
        inside = [mbp.Linear(3, 5), mbp.BatchNorm1d(5)]
        return mbp.Sequential(
            mbp.Residual(*inside, project=mbp.Linear(3, 5, center="forward")), backend=backend, rng=rng
        )

    net, other = made(1), made(2)
    net.forward(rng.normal(size=(4, 3)).astype(np.float32))
    assert {"0.1.running_var", "0.2.mean"} < set(parameters(net))
    mbp.save(net, tmp_path / "w.safetensors")
    mbp.load(other, tmp_path / "w.safetensors")
    assert_same(parameters(net), parameters(other))


def test_pytorch_loads_it(backend, tmp_path, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    from safetensors.torch import load_file as torch_load

    class Residual(torch.nn.Sequential):  # as in the docstring
        def forward(self, x):
            *layers, project = self
            return project(x) + torch.nn.Sequential(*layers)(x)

    net = mbp.Sequential(block(), backend=backend)
    mbp.save(net, tmp_path / "w.safetensors")
    inside = torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(2, 4, 1, bias=False)
    peer = torch.nn.Sequential(Residual(*inside))
    peer.load_state_dict(torch_load(tmp_path / "w.safetensors"))
    x = rng.normal(size=(3, 2, 4, 5)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(net(x), peer(torch.from_numpy(x)).numpy(), rtol=1e-4, atol=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    refused(
        lambda: mbp.Residual(mbp.ReLU(), project=mbp.ReLU), "project must be a layer", "Conv2d(16, 32, 1)"
    )
    wide = mbp.Residual(mbp.Linear(4, 5), project=mbp.Linear(4, 6))
    refused(lambda: mbp.Sequential(wide), "layer 0", "6 outputs of its projection", "5 outputs")
    assert mbp.Sequential(mbp.Residual(mbp.Linear(4, 5), project=mbp.Linear(4, 5))).n_out == 5
    net = mbp.Sequential(mbp.Residual(mbp.Conv2d(2, 3, 1)), backend="reference")
    refused(lambda: net(np.ones((1, 2, 3, 3))), "adds its input (1, 2, 3, 3) to (1, 3, 3, 3)", "project=")
    net = mbp.Sequential(mbp.Residual(mbp.AvgPool2d(2), project=mbp.MaxPool2d(3)), backend="reference")
    refused(lambda: net(np.ones((1, 2, 4, 4))), "output of its projection, (1, 2, 1, 1) to (1, 2, 2, 2)")
    layer = mbp.Linear(4, 4)
    refused(lambda: mbp.Sequential(mbp.Residual(mbp.ReLU(), layer, project=layer)), "twice")
