"""Layers outside a network say so, the loss works by itself, and backward wants a forward before it."""

import copy
import inspect
import pickle

import naive
import numpy as np
import pytest
from helpers import close, refused

import minimalbp as mbp
import minimalbp.layers
from minimalbp.layers import Chain, Layer, Units

MAKERS = {
    mbp.AvgPool2d: lambda: mbp.AvgPool2d(2),
    mbp.BatchNorm1d: lambda: mbp.BatchNorm1d(3),
    mbp.BatchNorm2d: lambda: mbp.BatchNorm2d(3),
    mbp.Conv2d: lambda: mbp.Conv2d(3, 2, 2),
    mbp.Cube: mbp.Cube,
    mbp.Dropout: lambda: mbp.Dropout(0.5),
    mbp.Embedding: lambda: mbp.Embedding([(4, 3)]),
    mbp.Flatten: mbp.Flatten,
    mbp.Linear: lambda: mbp.Linear(3, 2),
    mbp.LocalResponseNorm: lambda: mbp.LocalResponseNorm(3),
    mbp.LSTM: lambda: mbp.LSTM(3, 2),
    mbp.MaxPool2d: lambda: mbp.MaxPool2d(2),
    mbp.PackedConv2d: lambda: mbp.PackedConv2d(3, 2, 2, 5),
    mbp.PackedLinear: lambda: mbp.PackedLinear(3, 2, [0, 2]),
    mbp.ReLU: mbp.ReLU,
    mbp.Residual: lambda: mbp.Residual(mbp.Linear(3, 3)),
    mbp.Sigmoid: mbp.Sigmoid,
    mbp.SparseConv2d: lambda: mbp.SparseConv2d(6, 3, 2, kernel_size=2),
    mbp.SparseLinear: lambda: mbp.SparseLinear(6, 3, 2),
    mbp.Sparsify: lambda: mbp.Sparsify(mbp.TopK(1)),
    mbp.Tanh: mbp.Tanh,
}
IDS = [kind.__name__ for kind in MAKERS]
OUTSIDE = "belongs to no network yet: put it into Sequential(...)"
BOUND = {
    mbp.Linear: ("be", "buf", "weight", "bias", "last_x", "last_dy", "last_choice", "last_picked", "mean"),
    mbp.LSTM: ("be", "buf", "directions", "mean"),
    mbp.PackedLinear: ("be", "buf", "weight", "bias", "columns", "last_x", "last_columns"),
    mbp.SparseLinear: ("be", "buf", "weight", "bias", "start", "source", "last_x", "last_choice"),
    mbp.Embedding: ("be", "buf", "tables", "last_x"),
    mbp.Residual: ("be", "buf"),
}
X, MAPS = np.ones((4, 3)), np.ones((4, 3, 5, 5))
OF_MAPS = (
    mbp.AvgPool2d, mbp.BatchNorm2d, mbp.Conv2d, mbp.LocalResponseNorm, mbp.MaxPool2d, mbp.PackedConv2d,
    mbp.SparseConv2d,
)  # fmt: skip
PASS_ON = (mbp.Flatten, mbp.Sparsify)  # whose forward needs nothing of a network


def test_every_layer_is_tried():
    classes = {getattr(minimalbp.layers, name) for name in minimalbp.layers.__all__}
    layers = {c for c in classes if inspect.isclass(c) and issubclass(c, Layer)}
    assert layers - {Layer, Units, Chain} == set(MAKERS)


@pytest.mark.parametrize("make", MAKERS.values(), ids=IDS)
def test_a_pass_outside_a_network_is_refused(make):
    layer = make()
    x = MAPS if isinstance(layer, OF_MAPS) else X
    refused(lambda: layer.backward(x), OUTSIDE)
    if not isinstance(layer, PASS_ON):
        refused(lambda: layer.forward(x), OUTSIDE)
        refused(lambda: layer.forward([[1, 2, 3]]), OUTSIDE)


def test_the_line_names_the_layer():
    refused(lambda: mbp.Linear(3, 2).forward(X), f"Linear(n_in=3, n_out=2) {OUTSIDE}")
    refused(lambda: mbp.Residual(mbp.LSTM(3, 3)).forward(X), f"LSTM(n_in=3, hidden=3) {OUTSIDE}")


def test_flatten_has_nothing_to_wait_for():
    assert mbp.Flatten().forward(np.ones((2, 3, 4))).shape == (2, 12)


@pytest.mark.parametrize("kind, name", [(kind, name) for kind, names in BOUND.items() for name in names])
def test_what_a_network_gives_a_layer(kind, name):
    layer = MAKERS[kind]()
    refused(lambda: getattr(layer, name), OUTSIDE)
    assert not hasattr(layer, name)


@pytest.mark.parametrize("kind", BOUND, ids=lambda kind: kind.__name__)
def test_parameters_outside_a_network(kind):
    refused(lambda: MAKERS[kind]().parameters(), OUTSIDE)


@pytest.mark.parametrize("make", MAKERS.values(), ids=IDS)
def test_an_unknown_name_stays_an_attribute_error(make):
    for name in ("wieght", "__array__", "_ipython_display_"):
        with pytest.raises(AttributeError, match=f"no attribute '{name}'") as caught:
            getattr(make(), name)
        assert not isinstance(caught.value, mbp.BadInput)


@pytest.mark.parametrize("make", MAKERS.values(), ids=IDS)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_layers_outside_a_network_are_copied(make, again):
    layer = make()
    other = again(layer)
    assert type(other) is type(layer) and repr(other) == repr(layer)
    refused(lambda: other.backward(X), OUTSIDE)


@pytest.mark.parametrize("make", MAKERS.values(), ids=IDS)
def test_backward_before_forward(make):
    layer = make()
    net = mbp.Sequential(layer, backend="reference", dtype="float64")
    inner = net.children[0].children[0] if isinstance(layer, mbp.Residual) else layer
    dy = MAPS if isinstance(layer, OF_MAPS) else np.ones((4, net.n_out or 3))
    if isinstance(layer, mbp.Sparsify):
        assert net.backward(dy) is not None  # it needs nothing of the forward pass
    else:
        refused(lambda: net.backward(dy), inner.label, "yet: call forward, then backward")


@pytest.mark.parametrize("make", [mbp.Linear, mbp.LSTM])
def test_a_centred_layer_outside_a_network_and_before_forward(make):
    layer = make(3, 2, center="dw")
    refused(layer.statistics, OUTSIDE)
    net = mbp.Sequential(layer, backend="reference")
    refused(lambda: net.backward(np.ones((4, 2))), layer.label, "yet: call forward, then backward")


def test_a_choice_before_backward():
    net = mbp.mlp([3, 4, 2], select=mbp.TopK(2), backend="reference")
    net(X)
    assert hasattr(net.children[0], "last_x") and not hasattr(net.children[0], "last_choice")
    refused(lambda: net.children[0].last_choice, "layer 0, Linear(n_in=3, n_out=4) has no last_choice yet")


# --- the loss -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("integer", ["int8", "uint16", "int32", "int64", "uint64"])
def test_the_loss_by_itself(dtype, reduction, integer, rng):
    logits, labels = rng.normal(size=(5, 4)).astype(dtype), rng.integers(0, 4, 5)
    loss = mbp.SoftmaxCrossEntropy(reduction)
    value = loss.forward(logits, labels.astype(integer))
    factor = 1 / 5 if reduction == "mean" else 1.0
    losses, dlogits = naive.softmax_cross_entropy(logits.tolist(), labels.tolist(), factor)
    close(value, sum(losses) * factor, dtype)
    close(loss.backward(), dlogits, dtype)
    assert loss.backward().dtype == np.dtype(dtype)


def test_the_loss_by_itself_takes_what_comes(rng):
    """Another type, another batch, lists, arrays that are not contiguous; then a network binds it."""
    loss, labels = mbp.SoftmaxCrossEntropy(), np.array([0, 2])
    logits = rng.normal(size=(3, 2)).T
    double, gradient = loss.forward(logits, labels), loss.backward()
    close(loss.forward(logits.astype("float32"), [0, 2]), double, "float32")
    close(loss.forward(logits.tolist(), [0, 2]), double, "float64")
    loss.forward(logits[:1], labels[:1])
    assert loss.backward().shape == (1, 3) and gradient.shape == (2, 3)
    net = mbp.mlp([3, 3], backend="reference", dtype="float64")
    loss.bind(net.be, net.dtype)
    close(loss.forward(np.ascontiguousarray(logits), labels.astype(np.int32)), double, "float64")


def test_the_loss_by_itself_refuses():
    loss = mbp.SoftmaxCrossEntropy()
    refused(loss.backward, "call forward before backward")
    refused(lambda: loss.forward(np.zeros((2, 3), int), [0, 1]), "float32 or float64, not int64")
    refused(lambda: loss.forward(np.zeros((2, 3), "float16"), [0, 1]), "not float16")
    refused(lambda: loss.forward(np.zeros(3), [0]), "(batch, n_classes)", "(3,)")
    refused(lambda: loss.forward(np.zeros((0, 3)), []), "(0, 3)")
    refused(lambda: loss.forward(np.zeros((2, 3)), [0.0, 1.0]), "whole numbers", "float64")
    refused(lambda: loss.forward(np.zeros((2, 3)), [True, False]), "whole numbers", "bool")
    refused(lambda: loss.forward(np.zeros((2, 3)), [0]), "(2,)", "(1,)")
    refused(lambda: loss.forward(np.zeros((2, 3)), [0, 3]), "label 3 in row 1 is outside 0..2")
    refused(lambda: loss.forward(np.zeros((2, 3)), [-1, 0]), "label -1 in row 0")
    refused(loss.backward, "call forward before backward")  # none of these left a gradient


def test_a_bound_loss_wants_a_forward_too(backend):
    net = mbp.mlp([3, 2], backend=backend)
    refused(mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype).backward, "call forward before backward")
