"""Networks for pictures: their layers and sizes, that their gradients are right, and what they refuse."""

import numpy as np
import pytest
from helpers import full_gradient, refused

import minimalbp as mbp

SMALL = {"filters": (3, 4), "kernel": 3, "units": (6,)}
NETS = {  # name: (function, shape of a picture, options)
    "lenet": (mbp.lenet, (1, 4, 5), SMALL),
    "lenet batchnorm": (mbp.lenet, (2, 5, 4), SMALL | {"batchnorm": True}),
    "lenet centred": (mbp.lenet, (2, 5, 4), SMALL | {"center": "forward"}),
    "convnet": (mbp.convnet, (1, 5, 6), {"filters": (2, 3), "kernel": 3}),
    "convnet batchnorm": (mbp.convnet, (2, 6, 5), {"filters": (2, 3), "kernel": 1, "batchnorm": True}),
}  # fmt: skip


def names(net):
    return [type(layer).__name__ for layer in net.children]


def test_lenet_is_what_it_says():
    net = mbp.lenet((28, 28), 10, backend="reference")
    assert names(net) == [
        "Conv2d", "ReLU", "MaxPool2d", "Conv2d", "ReLU", "MaxPool2d", "Flatten", "Linear", "ReLU", "Linear",
    ]  # fmt: skip
    shapes = [p.value.shape for p in net.parameters() if p.value.ndim > 1]
    assert shapes == [(32, 1, 5, 5), (64, 32, 5, 5), (512, 3136), (10, 512)]
    net = mbp.lenet((3, 9, 8), 4, batchnorm=True, dropout=0.5, units=(8, 7), backend="reference")
    assert names(net)[:4] == ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"]
    assert names(net)[9:] == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    assert net.children[0].bias is None and net.children[9].n_in == 64 * 2 * 2


def test_convnet_is_that_of_caffe():
    net = mbp.convnet((3, 32, 32), 10, dropout=0.1, backend="reference")
    assert names(net) == [
        "Conv2d", "MaxPool2d", "ReLU", "LocalResponseNorm", "Conv2d", "ReLU", "AvgPool2d", "LocalResponseNorm",
        "Conv2d", "ReLU", "AvgPool2d", "Flatten", "Dropout", "Linear",
    ]  # fmt: skip
    assert [p.value.shape for p in net.parameters() if p.value.ndim > 1] == [
        (32, 3, 5, 5), (32, 32, 5, 5), (64, 32, 5, 5), (10, 1024),
    ]  # fmt: skip
    normed = names(mbp.convnet((3, 32, 32), 10, batchnorm=True, backend="reference"))
    assert normed[:7] == ["Conv2d", "BatchNorm2d", "MaxPool2d", "ReLU", "Conv2d", "BatchNorm2d", "ReLU"]
    assert "LocalResponseNorm" not in normed


@pytest.mark.parametrize("make", [mbp.lenet, mbp.convnet])
@pytest.mark.parametrize("size", [(8, 8), (8, 11), (15, 9), (1, 31, 8)], ids=str)
def test_flatten_gets_what_the_first_linear_layer_wants(make, size, rng):
    net = make(size, 3, filters=(2, 3, 4), backend="reference")
    assert net(rng.normal(size=(2, *size))).shape == (2, 3)


@pytest.mark.parametrize("name", NETS)
def test_gradients_agree_with_finite_differences(name, backend, rng):
    make, shape, options = NETS[name]
    net = make(shape, 3, rng=3, backend=backend, dtype="float64", **options)
    loss = mbp.SoftmaxCrossEntropy().bind(net.be, "float64")
    for p in net.parameters():
        p.value += 0.1 * rng.normal(size=p.value.shape)
    x, labels = rng.normal(size=(3, *shape)), np.array([0, 2, 1], np.int32)
    if options.get("center") == "forward":  # mu moves in training, so that the loss is another function
        net.forward(net.prepare(x))

    def value():
        return loss.forward(net.forward(net.prepare(x), train="center" not in options), labels)

    value()
    net.backward(loss.backward(), need_dx=False)
    gradients = {p.name: full_gradient(p) for p in net.parameters()}
    for p in net.parameters():
        direction, kept, h = rng.normal(size=p.value.shape), p.value.copy(), 1e-6
        found = []
        for sign in (1, -1):
            p.value[...] = kept + sign * h * direction
            found.append(value())
        p.value[...] = kept
        slope, exact = (found[0] - found[1]) / (2 * h), float((gradients[p.name] * direction).sum())
        assert abs(slope - exact) <= 1e-5 * max(1, abs(exact)), p.name


@pytest.mark.parametrize("make", [mbp.lenet, mbp.convnet])
def test_selectors_stand_in_convolutions_and_in_hidden_linear_layers(make):
    select, units_select = mbp.TopK(ratio=0.1), mbp.TopK(2)
    net = make(
        (8, 8), 3, units=(6, 5), select=select, units_select=units_select, center="dw", backend="reference"
    )
    layers = [layer for layer in net.children if hasattr(layer, "select")]
    assert [layer.select for layer in layers] == [select] * (len(layers) - 3) + [units_select] * 2 + [
        mbp.Dense()
    ]
    assert [layer.center for layer in layers] == ["dw"] * (len(layers) - 1) + ["off"]


@pytest.mark.parametrize("make", [mbp.lenet, mbp.convnet])
def test_a_cut_before_batch_normalisation_leaves_the_convolution_dense(make, backend, rng):
    """After the backward pass of batch normalisation no entry of the gradient is zero."""
    options = {
        "filters": (4,),
        "units": (),
        "batchnorm": True,
        "select": mbp.TopK(ratio=0.05),
        "dtype": "float64",
    }
    density = {}
    for cut in ("after", "before"):
        net = make((8, 8), 3, cut=cut, backend=backend, **options)
        loss = mbp.SoftmaxCrossEntropy().bind(net.be, net.dtype)
        loss.forward(
            net.forward(net.prepare(rng.normal(size=(5, 8, 8)))), np.array([0, 1, 2, 0, 1], np.int32)
        )
        net.backward(loss.backward(), need_dx=False)
        conv = net.children[0]
        density[cut] = conv.density()
        assert ("Sparsify" in names(net)) == (cut == "before")
        assert (conv.last_choice is None) == (cut == "before")
    assert density == {"after": 1.0, "before": 1.0}


def test_what_is_refused():
    for make in (mbp.lenet, mbp.convnet):
        name = make.__name__
        few = lambda make=make: make((3, 8), 3, filters=(2, 2))  # noqa: E731
        refused(few, name, "at least 4 x 4 pixels, not 3 x 8", "fewer numbers of filters")
        refused(lambda make=make: make((64,), 3), name, "(channels, height, width)", "(64,)", "mlp")
        refused(lambda make=make: make(64, 3), name, "64")
        refused(lambda make=make: make((0, 8, 8), 3), "at least 1")
        refused(lambda make=make: make((8, 8), 3, filters=()), "at least one convolution")
        refused(lambda make=make: make((8, 8), 3, filters=8), "filters must be a list")
        refused(lambda make=make: make((8, 8), 3, filters=(2, 0)), "each number in filters")
        refused(lambda make=make: make((8, 8), 3, units=(0,), filters=(2,)), "each number in units")
        refused(lambda make=make: make((8, 8), 3, kernel=4), "kernel must be odd", "4")
        refused(lambda make=make: make((8, 8), 0, filters=(2,)), "classes")
        refused(lambda make=make: make((8, 8), 3, filters=(2,), cut="befor"), "did you mean 'before'")
        refused(lambda make=make: make((8, 8), 3, filters=(2,), cut="before"), "give batchnorm too")
        refused(lambda make=make: make((8, 8), 3, filters=(2,), center="on"), "unknown center")


@pytest.mark.parametrize("make", [mbp.lenet, mbp.convnet])
def test_pictures_with_their_channels_last_are_refused(make):
    refused(
        lambda: make((16, 16, 3), 2), "(channels, height, width)", "(16, 16, 3)", "x.transpose(0, 3, 1, 2)"
    )
