"""RadiX-Nets: the tables and theorems of the papers, and what is refused."""

from fractions import Fraction
from itertools import chain
from math import prod

import numpy as np
import pytest
from topologies import matrix, path_matrix

from minimalbp import BadInput
from minimalbp.topology import RadixNet, count_paths, facts, radix_net, reduced_format

# systems, d (None: all 1), sizes, paths, density
TABLE = [
    ([[2, 2, 2]], [1, 1, 1, 1], (8, 8, 8, 8), 1, 0.25),
    ([[2, 2, 2]], [1, 2, 2, 1], (8, 16, 16, 8), 4, 0.25),
    ([[2, 2]], [1, 2, 1], (4, 8, 4), 2, 0.5),
    ([[2, 3]], [1, 2, 1], (6, 12, 6), 2, 0.416667),
    ([[2, 2, 2], [2, 4]], None, (8,) * 6, 8, 0.30),
    ([[2, 3], [3]], None, (6,) * 4, 3, 0.444444),
    ([[3, 4], [2, 3, 2]], [1, 2, 4, 4, 2, 1], (12, 24, 48, 48, 24, 12), 768, 0.226852),
    ([[10, 10]], [8, 3, 1], (800, 300, 100), 3, 0.10),
    ([[10, 10]], [8, 30, 1], (800, 3000, 100), 30, 0.10),
    ([[10, 10, 10], [10]], [1, 2, 3, 2, 1], (1000, 2000, 3000, 2000, 1000), 120, 0.01),
]


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("systems, d, sizes, paths, density", TABLE, ids=str)
def test_the_table(systems, d, sizes, paths, density, sign):
    net = radix_net(systems, d, sign=sign)
    plan, found = net.recipe, count_paths(net)
    assert net.sizes == plan.sizes == sizes
    assert (found.least, found.most, found.unconnected) == (paths, paths, 0)
    assert found.symmetric and found.connected and found.pairs == sizes[0] * sizes[-1]
    assert plan.paths == paths
    assert net.n_edges == plan.n_edges
    assert net.density == pytest.approx(density, abs=1e-6) == float(plan.density)
    for layer, radix, d_in, d_out in zip(net, plan.radices, plan.d, plan.d[1:]):
        assert set(layer.fan_in) == {radix * d_in} and set(layer.fan_out) == {radix * d_out}


def test_the_worked_example():
    w1, w2, w3 = map(
        matrix,
        (
            "11000000 01100000 00110000 00011000 00001100 00000110 00000011 10000001",
            "10100000 01010000 00101000 00010100 00001010 00000101 10000010 01000001",
            "10001000 01000100 00100010 00010001 10001000 01000100 00100010 00010001",
        ),
    )
    net = radix_net([[2, 2, 2]], sign=1)
    assert [layer.mask().T.astype(int).tolist() for layer in net] == [w1, w2, w3]
    assert path_matrix(net) == [[1] * 8] * 8
    mirror = radix_net([[2, 2, 2]], sign=-1)
    for one, other in zip(net, mirror):
        np.testing.assert_array_equal(one.mask(), other.mask().T)
    wide = radix_net([[2, 2, 2]], [1, 2, 2, 1], sign=1)
    w2 = np.array(w2)
    for layer, w in zip(wide, ([*np.hstack([w1, w1])], np.block([[w2, w2], [w2, w2]]), np.vstack([w3, w3]))):
        np.testing.assert_array_equal(layer.mask().T, w)
    assert path_matrix(wide) == [[4] * 8] * 8


def test_the_smaller_worked_example():
    w1, w2 = matrix("1100/0110/0011/1001"), matrix("1010/0101/1010/0101")
    net = radix_net([[2, 2]], sign=1)
    assert [layer.mask().T.astype(int).tolist() for layer in net] == [w1, w2]
    wide = radix_net([[2, 2]], [1, 2, 1], sign=1)
    np.testing.assert_array_equal(wide[0].mask().T, np.hstack([w1, w1]))
    np.testing.assert_array_equal(wide[1].mask().T, np.vstack([w2, w2]))
    assert path_matrix(wide) == [[2] * 4] * 4


def factorisations(n):
    """All ordered factorisations of n into numbers of at least 2."""
    yield [n]
    for first in range(2, n // 2 + 1):
        if n % first == 0:
            yield from ([first, *rest] for rest in factorisations(n // first))


@pytest.mark.parametrize("sign", [-1, 1])
def test_one_path_for_every_ordered_factorisation_up_to_64(sign):
    tried = 0
    for n in range(2, 65):
        for radices in factorisations(n):
            product = np.eye(n, dtype=np.int64)
            for layer in radix_net([radices], sign=sign):
                product = product @ layer.mask().T
            assert (product == 1).all(), radices
            tried += 1
    assert tried == 440  # by the recurrence H(n) = sum of H(d) over the divisors d < n


@pytest.mark.parametrize("systems", [[[2, 2], [2]], [[2, 3], [3, 2], [2]], [[4], [2, 2], [2]], [[6], [3]]])
def test_several_systems(systems):
    net = radix_net(systems)
    flat, n = list(chain(*systems)), prod(systems[0])
    assert path_matrix(net) == [[prod(flat) // n] * n] * n
    assert net.recipe.paths == prod(flat) // n


@pytest.mark.parametrize("systems", [[[2], [3, 4]], [[3], [2], [2, 2, 3]], [[2], [2, 2], [2]]])
def test_one_complete_system_anywhere_is_enough(systems):
    with pytest.raises(BadInput, match="only the last may be incomplete"):
        radix_net(systems)
    net = radix_net(systems, anywhere=True)
    paths = path_matrix(net)
    assert len({value for row in paths for value in row}) == 1
    assert paths[0][0] == net.recipe.paths


def test_the_density_is_exact():
    assert RadixNet([[3, 4], [2, 3, 2]], [1, 2, 4, 4, 2, 1]).density == Fraction(49, 216)
    assert RadixNet([[7] * 5]).density == Fraction(7, 7**5)


def test_place_values_begin_anew_in_each_system():
    assert RadixNet([[2, 3, 2], [4, 3]]).places == (1, 2, 6, 1, 4)


@pytest.mark.parametrize(
    "systems, d, message",
    [
        ([[2, 1, 2]], None, "each radix must be at least 2, not 1"),
        ([[2, 0]], None, "each radix must be at least 2, not 0"),
        ([[2, 2.0]], None, "each radix must be a whole number"),
        ([], None, r"systems must be lists of radices such as \[\[2, 2, 2\]\], not \[\]"),
        ([2, 2], None, "systems must be lists of radices"),
        ([[2], []], None, "systems must be lists of radices"),
        ("2,2", None, "systems must be lists of radices"),
        ([[2, 3], [2, 2]], None, "the product 4 of system 2 does not divide 6"),
        ([[2], [3]], None, "the product 2 of system 1 does not divide 3"),
        ([[2, 2], [2], [2, 2]], None, "the product of system 2 is 2, not 4: only the last may be incomplete"),
        ([[2, 2]], [1, 1], "d needs 3 numbers for 2 radices, one for each node layer, not 2"),
        ([[2, 2]], [1, 0, 1], "each number of d must be at least 1, not 0"),
        ([[99999999999, 2]], None, "edges are too many"),
        ([[2, 2]], [1, 10**9, 1], "edges are too many"),
    ],
)
def test_refusals(systems, d, message):
    with pytest.raises(BadInput, match=message) as refused:
        radix_net(systems, d)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("sign", [0, 2, "-", True, None])
def test_other_signs_are_refused(sign):
    with pytest.raises(BadInput, match="sign must be -1 or 1"):
        radix_net([[2, 2]], sign=sign)


# --- the reduced format ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sizes, degrees, systems, d",
    [
        ([1000, 2000, 3000, 2000, 1000], [20, 30, 20, 10], ((10, 10, 10), (10,)), (1, 2, 3, 2, 1)),
        ([800, 300, 100], [30, 10], ((10, 10),), (8, 3, 1)),
        ([8, 16, 16, 8], [4, 4, 2], ((2, 2, 2),), (1, 2, 2, 1)),
        ([6, 6, 6, 6], [2, 3, 3], ((2, 3), (3,)), (1, 1, 1, 1)),
        ([4, 4], [4], ((4,),), (1, 1)),
    ],
)
def test_sizes_and_degrees(sizes, degrees, systems, d):
    plan = reduced_format(sizes, degrees)
    assert (plan.systems, plan.d, plan.sizes) == (systems, d, tuple(sizes))
    net = radix_net(plan)
    assert [set(layer.fan_out) for layer in net] == [{degree} for degree in degrees]
    assert count_paths(net).symmetric


@pytest.mark.parametrize(
    "sizes, degrees, message",
    [
        ([7, 5], [2], "the sizes 7, 5 have no common divisor but 1"),
        ([784, 300, 101], [2, 2], "no common divisor but 1"),
        ([8, 8], [2, 2], "2 sizes need 1 degrees, one less, not 2"),
        ([8], [], "1 sizes need 1 degrees"),
        ([8, 16, 8], [3, 4], "degree 1 must be a multiple of 2 and at least 4, not 3"),
        ([8, 16, 8], [2, 4], "degree 1 must be a multiple of 2 and at least 4, not 2"),
        ([8, 8, 8], [2, 3], "the radices 2, 3 multiply to 6, which does not divide 8"),
        ([8, 8, 8], [2, 2], "the radices 2, 2 multiply to 4, not to 8"),
        ([8, 8, 0], [2, 2], "each size must be at least 1, not 0"),
        ([8, 8], [True], "each degree must be a whole number"),
    ],
)
def test_sizes_and_degrees_that_do_not_fit(sizes, degrees, message):
    with pytest.raises(BadInput, match=message):
        reduced_format(sizes, degrees)


def test_the_sign_of_the_reduced_format():
    assert reduced_format([4, 4, 4], [2, 2], sign=1).sign == 1


# --- cuts -----------------------------------------------------------------------------------------------


def test_a_cut_drops_the_first_nodes():
    whole, net = radix_net([[10, 10]], [8, 3, 1]), radix_net([[10, 10]], [8, 3, 1], cut=[784, 300, 10])
    assert net.sizes == (784, 300, 10)
    np.testing.assert_array_equal(net[0].mask(), whole[0].mask()[:, 16:])
    np.testing.assert_array_equal(net[1].mask(), whole[1].mask()[90:])
    assert net[0].blocks.drop_in == 16 and net[1].blocks.drop_out == 90
    found = facts(net)
    assert found.paths.connected and found.formula_paths is None
    assert found.warnings == ()  # a fan-in of 30 for each output, and all hidden units are read


def test_a_cut_of_everything():
    net = radix_net([[3, 3], [3]], [2, 3, 1, 2], cut=[11, 20, 5, 7])
    whole = radix_net([[3, 3], [3]], [2, 3, 1, 2])
    drops = [18 - 11, 27 - 20, 9 - 5, 18 - 7]
    for layer, full, a, b in zip(net, whole, drops, drops[1:]):
        np.testing.assert_array_equal(layer.mask(), full.mask()[b:, a:])
    again = net.cut([10, 20, 4, 1])
    assert again[0].same(whole.cut([10, 20, 4, 1])[0])


@pytest.mark.parametrize("radix", [2, 5])
def test_the_danger_of_an_output_layer_of_a_small_radix(radix):
    """784-300-100-10 with (10, 10), (radix): the strange models of arXiv 2311.03609."""
    found = facts(radix_net([[10, 10], [radix]], [8, 3, 1, 1], cut=[784, 300, 100, 10]))
    assert found.paths.connected  # which is no help
    few, dead = found.warnings
    assert f"an output reads only {radix} of 100 nodes" in few and "keep the last layer dense" in few
    assert f"{100 - 9 - radix} of 100 nodes of layer 2 reach no output" in dead
    assert found.unread == (0, 0, 100 - 9 - radix, 0)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ([5, 8, 4], "node layer 0 has 4 nodes and cannot be cut to 5"),
        ([4, 8], "a cut needs 3 sizes, one for each node layer, not 2"),
        ([4, 0, 4], "each size of a cut must be at least 1, not 0"),
    ],
)
def test_cuts_that_cannot_be(sizes, message):
    with pytest.raises(BadInput, match=message):
        radix_net([[2, 2]], [1, 2, 1], cut=sizes)
