"""Local response normalisation as a layer: gradients by differences, PyTorch's numbers, Caffe's window."""

import numpy as np
import pytest
from helpers import close, refused
from maps import any_strides, gradient_error

import minimalbp as mbp

SHAPES = [(1, 1, 1, 1), (3, 1, 5, 4), (1, 7, 2, 3), (3, 6, 3, 3)]
OPTIONS = [
    {"size": 1}, {"size": 3, "alpha": 0.5}, {"size": 4, "alpha": 2, "beta": 0.6, "k": 2},
    {"size": 5, "alpha": 3, "beta": 1},
]  # fmt: skip
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
options = pytest.mark.parametrize("options", OPTIONS, ids=str)


@shapes
@options
@pytest.mark.parametrize("over", ["channels", "window"])
def test_gradients(shape, options, over, backend, rng):
    options = options | {"over": over, "size": options["size"] | (over == "window")}
    assert gradient_error([mbp.LocalResponseNorm(**options)], rng.normal(size=shape), backend, rng) < 1e-6


@shapes
@options
def test_pytorch_has_the_same_numbers(shape, options, backend, dtype, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    net = mbp.Sequential(mbp.LocalResponseNorm(**options), backend=backend, dtype=dtype)
    x, dy = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    theirs = torch.from_numpy(x).requires_grad_()
    expected = torch.nn.LocalResponseNorm(**options)(theirs)
    expected.backward(torch.from_numpy(dy))
    for mine in any_strides(x):
        close(net.forward(mine), expected.detach().numpy(), dtype)
        close(net.backward(dy), theirs.grad.numpy(), dtype)


def test_a_window_divides_by_its_whole_area(backend, dtype):
    """By size x size in the corners too, as Caffe's mean over a padded picture does."""
    net = mbp.Sequential(
        mbp.LocalResponseNorm(3, alpha=9, beta=1, over="window"), backend=backend, dtype=dtype
    )
    y = net.forward(np.ones((1, 2, 3, 3), dtype))
    close(y[0, 1], 1 / (1 + np.array([[4, 6, 4], [6, 9, 6], [4, 6, 4]])), dtype)


def test_settings_and_refusals(backend):
    assert mbp.LocalResponseNorm(3).describe() == {"layer": "LocalResponseNorm", "size": 3}
    assert (
        repr(mbp.LocalResponseNorm(5, k=2, over="window")) == "LocalResponseNorm(size=5, k=2.0, over=window)"
    )
    refused(lambda: mbp.LocalResponseNorm(0), "size")
    refused(lambda: mbp.LocalResponseNorm(3, alpha=-1), "alpha")
    refused(lambda: mbp.LocalResponseNorm(3, k=0), "k must be")
    refused(lambda: mbp.LocalResponseNorm(3, over="chanels"), "did you mean 'channels'")
    refused(lambda: mbp.LocalResponseNorm(4, over="window"), "must be odd", "4", "use 5")
    net = mbp.Sequential(mbp.LocalResponseNorm(3), backend=backend)
    refused(lambda: net(np.ones((2, 3))), "(batch, channels, height, width)", "(2, 3)")
    y = net.forward(np.ones((1, 2, 3, 3), np.float32))
    assert net.backward(y, need_dx=False) is None and net.n_out is None
