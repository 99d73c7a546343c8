"""Paths against an oracle of Python's integers, dead nodes, singular values, warnings."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from topologies import path_matrix

from minimalbp.topology import (
    Bipartite,
    Paths,
    Topology,
    bernoulli,
    count_paths,
    dead_nodes,
    facts,
    radix_net,
    random_net,
    regular,
    singular_ratio,
)
from minimalbp.topology.paths import _extremes, _groups, _primes


def rng(seed=0):
    return np.random.default_rng(seed)


def dense(*sizes):
    return Topology([Bipartite.from_mask(np.ones((b, a))) for a, b in pairwise(sizes)])


def counted(net):
    """(least, most, unconnected) by the oracle."""
    values = [value for row in path_matrix(net) for value in row]
    return min(values), max(values), values.count(0)


@pytest.mark.parametrize("seed", range(8))
def test_paths_of_irregular_layers(seed):
    net = random_net("bernoulli", [5, 7, 6, 8, 1, 4][: 3 + seed % 4], rng(seed), density=0.3 + 0.05 * seed)
    found = count_paths(net)
    assert (found.least, found.most, found.unconnected) == counted(net)


@pytest.mark.parametrize("depth", [5, 24, 60])
def test_paths_beyond_64_bits(depth):
    """Irregular layers of 12 to 9 nodes: up to 49 digits, several primes, and numbers that all differ."""
    sizes = [12, 9] * (depth // 2) + [12] * (depth % 2)
    net = random_net("bernoulli", sizes, rng(depth), density=0.7)
    found = count_paths(net)
    assert (found.least, found.most, found.unconnected) == counted(net)
    assert depth < 24 or found.most > 2**63


def test_paths_beyond_64_bits_some_of_which_are_none():
    net = random_net("bernoulli", [6] * 60, rng(3), density=0.6)
    blind = Bipartite.from_mask(np.diag([1, 1, 1, 1, 1, 0]))
    net = Topology([blind, *net])
    found = count_paths(net)
    assert (found.least, found.most, found.unconnected) == counted(net)
    assert found.most > 2**63 and found.least == 0 and found.unconnected == 6


@pytest.mark.parametrize("systems, copies", [([[2] * 4] * 10, 16), ([[3, 3]] * 20 + [[3]], 5)])
def test_the_theorem_far_beyond_64_bits(systems, copies):
    plan_d = [copies] * (sum(map(len, systems)) + 1)
    net = radix_net(systems, plan_d)
    found = count_paths(net)
    assert found.least == found.most == net.recipe.paths
    assert found.pairs == net.sizes[0] * net.sizes[-1]


def test_a_dense_network_of_two_hundred_layers():
    found = count_paths(dense(*[10] * 201))
    assert found.least == found.most == 10**199


def test_1000_nodes_and_120_paths():
    net = radix_net([[10, 10, 10], [10]], [1, 2, 3, 2, 1])
    found = facts(net)
    assert found.paths.most == found.formula_paths == 120 and found.paths.symmetric
    assert found.density == found.formula_density == 0.01
    assert found.warnings == ()


def test_several_chunks_of_inputs(monkeypatch):
    net = random_net("bernoulli", [30, 20, 25], rng(5), density=0.2)
    whole = count_paths(net)
    monkeypatch.setattr("minimalbp.topology.paths.CHUNK", 70)
    assert count_paths(net) == whole


def test_a_limit_of_work():
    net = random_net("regular", [64, 64, 64], rng(), fan_in=8)
    assert count_paths(net, most_work=1000) is None
    found = facts(net, most_work=1000)
    assert found.paths is None and "not counted" in found.warnings[-1]
    assert count_paths(net, most_work=None) == count_paths(net)
    wide = radix_net([[2] * 6], [64] * 7)  # copies are counted once
    assert count_paths(wide, most_work=10**6).symmetric


def test_layers_without_edges():
    empty = Bipartite.from_mask(np.zeros((3, 4)))
    found = facts(Topology([empty, Bipartite.from_mask(np.ones((2, 3)))]))
    assert (found.paths.least, found.paths.most, found.paths.unconnected) == (0, 0, 8)
    assert found.unreached == (0, 3, 2) and found.unread == (4, 0, 0)
    assert found.layers[0].singular_ratio is None and found.layers[0].fan_in == (0, 0)


def test_two_separate_systems_that_do_not_divide_fail():
    """(2), (3) as two systems modulo 6: 0 to 2 paths, as the fact sheet says."""
    shifts = [[0, 1], [0, 1, 2]]
    layers = []
    for system in shifts:
        mask = sum(np.roll(np.eye(6, dtype=int), s, axis=1) for s in system)
        layers.append(Bipartite.from_mask(mask.T))
    found = count_paths(Topology(layers))
    assert (found.least, found.most) == (0, 2) and not found.symmetric and not found.connected


@pytest.mark.parametrize(
    "n, k, depth, share", [(64, 8, 2, 0.34), (64, 4, 3, 0.39), (64, 2, 6, 0.50), (100, 10, 2, 0.35)]
)
def test_random_layers_leave_pairs_unconnected(n, k, depth, share):
    """Section 1.7: with the edges of a RadiX-Net, which leaves none."""
    found = [count_paths(random_net("random", [n] * (depth + 1), rng(seed), degree=k)) for seed in range(5)]
    assert np.mean([one.unconnected / one.pairs for one in found]) == pytest.approx(share, abs=0.03)


def test_extremes_of_residues():
    primes = _primes(2**100)
    assert len(primes) == 4 and all(2**30 < p < 2**31 for p in primes)
    assert _primes(2**61) == [0]
    values = [5, 2**100 - 1, 2**99, 2**64, 12345678901234567890123]
    residues = [np.array([value % p for value in values]) for p in primes]
    assert _extremes(residues, primes) == (5, 2**100 - 1)


def test_groups_are_equal_lists():
    start, items = np.array([0, 2, 4, 4, 6, 7, 7]), np.array([1, 2, 1, 3, 1, 2, 3])
    group, firsts, copies = _groups(start, items)
    assert group[0] == group[3] and group[2] == group[5] and len(firsts) == 4
    assert sorted(copies) == [1, 1, 2, 2]


def test_lists_that_only_look_equal_are_no_group(monkeypatch):
    class Same:
        def integers(self, *given, size, dtype):
            return np.zeros(size, dtype)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Same())
    group, _, copies = _groups(np.array([0, 1, 2]), np.array([0, 1]))
    assert group.tolist() == [0, 1] and copies.tolist() == [1, 1]


def test_dead_nodes():
    first = Bipartite.from_mask([[1, 0, 0], [0, 0, 0], [1, 1, 0], [0, 1, 0]])  # 3 -> 4
    second = Bipartite.from_mask([[1, 0, 1, 0], [0, 1, 0, 0]])  # 4 -> 2
    inputs, hidden, outputs = dead_nodes(Topology([first, second]))
    assert inputs[0].tolist() == [False] * 3 and inputs[1].tolist() == [False, False, True]
    assert hidden[0].tolist() == [False, True, False, False] and hidden[1].tolist() == [
        False,
        False,
        False,
        True,
    ]
    assert outputs[0].tolist() == [False, True] and outputs[1].tolist() == [False, False]
    words = " | ".join(facts(Topology([first, second])).warnings)
    assert "1 of 3 inputs reach no output" in words and "1 of 2 outputs are reached by no input" in words
    assert "1 of 4 nodes of layer 1 reach no output" in words
    assert "1 of 4 nodes of layer 1 are reached by no input" in words
    assert "66.7% of the input-output pairs have no path" in words


def test_death_goes_on_through_layers():
    chain = [
        Bipartite.from_mask(np.diag([1, 0])),
        Bipartite.from_mask(np.eye(2)),
        Bipartite.from_mask(np.eye(2)),
    ]
    assert [side.tolist() for side, _ in dead_nodes(Topology(chain))] == [[False, False]] + [
        [False, True]
    ] * 3
    turned = [side.tolist() for _, side in dead_nodes(Topology(chain[::-1]))]
    assert turned == [[False, True]] * 3 + [[False, False]]


# --- singular values ------------------------------------------------------------------------------------


def by_svd(layer):
    values = np.linalg.svd(layer.mask().astype(float), compute_uv=False)
    return values[1] / values[0] if len(values) > 1 else 0


@pytest.mark.parametrize("limit", [1, 300])  # Lanczos, and all values
def test_singular_ratio_of_any_layer(limit, monkeypatch):
    monkeypatch.setattr("minimalbp.topology.spectrum.DENSE", limit)
    for n_in, n_out, density in [(9, 7, 0.5), (6, 11, 0.3), (8, 8, 0.9), (1, 4, 1), (5, 1, 1)]:
        layer = bernoulli(n_in, n_out, density, rng(1))
        assert singular_ratio(layer) == pytest.approx(by_svd(layer), abs=1e-6)


def test_singular_ratio_by_structure():
    net = radix_net([[2, 3, 2], [3]], [1, 2, 2, 3, 1])
    for layer in net:
        assert singular_ratio(layer) == pytest.approx(by_svd(layer), abs=1e-9)
        assert singular_ratio(layer) == pytest.approx(
            singular_ratio(Bipartite.from_mask(layer.mask())), abs=1e-6
        )
    cut = net.cut([10, 20, 20, 30, 12])
    assert singular_ratio(cut[1]) == pytest.approx(by_svd(cut[1]), abs=1e-6)


def test_the_figures_of_section_1_7():
    first, *rest = radix_net([[2] * 6])
    assert singular_ratio(first) == pytest.approx(0.9988, abs=5e-5)
    assert [singular_ratio(layer) for layer in rest] == pytest.approx([1] * 5)
    for k, ratio in ((8, 0.588), (4, 0.871)):
        found = np.mean([singular_ratio(regular(64, 64, k, rng(seed))) for seed in range(10)])
        assert found == pytest.approx(ratio, abs=0.05)


def test_no_edges_no_ratio():
    assert np.isnan(singular_ratio(Bipartite.from_mask(np.zeros((3, 3)))))


# --- as JSON --------------------------------------------------------------------------------------------


def test_facts_as_json():
    found = json.loads(json.dumps(facts(radix_net([[2, 2, 2]], [1, 2, 2, 1])).as_dict()))
    assert found["paths"] == {
        "least": 4, "most": 4, "unconnected": 0, "pairs": 64, "symmetric": True, "connected": True,
    }  # fmt: skip
    assert found["sizes"] == [8, 16, 16, 8] and found["formula_paths"] == 4
    assert found["layers"][1]["fan_in"] == [4, 4]


def test_counts_of_thousands_of_digits_are_hexadecimal():
    huge = replace(facts(dense(2, 3)), paths=Paths(0, 2**14_000, 1, 6), formula_paths=2**13_500)
    found = json.loads(json.dumps(huge.as_dict()))
    assert int(found["paths"]["most"], 16) == 2**14_000 and found["paths"]["least"] == 0
    assert int(found["formula_paths"], 16) == 2**13_500


def test_few_inputs_of_an_output_are_warned_of_only_where_there_are_more():
    assert facts(dense(5, 3)).warnings == ()
    assert facts(Topology([regular(50, 50, 9, rng()), *dense(50, 4).layers])).warnings == ()
    assert "an output reads only 9 of 50" in facts(Topology([regular(50, 10, 9, rng())])).warnings[0]
