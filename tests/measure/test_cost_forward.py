"""compare_forward: the faster way of each network, and the share of the reduction that is kept."""

import numpy as np
import pytest
from helpers import clusters

import minimalbp as mbp
from minimalbp.cost import forward
from minimalbp.network import frozen
from minimalbp.topology import Bipartite

DATA = clusters()  # 13 test examples of 7 numbers, 3 classes


@pytest.mark.parametrize("quick, by", [(1.0, "frozen"), (5.0, "layers")])
def test_each_network_counts_with_its_faster_way(monkeypatch, quick, by):
    """Made-up seconds: the large network 12 layer by layer and 10 frozen, the small one 3 and `quick`."""
    took = {"large": {"layers": 12.0, "frozen": 10.0}, "small": {"layers": 3.0, "frozen": quick}}
    asked = []

    def in_turns(arms, seconds):
        asked.append((list(arms), seconds))
        return {(name, way): np.array([[took[name][way]]]) for name, way in arms}

    monkeypatch.setattr(forward, "in_turns", in_turns)
    one, many = forward.compare_forward(mbp.mlp([7, 8, 3]), mbp.mlp([7, 2, 3]), DATA, seconds=0.5)
    assert one["by"] == {"large": "frozen", "small": by} == many["by"]
    assert one["seconds"] == {"large": 10, "small": min(3, quick)} and one["speedup"] == 10 / min(3, quick)
    assert one["reduction"] == (7 * 8 + 8 * 3) / (7 * 2 + 2 * 3) == 4 and one["share"] == one["speedup"] / 4
    assert (one["batch"], many["batch"]) == (1, 13) and {len(names) for names, _ in asked} == {4}


def test_many_examples_go_layer_by_layer(monkeypatch):
    monkeypatch.setattr(frozen, "FEW", 12)
    one, many = forward.compare_forward(mbp.mlp([7, 8, 3]), mbp.mlp([7, 2, 3]), DATA, threads=1, seconds=0.02)
    assert many["by"] == {"large": "layers", "small": "layers"} and set(one["by"].values()) <= {
        "layers",
        "frozen",
    }
    assert one["seconds"]["small"] > 0 and many["seconds"]["large"] > 0


def test_edges_count_as_the_weights_that_they_are():
    data = mbp.load_dataset("digits")
    half = Bipartite.from_mask(np.arange(64 * 20).reshape(20, 64) % 2)
    layers = [mbp.SparseLinear(half), mbp.Linear(64, 20)]
    small, large = (
        mbp.Sequential(one, mbp.ReLU(), mbp.Linear(20, 10), backend="reference") for one in layers
    )
    for found in forward.compare_forward(large, small, data, seconds=0.01):
        assert found["ops"] == {"large": found["batch"] * (1280 + 200), "small": found["batch"] * (640 + 200)}
