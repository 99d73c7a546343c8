"""Facts about the speed of packed networks; what the clock says is nobody's to test."""

import json

import numpy as np
import pytest
from helpers import refused
from pruned import SHAPE, convnet, lenet, prune

import minimalbp as mbp
from minimalbp.prune import Unequal, measure, pack, theoretical


def test_multiplications_follow_columns_and_filters(backend):
    net = lenet(backend=backend)
    first, second, hidden = net.children[0], net.children[3], net.children[7]
    first.weight.value.reshape(5, 18)[:, :9] = 0  # half of its columns
    second.weight.value[:3] = 0  # half of its filters
    second.bias.value[:3] = 0
    second.weight.value[:, 0] = 0  # a fifth of its columns, and of the first's filters
    hidden.weight.value[:, 12:14] = 0  # two of the inputs that are left
    facts = theoretical(net, pack(net), SHAPE)
    one, two = facts["layers"]
    assert one == {"name": "0", "columns": [9, 18], "filters": [4, 5], "theoretical": 2 * 5 / 4}
    assert two == {"name": "3", "columns": [36, 45], "filters": [3, 6], "theoretical": 2 * 5 / 4}
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
        {"name", "columns", "filters", "theoretical", "measured"}
    ] * 3
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
    assert facts["layers"] == [] and facts["net"]["theoretical"] == 1
    assert facts["net"]["all_layers"] == (4 * 6 + 6 * 3) / (2 * 6 + 6 * 3)
