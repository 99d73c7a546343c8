"""Facts about the speed of packed networks; what the clock says is nobody's to test."""

import json

import numpy as np
import pytest
from helpers import refused
from pruned import NETS, SHAPE, convnet, learn, lenet, prune

import minimalbp as mbp
from minimalbp.prune import Unequal, measure, pack, prove, speedup, theoretical, unpack


def test_multiplications_follow_columns_and_filters(backend):
    net = lenet(backend=backend)
    first, second, hidden = net.children[0], net.children[3], net.children[7]
    first.weight.value.reshape(5, 18)[:, :9] = 0  # half of its columns
    second.weight.value[:3] = 0  # half of its filters
    second.bias.value[:3] = 0
    second.weight.value[:, 0] = 0  # a fifth of its columns, and of the first's filters
    hidden.weight.value[:, 12:14] = 0  # two of the inputs that are left
    facts = theoretical(net, pack(net), SHAPE)
    keys = ("name", "kind", "columns", "filters", "theoretical")
    assert [tuple(row[key] for key in keys) for row in facts["layers"]] == [
        ("0", "Conv2d", [9, 18], [4, 5], 2 * 5 / 4),
        ("3", "Conv2d", [36, 45], [3, 6], 2 * 5 / 4),
        ("7", "Linear", [10, 24], [7, 7], 24 / 10),
        ("9", "Linear", [7, 7], [3, 3], 1),
    ]
    before, after = 72 * 18 * 5 + 16 * 45 * 6, 72 * 9 * 4 + 16 * 36 * 3
    assert facts["net"]["theoretical"] == before / after
    rest = 24 * 7 + 7 * 3, 10 * 7 + 7 * 3
    assert facts["net"]["all_layers"] == (before + rest[0]) / (after + rest[1])


@pytest.mark.parametrize("batch", [1, 30])
def test_a_measurement_is_json(backend, batch, rng):
    net = prune(convnet(backend=backend), rng)
    facts = measure(net, pack(net), rng.normal(size=(batch, *SHAPE)), threads=1, seconds=1e-3)
    assert json.loads(json.dumps(facts)) == facts
    assert [set(row) for row in facts["layers"]] == [
        {"name", "kind", "columns", "filters", "theoretical", "measured"}
    ] * 4
    assert all(row["measured"] > 0 for row in facts["layers"])
    assert set(facts["net"]) == {"theoretical", "measured", "all_layers"}
    assert (facts["batch"], facts["threads"]) == (batch, 1)
    assert min(facts["seconds"]) > 0
    assert facts["net"]["measured"] == facts["seconds"][0] / facts["seconds"][1]


def test_what_is_not_equal_is_not_timed(backend, rng):
    net = prune(lenet(backend=backend), rng)
    packed = pack(net)
    packed.parameters()[0].value[:] += 1
    with pytest.raises(Unequal, match="pack the network again before it is timed"):
        measure(net, packed, np.ones((1, *SHAPE)), threads=1, seconds=1e-3)
    refused(
        lambda: theoretical(net, convnet(backend=backend), SHAPE), "has 4 convolutions", "the other has 4"
    )
    refused(lambda: measure(net, packed, np.ones((1, *SHAPE)), seconds=0), "seconds must be a number in (0")
    other = mbp.lenet(SHAPE, 4, filters=(5, 6), kernel=3, units=(7,), backend=backend)
    with pytest.raises(Unequal, match=r"outputs have the shapes \(1, 3\) and \(1, 4\); give the network"):
        measure(net, other, np.ones((1, *SHAPE)), threads=1, seconds=1e-3)


@pytest.mark.parametrize("ask", [measure, prove])
def test_examples_are_needed(ask, backend):
    net = lenet(backend=backend)
    refused(
        lambda: ask(net, pack(net), np.ones((0, *SHAPE))), "x must hold at least one example, not be of shape"
    )
    refused(lambda: ask(net, pack(net), []), "inputs must be (batch, features)")


@pytest.mark.parametrize(
    "call",
    [
        pack,
        unpack,
        speedup,
        lambda one: prove(lenet(), one, []),
        lambda one: theoretical(one, lenet(), SHAPE),
    ],
)
def test_what_is_no_network_is_refused(call):
    refused(lambda: call(3), "takes a network, which is a Sequential, not 3")


def test_layers_without_any_column_are_counted(backend):
    net = mbp.Sequential(mbp.Conv2d(1, 2, 3), mbp.Flatten(), mbp.Linear(8, 2), backend=backend)
    net.children[0].weight.value[:] = 0
    facts = theoretical(net, pack(net), (1, 4, 4))
    assert facts["layers"][0]["theoretical"] == 4 * 9 * 2


def test_networks_of_vectors_and_of_ids_have_facts_too(backend, rng):
    net = mbp.Sequential(
        mbp.Embedding([(9, 4)]), mbp.Linear(4, 6), mbp.Cube(), mbp.Linear(6, 3), backend=backend
    )
    net.children[1].weight.value[:, :2] = 0
    packed = pack(net)
    facts = measure(net, packed, rng.integers(0, 9, (5, 1)), threads=1, seconds=1e-3)
    assert [(row["name"], row["kind"], row["columns"]) for row in facts["layers"]] == [
        ("1", "Linear", [2, 4]),
        ("3", "Linear", [6, 6]),
    ]
    assert all(row["measured"] > 0 for row in facts["layers"])
    assert facts["net"]["all_layers"] == (4 * 6 + 6 * 3) / (2 * 6 + 6 * 3) == facts["net"]["theoretical"]


@pytest.mark.parametrize("name", [name for name in NETS if name != "vectors"])
def test_the_speedup_of_a_network_is_that_of_what_pack_makes_of_it(name, rng):
    """In front of a Residual too, where a filter of zeros stays, and where removals reach the layers before."""
    make, shape = NETS[name]
    net = prune(learn(make(backend="reference", rng=2), rng.normal(size=(2, *shape)), rng), rng)
    net(np.ones((1, *shape)))
    for removed in range(4):
        net.children[0].weight.value[:removed] = 0
        assert speedup(net) == theoretical(net, pack(net), shape)["net"]["theoretical"]


def test_a_filter_in_front_of_a_residual_is_not_counted_as_gone():
    net = mbp.Sequential(
        mbp.Conv2d(1, 4, 3, padding=1), mbp.Residual(mbp.Conv2d(4, 4, 3, padding=1), mbp.ReLU()),
        backend="reference",
    )  # fmt: skip
    net(np.ones((1, 1, 4, 4)))
    net.children[0].weight.value[:2] = 0
    assert speedup(net) == 1


def test_a_speedup_without_convolutions_is_refused():
    net = mbp.mlp([4, 3, 2], backend="reference")
    refused(lambda: speedup(net), "the network has no convolutions", "theoretical(net, pack(net), shape)")
    refused(lambda: speedup(lenet()), "forward")
