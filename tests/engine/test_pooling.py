"""Pooling layers: sizes, gradients by differences, PyTorch's numbers, and what they refuse."""

import numpy as np
import pytest
from helpers import close, refused
from maps import any_strides, gradient_error

import minimalbp as mbp

KINDS = {"max": mbp.MaxPool2d, "average": mbp.AvgPool2d}
CASES = {  # name: (maps, options)
    "one pixel": ((1, 1, 1, 1), {"kernel_size": 1}),
    "halves": ((3, 4, 6, 8), {"kernel_size": 2}),
    "odd size": ((1, 1, 7, 5), {"kernel_size": 2}),
    "odd size, whole": ((3, 2, 7, 5), {"kernel_size": 2, "ceil_mode": True}),
    "overlapping": ((2, 3, 9, 8), {"kernel_size": 3, "stride": 2}),
    "ConvNet's": ((1, 3, 8, 8), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    "stride larger": ((3, 1, 8, 9), {"kernel_size": (2, 1), "stride": (3, 4)}),
    "padding": ((2, 3, 5, 6), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "padding, whole": (
        (1, 2, 6, 5), {"kernel_size": (4, 3), "stride": (3, 2), "padding": (2, 1), "ceil_mode": True},
    ),
    "a window in the padding": ((2, 1, 3, 3), {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
    "larger than the picture": ((1, 2, 1, 2), {"kernel_size": 3, "stride": 2, "padding": 1}),
    "whole, larger than the picture": ((3, 1, 2, 3), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
}  # fmt: skip
kinds = pytest.mark.parametrize("kind", sorted(KINDS))
cases = pytest.mark.parametrize("name", sorted(CASES))


def net_of(kind, options, backend="reference", dtype="float64"):
    return mbp.Sequential(KINDS[kind](**options), backend=backend, dtype=dtype)


@kinds
@cases
def test_gradients(kind, name, backend, rng):
    shape, options = CASES[name]
    assert gradient_error([KINDS[kind](**options)], rng.normal(size=shape), backend, rng) < 1e-6


@kinds
@cases
def test_pytorch_has_the_same_numbers(kind, name, backend, dtype, rng):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    shape, options = CASES[name]
    net = net_of(kind, options, backend, dtype)
    peer = {"max": torch.nn.MaxPool2d, "average": torch.nn.AvgPool2d}[kind](**options)
    x = rng.integers(-2, 3, shape).astype(dtype) if kind == "max" else rng.normal(size=shape).astype(dtype)
    theirs = torch.from_numpy(x).requires_grad_()
    expected = peer(theirs)
    dy = rng.normal(size=expected.shape).astype(dtype)
    expected.backward(torch.from_numpy(dy))
    for mine in any_strides(x):
        close(net.forward(mine), expected.detach().numpy(), dtype)
        close(net.backward(dy), theirs.grad.numpy(), dtype)


def test_pytorch_lets_nan_win_too(backend):
    torch = pytest.importorskip("torch", reason="PyTorch is a peer to compare with, not a dependency")
    layer = mbp.MaxPool2d(3, stride=2, padding=1)
    net = mbp.Sequential(layer, backend=backend)
    x = np.array([[[[1, 2, np.nan], [np.nan, np.inf, -np.inf], [-np.inf, -np.inf, -np.inf]]]], np.float32)
    y, at = torch.nn.functional.max_pool2d(torch.from_numpy(x), 3, 2, 1, return_indices=True)
    np.testing.assert_array_equal(net.forward(x), y.numpy())
    np.testing.assert_array_equal(layer.last_winner.transpose(0, 3, 1, 2), at.numpy())


@kinds
def test_gradients_after_an_evaluation_are_those_after_a_forward_pass(kind, backend, rng):
    net = net_of(kind, {"kernel_size": 3, "stride": 2}, backend)
    x, found = rng.normal(size=(2, 3, 7, 6)).astype("float32"), []
    for train in (True, False, False):
        y = net.forward(x, train=train).copy()
        found.append((y, net.backward(np.ones_like(y)).copy()))
    for other in found[1:]:
        for a, b in zip(found[0], other):
            np.testing.assert_array_equal(a, b)


@kinds
def test_nothing_is_computed_that_nobody_needs(kind, backend):
    net = net_of(kind, {"kernel_size": 2}, backend)
    y = net.forward(np.ones((2, 3, 4, 4)))
    assert net.backward(np.ones_like(y), need_dx=False) is None
    assert net.parameters() == [] and y.transpose(0, 2, 3, 1).flags.c_contiguous


def test_padding_never_wins(backend):
    net = net_of("max", {"kernel_size": 3, "padding": 1}, backend)
    assert (net.forward(np.full((1, 1, 4, 4), -5.0)) == -5).all()


@kinds
def test_settings(kind):
    pool = KINDS[kind]
    assert pool(2).describe() == {"layer": pool.__name__, "kernel_size": (2, 2)}
    assert pool(2, stride=2).describe() == pool((2, 2)).describe() != pool(2, stride=1).describe()
    whole = pool((3, 2), stride=2, padding=(1, 0), ceil_mode=True)
    assert repr(whole).endswith("(kernel_size=(3, 2), stride=(2, 2), padding=(1, 0), ceil_mode=True)")
    assert whole.out_features(7) is None


@kinds
def test_refuses(kind):
    pool = KINDS[kind]
    refused(lambda: pool(0), "kernel_size", "0")
    refused(lambda: pool((1, 2, 3)), "a pair (height, width)", "(1, 2, 3)")
    refused(lambda: pool(2, stride=0), "stride", "0")
    refused(lambda: pool(2, padding=-1), "padding", "-1")
    refused(lambda: pool(2, stride=2**31), "stride", "at most 10,000 pixels", "2147483648")
    refused(lambda: pool((4, 3), padding=2), "at most half of kernel_size (4, 3)", "(2, 2)")
    net = net_of(kind, {"kernel_size": (2, 3), "padding": 1})
    refused(lambda: net(np.ones((1, 2, 4))), "layer 0", "(batch, channels, height, width)", "(1, 2, 4)")
    net = net_of(kind, {"kernel_size": (2, 5), "padding": (0, 1)})
    refused(lambda: net(np.ones((1, 1, 2, 2))), "layer 0", "2 x 5", "2 x 4", "smaller window")


@kinds
def test_an_empty_batch_gives_an_empty_batch(kind):
    net = net_of(kind, {"kernel_size": 2})
    assert net(np.ones((0, 1, 4, 4))).shape == (0, 1, 2, 2)
