"""Topologies by name and density: RadiX-Nets that fit given layers, and what all names have in common."""

import numpy as np
import pytest

from minimalbp import BadInput
from minimalbp.topology import facts, fitted_radix, named_topology, radix_net
from minimalbp.topology.named import NAMES

SIZES = [
    (784, 300, 100),
    (64, 500, 500),
    (784, 500, 500, 500),
    (12, 7, 9),
    (4, 4, 4),
    (40, 30, 20, 30, 40, 6),
]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("density", [0.01, 0.1, 0.3, 1])
def test_a_fitted_radix_net_covers_its_layers_and_connects_all_pairs(sizes, density):
    plan = fitted_radix(sizes, density)
    assert all(size <= now < size + plan.n for size, now in zip(sizes, plan.sizes))
    net = radix_net(plan, cut=sizes)
    assert net.sizes == sizes
    whole = facts(radix_net(plan)).paths
    assert whole.least == whole.most == plan.paths
    if plan.sizes == sizes:
        assert facts(net).paths == whole


def test_the_nearest_density_is_taken():
    for sizes, density, systems in (
        ((784, 300, 100), 0.1, ((10, 10),)),
        ((784, 300, 100), 0.01, ((10, 10),)),  # N' is at most 100
        ((784, 500, 500), 0.05, ((20, 20),)),
        ((784, 500, 500, 500), 0.1, ((10, 10), (10,))),
        ((784, 500, 500, 500), 0.02, ((7, 7, 7),)),
        ((1024,) * 7, 0.03125, ((32, 32),) * 3),
    ):
        assert fitted_radix(sizes, density).systems == systems


@pytest.mark.parametrize("name", NAMES)
def test_every_name_makes_layers_of_the_sizes_near_the_density(name):
    net = named_topology(name, [90, 60, 70], 0.2, np.random.default_rng(3))
    assert net.sizes == (90, 60, 70)
    assert abs(net.density - 0.2) < 0.03
    again = named_topology(name, [90, 60, 70], 0.2, np.random.default_rng(3))
    assert all(one.same(other) for one, other in zip(net, again))


@pytest.mark.parametrize(
    "kind, sizes, density, words",
    [
        ("radix", [30, 20], 0.1, "two layers of edges or more"),
        ("radix", [30, 20, 3], 0.1, "4 nodes or more in each layer, not 3"),
        ("radix", [30, 20, 0], 0.1, "each size"),
        ("radix", [30, 20, 9], 0, "density"),
        ("cayley", [30, 20], 1.5, "density"),
        ("radix-net", [30, 20, 9], 0.1, "radix"),
    ],
)
def test_what_cannot_be_is_refused(kind, sizes, density, words):
    with pytest.raises(BadInput, match=words):
        named_topology(kind, sizes, density, np.random.default_rng(0))
