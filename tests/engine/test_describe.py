"""Networks from descriptions, and copies of networks with their weights."""

import json

import numpy as np
import pytest
from helpers import assert_same, parameters, refused
from test_unbound import MAKERS, MAPS, OF_MAPS

import minimalbp as mbp
from minimalbp.network.describe import rebuild
from minimalbp.network.rewrite import Instead, clone, fresh, rewrite

MORE = {
    "conv": lambda: mbp.Conv2d(3, 2, (2, 1), stride=2, padding=(1, 0), bias=False, center="dw"),
    "linear": lambda: mbp.Linear(3, 2, bias=False, center="forward"),
    "lstm": lambda: mbp.LSTM(3, 2, bidirectional=True),
    "pool": lambda: mbp.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
    "norm": lambda: mbp.BatchNorm2d(3, eps=1e-3, momentum=None),
    "response": lambda: mbp.LocalResponseNorm(3, alpha=1, beta=0.5, k=2, over="window"),
    "embedding": lambda: mbp.Embedding([(5, 2, 3), (4, 1)]),
    "packed conv": lambda: mbp.PackedConv2d(3, 2, 3, 5, 2, 1, bias=False),
    "packed linear": lambda: mbp.PackedLinear(3, 4, [1, 2], bias=False),
    "residual": lambda: mbp.Residual(mbp.Conv2d(3, 4, 1), mbp.ReLU(), project=mbp.PackedConv2d(3, 4, 1, 2)),
}
EVERY = {kind.__name__: make for kind, make in MAKERS.items()} | MORE


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_every_layer_is_built_again_from_its_description(make):
    net = mbp.Sequential(make(), backend="reference", rng=1)
    said = json.loads(json.dumps(net.describe()))
    again = rebuild(said, backend="reference", rng=1)
    assert json.loads(json.dumps(again.describe())) == said
    shapes = [{name: p.shape for name, p in parameters(n).items()} for n in (net, again)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_every_layer_is_copied_with_its_values(make, rng):
    layer = make()
    net = mbp.Sequential(layer, backend="reference", rng=1)
    for p in net.parameters():
        p.value += rng.normal(size=p.value.shape)
    before, path, be = parameters(net), layer.path, layer.be
    copy = clone(net)
    assert_same(parameters(copy), before)
    assert copy.describe() == net.describe()
    for p in copy.parameters():
        p.value += 1
    assert_same(parameters(net), before)
    assert layer.path == path and layer.be is be and copy.children[0] is not layer
    assert clone(net, dtype="float64").dtype == "float64"


def test_a_copy_forgets_passes_and_keeps_selectors(rng):
    layer = mbp.Conv2d(3, 2, 2, select=mbp.TopK(2), bias_rows="chosen")
    net = mbp.Sequential(layer, backend="reference")
    net.backward(np.ones_like(net.forward(MAPS.astype("float32"))))
    new = fresh(layer)
    assert new.select == layer.select and new.bias_rows == "chosen"
    assert not {"last_x", "weight", "buf", "be", "path"} & set(vars(new))
    refused(lambda: new.last_x, "belongs to no network yet")


def test_layers_are_replaced_also_inside_of_others(rng):
    inside = mbp.Residual(mbp.Linear(3, 3), mbp.Tanh(), project=mbp.Linear(3, 3))
    net = mbp.Sequential(mbp.Linear(3, 3), mbp.Tanh(), inside, backend="reference")

    def change(layers, at):
        if isinstance(layers[at], mbp.Linear) and at + 1 < len(layers):
            return Instead(mbp.Linear(3, 3), [2 * layers[at].weight.value, layers[at].bias.value], 2)
        return None

    new = rewrite(net, change)
    assert [type(la).__name__ for la in new.layers()] == [
        "Sequential",
        "Linear",
        "Residual",
        "Linear",
        "Linear",
    ]
    np.testing.assert_array_equal(new.children[0].weight.value, 2 * net.children[0].weight.value)
    np.testing.assert_array_equal(
        new.children[1].children[0].weight.value, 2 * inside.children[0].weight.value
    )
    np.testing.assert_array_equal(new.children[1].project.weight.value, inside.project.weight.value)


class Twice(mbp.Layer):
    """A layer that holds another one in its own way."""

    def __init__(self):
        self.inner = mbp.ReLU()

    def layers(self):
        yield self
        yield self.inner

    forward = backward = None


Twice.__abstractmethods__ = frozenset()


def test_what_cannot_be_built_or_copied_is_said():
    refused(lambda: fresh(Twice()), "holds other layers", "derive it from Chain")
    refused(lambda: rebuild([]), "described by a dict of a Sequential")
    refused(lambda: rebuild({"layer": "Sequential", "layers": 3}), "are a list, not 3")
    refused(lambda: rebuild({"layer": "Sequential", "layers": [4]}), "a dict with its class, not by 4")
    refused(lambda: rebuild({"layer": "Sequential", "layers": [{"layer": "relu"}]}), "did you mean 'ReLU'?")
    wrong = {"layer": "Sequential", "layers": [{"layer": "Linear", "n_in": 2, "units": 3}]}
    refused(lambda: rebuild(wrong), "Linear cannot be built from")
    unhashable = {"layer": "Sequential", "layers": [{"layer": ["ReLU"]}]}
    refused(lambda: rebuild(unhashable), "unknown layer \"['ReLU']\"")
    ragged = {"layer": "PackedLinear", "n_in": 2, "n_out": 3, "columns": [[0], [0, 1]]}
    refused(lambda: rebuild({"layer": "Sequential", "layers": [ragged]}), "PackedLinear cannot be built from")


TOP = mbp.TopK(2)


@pytest.mark.parametrize(
    "net, chosen",
    [
        (mbp.mlp([4, 3, 3, 2], backend="reference"), ["0", "2"]),
        (mbp.Sequential(mbp.PackedLinear(4, 3, [1]), mbp.Linear(3, 2), backend="reference"), ["0"]),
        (mbp.lenet((6, 6), 3, filters=(2, 3), units=(4,), backend="reference"), ["0", "3"]),
        (mbp.lenet((6, 6), 3, filters=(2, 3), units=(4,), batchnorm=True, cut="before", select=TOP,
                   backend="reference"), ["2", "7"]),
        (mbp.Sequential(mbp.Residual(mbp.PackedConv2d(2, 2, 1, [0]), project=mbp.Conv2d(2, 2, 1)),
                        backend="reference"), ["0.0", "0.1"]),
    ],
)  # fmt: skip
def test_the_hidden_layers_get_the_selector(net, chosen):
    again = rebuild(net.describe(), select=TOP, backend="reference")
    found = [".".join(map(str, la.path)) for la in again.layers() if getattr(la, "select", None) == TOP]
    assert found == chosen


def test_a_selector_that_no_layer_takes_is_refused():
    net = mbp.mlp([4, 3, 2], backend="reference")
    refused(lambda: rebuild(net.describe(), select=mbp.Channels(2)), "is for Conv2d")
    refused(lambda: rebuild(net.describe(), select=3), "select must be a selector")
    net = mbp.Sequential(mbp.Linear(4, 2), backend="reference")
    refused(
        lambda: rebuild(net.describe(), select=TOP), "no hidden layer that chooses units; leave select out"
    )


def test_the_makers_are_of_all_kinds():
    assert {kind.__name__ for kind in OF_MAPS} < set(EVERY)
