"""Layers by chance: which side is regular, that draws are spread evenly, and what is refused."""

import numpy as np
import pytest

from minimalbp import BadInput
from minimalbp.topology import (
    bernoulli,
    cayley,
    draw_inputs,
    draw_outputs,
    largest,
    radix_net,
    random_net,
    regular,
    x_linear,
)
from minimalbp.topology.regular import _exchange

SHAPES = [
    (7, 5, 3),
    (5, 7, 3),
    (8, 8, 4),
    (9, 4, 9),
    (4, 9, 1),
    (1, 3, 1),
    (33, 40, 7),
    (17, 17, 16),
    (17, 17, 17),
]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("n_in, n_out, k", SHAPES)
def test_drawn_inputs_are_a_constant_fan_in(n_in, n_out, k):
    layer = draw_inputs(n_in, n_out, k, rng())
    assert (layer.n_in, layer.n_out) == (n_in, n_out)
    assert layer.fan_in.tolist() == [k] * n_out
    assert layer.same(draw_inputs(n_in, n_out, k, rng()))


@pytest.mark.parametrize("n_out, n_in, k", SHAPES)
def test_drawn_outputs_are_a_constant_fan_out(n_in, n_out, k):
    layer = draw_outputs(n_in, n_out, k, rng())
    assert (layer.n_in, layer.n_out) == (n_in, n_out)
    assert layer.fan_out.tolist() == [k] * n_in


def test_x_linear_draws_from_the_larger_side():
    assert set(x_linear(30, 20, 4, rng()).fan_in) == {4}
    assert set(x_linear(20, 30, 4, rng()).fan_out) == {4}
    equal = x_linear(20, 20, 4, rng())  # as in the public code, inputs draw where both sides are equal
    assert set(equal.fan_out) == {4} and len(set(equal.fan_in)) > 1


def test_draws_are_spread_evenly():
    """600 draws of 4 of 12: each input 200 times, with a standard deviation of 11.5."""
    count = draw_inputs(12, 600, 4, rng(1)).fan_out
    assert (abs(count - 200) < 60).all()


@pytest.mark.parametrize("n_in, n_out, k", SHAPES)
def test_regular_on_both_sides(n_in, n_out, k):
    layer = regular(n_in, n_out, k, rng())
    assert layer.fan_in.tolist() == [k] * n_out
    low, high = layer.fan_out.min(), layer.fan_out.max()
    assert high - low <= (n_out * k % n_in > 0)
    assert layer.same(regular(n_in, n_out, k, rng()))


@pytest.mark.parametrize("seed", range(5))
def test_regular_layers_at_half_density(seed):
    """Where nearly all rows repeat an input at first, and few exchanges are possible."""
    layer = regular(12, 12, 6, rng(seed))
    assert set(layer.fan_in) == set(layer.fan_out) == {6}


def test_regular_layers_differ():
    """Of the 6 permutations of 3 nodes all are drawn, about equally often."""
    drawn = [tuple(regular(3, 3, 1, rng(seed)).source) for seed in range(600)]
    counts = [drawn.count(one) for one in set(drawn)]
    assert len(counts) == 6 and min(counts) > 60


def test_an_exchange_that_cannot_be_is_noticed():
    assert not _exchange(np.array([[0, 0], [0, 0]]), 0, rng())
    table = np.array([[0, 0], [1, 2], [1, 2]])
    assert _exchange(table, 0, rng())
    assert sorted(table.reshape(-1).tolist()) == [0, 0, 1, 1, 2, 2]
    assert all(len(set(row)) == 2 for row in table.tolist())


def test_cayley():
    layer = cayley(5, [0, 1, -1])
    for x in range(5):
        assert sorted(layer.target[layer.source == x].tolist()) == sorted({x, (x + 1) % 5, (x - 1) % 5})
    assert layer.blocks.n == 5


def test_a_layer_of_a_radix_net_is_a_cayley_graph():
    for sign in (-1, 1):
        for layer, places in zip(radix_net([[3, 4]], sign=sign), ([0, 1, 2], [0, 3, 6, 9])):
            assert layer.same(cayley(12, [sign * place for place in places]))


def test_bernoulli():
    layer = bernoulli(200, 300, 0.1, rng())
    assert abs(layer.n_edges - 6000) < 5 * np.sqrt(60000 * 0.1 * 0.9)
    assert len(set(layer.fan_in)) > 5 and len(set(layer.fan_out)) > 5
    assert bernoulli(4, 3, 1, rng()).n_edges == 12
    assert bernoulli(4, 3, 1e-12, rng()).n_edges == 0


def test_largest_weights_stay():
    weight = rng().standard_normal((13, 17))
    layer = largest(weight, 0.2)
    assert layer.n_edges == round(0.2 * weight.size)
    mask = layer.mask()
    assert abs(weight[mask]).min() > abs(weight[~mask]).max()
    assert largest(np.ones((3, 4)), 0.5).mask()[0].all()  # of equal ones the first
    assert largest(np.ones((3, 4)), 0.01).n_edges == 1


@pytest.mark.parametrize(
    "kind, amount, edges",
    [
        ("random", {"degree": 4}, 20 * 4 + 30 * 4 + 7 * 4),  # 20 draw, then 30, then the 7 outputs
        ("random", {"fan_in": 4}, 30 * 4 + 40 * 4 + 7 * 4),
        ("random", {"fan_out": 3}, 20 * 3 + 30 * 3 + 40 * 3),
        ("random", {"density": 0.1}, 20 * 3 + 30 * 4 + 7 * 4),
        ("regular", {"density": 0.1}, 30 * 2 + 40 * 3 + 7 * 4),
        ("regular", {"fan_in": [20, 5, 40]}, 30 * 20 + 40 * 5 + 7 * 40),
        ("bernoulli", {"density": [1, 1, 1]}, 600 + 1200 + 280),
    ],
)
def test_several_layers(kind, amount, edges):
    net = random_net(kind, [20, 30, 40, 7], rng(), **amount)
    assert net.sizes == (20, 30, 40, 7) and net.n_edges == edges


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: draw_inputs(5, 4, 6, rng()), "a fan-in of 6 is more than the 5 inputs"),
        (lambda: draw_outputs(5, 4, 5, rng()), "a fan-out of 5 is more than the 4 outputs"),
        (lambda: regular(5, 4, 6, rng()), "a fan-in of 6 is more than the 5 inputs"),
        (lambda: regular(5, 4, 0, rng()), "fan-in must be at least 1, not 0"),
        (lambda: draw_inputs(10**6, 10**6, 10**6, rng()), "edges are too many"),
        (lambda: regular(10**5, 10**5, 5001 * 10, rng()), "edges are too many"),
        (lambda: bernoulli(10**6, 10**6, 0.5, rng()), "edges are too many"),
        (lambda: bernoulli(5, 4, 0, rng()), r"density must be a number in \(0, 1\], not 0"),
        (lambda: bernoulli(5, 4, float("nan"), rng()), "density must be a number"),
        (lambda: cayley(4, []), "generators must be at least one, and different modulo 4, not none"),
        (lambda: cayley(4, [1, 5]), "different modulo 4, not 1, 5"),
        (lambda: largest(np.ones(3), 0.5), "weights must be a finite matrix"),
        (lambda: largest([[np.nan]], 0.5), "weights must be a finite matrix"),
        (lambda: random_net("radix", [4, 4], rng(), density=1), "unknown kind of topology 'radix'"),
        (lambda: random_net("random", [4, 4], rng()), "one of them, not none"),
        (lambda: random_net("random", [4, 4], rng(), density=1, degree=2), "not density and degree"),
        (
            lambda: random_net("regular", [4, 4], rng(), degree=2),
            "needs density or fan-in, one of them, not degree",
        ),
        (lambda: random_net("bernoulli", [4], rng(), density=1), "at least two sizes, not 1"),
        (
            lambda: random_net("regular", [4, 4], rng(), fan_in=[1, 2]),
            "fan-in needs one number, or 1 for the layers",
        ),
        (lambda: random_net("regular", [4, 4], rng(), fan_in=2.5), "fan-in must be a whole number"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(BadInput, match=message):
        make()
