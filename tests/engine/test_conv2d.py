"""Conv2d: products, choices and centring against PyTorch or loops, and what it refuses."""

import numpy as np
import pytest
from helpers import close, full_gradient, refused, small_integers

import minimalbp as mbp
from minimalbp.layers import conv_sparse
from minimalbp.select import Lists, Whole

# batch, channels, height, width, filters, kernel, stride, padding
SIZES = [
    (2, 3, 6, 5, 4, 3, 1, 1),
    (1, 1, 1, 1, 1, 1, 1, 0),
    (3, 2, 7, 9, 5, (3, 2), (2, 3), (2, 0)),
    (2, 4, 5, 5, 3, 1, 4, 0),
    (1, 2, 4, 4, 2, 3, 1, 3),
]
SELECTORS = {
    "dense": mbp.Dense(),
    "sample": mbp.TopK(ratio=0.3),
    "batch": mbp.TopK(ratio=0.3, over="batch"),
    "unified": mbp.UnifiedTopK(ratio=0.3),
    "random": mbp.RandomK(ratio=0.3),
    "random scaled": mbp.RandomK(ratio=0.3, scaled=True),
    "systematic": mbp.Systematic(ratio=0.2),
    "systematic batch": mbp.Systematic(ratio=0.2, over="batch"),
    "threshold": mbp.Threshold(ratio=0.2),
    "bottom": mbp.BottomK(ratio=0.3),
    "positions": mbp.Positions(ratio=0.3),
    "channels": mbp.Channels(ratio=0.5),
}


def conv(size, backend, dtype, select=None, **options):
    _, channels, _, _, filters, kernel, stride, padding = size
    layer = mbp.Conv2d(channels, filters, kernel, stride=stride, padding=padding, select=select, **options)
    mbp.Sequential(layer, backend=backend, dtype=dtype, rng=3)
    return layer


def kept(layer):
    """The gradient that the last backward pass of the layer used, (batch, P, filters)."""
    choice, dy = layer.last_choice, layer.last_dy
    if choice is None:
        return dy
    left = np.zeros_like(dy)
    if isinstance(choice, Whole) and choice.axis == "channels":
        left[..., choice.which] = dy[..., choice.which]
        return left
    if isinstance(choice, Whole):
        left.reshape(-1, dy.shape[2])[choice.which] = dy.reshape(-1, dy.shape[2])[choice.which]
        return left
    flat, scale = left.reshape(len(dy), -1), layer.select.scale(dy[0].size)
    for e in range(len(dy)):
        if isinstance(choice, Lists):
            mine = slice(choice.start[e], choice.start[e + 1])
            flat[e, choice.unit[mine]] = choice.value[mine]
        else:
            units = choice if choice.ndim == 1 else choice[e]
            flat[e, units] = scale * dy[e].reshape(-1)[units]
    return left


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("center", ["off", "dw", "forward"])
@pytest.mark.parametrize("name", SELECTORS)
def test_a_sparse_backward_is_the_dense_one_of_the_kept_gradient(name, center, size, backend, rng):
    bias_rows = "chosen" if center == "dw" else "all"
    sparse = conv(size, backend, "float64", SELECTORS[name], center=center, bias_rows=bias_rows)
    dense = conv(size, backend, "float64", center="off")
    x = rng.normal(size=size[:4])
    dy = rng.normal(size=sparse.forward(x).shape)
    dx = sparse.backward(dy)
    left = kept(sparse)
    assert 0 < np.count_nonzero(left) <= dy.size
    y = dense.forward(x)
    close(dx, dense.backward(left.transpose(0, 2, 1).reshape(dy.shape)), "float64")
    sums, dw = left.sum(axis=(0, 1)), full_gradient(dense.weight)
    if center != "off":
        close(sparse.mean.value, x.mean(axis=(0, 2, 3)), "float64")
        dw = dw - sums[:, None, None, None] * sparse.mean.value[:, None, None]
    close(full_gradient(sparse.weight), dw, "float64")
    close(full_gradient(sparse.bias), sums if bias_rows == "chosen" else dy.sum(axis=(0, 2, 3)), "float64")
    if center == "forward":  # the same layer with another bias
        w, b = sparse.weight_and_bias()
        dense.weight.value[...], dense.bias.value[...] = w, b
        y = dense.forward(x)
    close(sparse.forward(x, train=False), y, "float64")


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_pytorchs(size, backend, dtype, rng):
    torch = pytest.importorskip("torch")
    layer = conv(size, backend, dtype)
    _, channels, _, _, filters, kernel, stride, padding = size
    peer = torch.nn.Conv2d(
        channels, filters, kernel, stride=stride, padding=padding, dtype=getattr(torch, dtype)
    )
    peer.load_state_dict({"weight": torch.tensor(layer.weight.value), "bias": torch.tensor(layer.bias.value)})
    x = small_integers(rng, size[:4], dtype)
    inputs = torch.tensor(x, requires_grad=True)
    y = peer(inputs)
    close(layer.forward(x), y.detach().numpy(), dtype)
    dy = small_integers(rng, tuple(y.shape), dtype)
    y.backward(torch.tensor(dy))
    dx = layer.backward(dy)
    for ours, theirs in ((dx, inputs.grad), (full_gradient(layer.weight), peer.weight.grad),
                         (full_gradient(layer.bias), peer.bias.grad)):  # fmt: skip
        close(ours, theirs.numpy(), dtype)


def test_any_order_in_memory_will_do(backend, rng):
    layer, last = conv(SIZES[0], backend, "float64"), conv(SIZES[0], backend, "float64")
    x = rng.normal(size=SIZES[0][:4])
    dy = rng.normal(size=layer.forward(x).shape)
    dx, mine = (
        layer.backward(dy),
        (lambda a: np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)),
    )
    np.testing.assert_array_equal(layer.forward(x), last.forward(mine(x)))
    np.testing.assert_array_equal(dx, last.backward(mine(dy)))
    np.testing.assert_array_equal(full_gradient(layer.weight), full_gradient(last.weight))


def test_a_filter_counts_the_positions_that_chose_it_with_a_gradient(backend, rng):
    for name, select in SELECTORS.items():
        layer = conv(SIZES[0], backend, "float64", select)
        y = layer.forward(rng.normal(size=SIZES[0][:4]))
        layer.backward(np.maximum(rng.normal(size=y.shape), 0))
        hits = np.zeros((1, 4), np.int64)
        assert layer.count(hits) == 2 * 30, name
        np.testing.assert_array_equal(hits[0], np.count_nonzero(kept(layer), axis=(0, 1)), name)


def test_the_natural_share_of_non_zeros(backend):
    layer = conv(SIZES[0], backend, "float64")
    assert layer.density() is None
    dy = np.zeros(layer.forward(np.ones((2, 3, 6, 5))).shape)
    dy[0, :3] = 1
    layer.backward(dy)
    assert layer.density() == 3 / 8


def test_a_step_of_a_network_uses_the_same_memory_again(backend):
    layer = conv(SIZES[0], backend, "float64", mbp.TopK(5), center="forward")
    for _ in range(2):
        dx = layer.backward(np.ones_like(layer.forward(np.ones((2, 3, 6, 5)))))
        found = [dx.__array_interface__["data"], layer.weight.grad.values.__array_interface__["data"]]
        assert found == getattr(layer, "seen", found)
        layer.seen = found


def test_what_does_not_fit_is_refused():
    refused(lambda: mbp.Conv2d(0, 1, 3), "in_channels", "0")
    refused(lambda: mbp.Conv2d(1, 1, (3, 0)), "kernel_size", "0")
    refused(lambda: mbp.Conv2d(1, 1, (3, 3, 3)), "kernel_size", "pair")
    refused(lambda: mbp.Conv2d(1, 1, 3, padding=-1), "padding", "-1")
    refused(lambda: mbp.Conv2d(1, 1, 3, select="topk"), "selector")
    refused(lambda: mbp.Conv2d(1, 1, 3, bias_rows="some"), "bias_rows")
    refused(lambda: mbp.Conv2d(1, 1, 3, center="some"), "center")
    net = mbp.Sequential(mbp.Conv2d(3, 2, 5), backend="reference")
    refused(
        lambda: net.forward(np.ones((2, 4, 6, 6))), "layer 0", "(batch, 3, height, width)", "(2, 4, 6, 6)"
    )
    refused(lambda: net.forward(np.ones((2, 3, 4, 6))), "5 x 5", "4 x 6", "padding")
    net.forward(np.ones((2, 3, 6, 6), "float32"))
    refused(lambda: net[0].backward(np.ones((2, 2, 6, 6))), "layer 0", "(2, 2, 2, 2)", "(2, 2, 6, 6)")


def test_what_an_empty_choice_leaves(backend):
    """No gradient at all: no filter has one, and dx is zero."""
    layer = conv(SIZES[0], backend, "float64", mbp.TopK(3), center="dw")
    y = layer.forward(np.ones((2, 3, 6, 5)))
    dx = layer.backward(np.zeros(y.shape))
    assert not dx.any() and len(layer.weight.grad.rows) == 0
    assert conv_sparse.count_choice(layer.be, np.zeros(4, np.int64), layer._chosen) is None


@pytest.mark.parametrize("center", ["dw", "forward"])
@pytest.mark.parametrize("select", [None, mbp.TopK(2)])
def test_a_window_of_one_pixel_is_a_linear_layer(center, select, backend, rng):
    """Over several batches: the mean of a step is that of Linear, and the running mean moves as there."""
    one = conv((1, 3, 1, 1, 4, 1, 1, 0), backend, "float64", select, center=center)
    linear = mbp.Linear(3, 4, select=select, center=center)
    mbp.Sequential(linear, backend=backend, dtype="float64")
    linear.weight.value[...] = one.weight.value[:, :, 0, 0]
    for batch in (5, 2, 7):
        x, dy = rng.normal(size=(batch, 3)) + 1, rng.normal(size=(batch, 4))
        close(one.forward(x[:, :, None, None])[:, :, 0, 0], linear.forward(x), "float64")
        close(one.backward(dy[:, :, None, None])[:, :, 0, 0], linear.backward(dy), "float64")
        close(full_gradient(one.weight)[:, :, 0, 0], full_gradient(linear.weight), "float64")
        close(one.mean.value, linear.mean.value, "float64")


def test_k_beyond_the_entries_is_noted(backend):
    layer = conv(SIZES[0], backend, "float64", mbp.TopK(1000))
    assert layer.note() is None  # before a batch nobody knows how many entries there are
    layer.forward(np.ones(SIZES[0][:4]))
    assert "k = 1000" in layer.note() and "all 120" in layer.note()
