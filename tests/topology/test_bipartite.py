"""One layer of edges, its forms, and layers that fit each other."""

import numpy as np
import pytest

from minimalbp import BadInput
from minimalbp.topology import Bipartite, Blocks, Topology

RNG = np.random.default_rng(0)
SHAPES = [(1, 1), (1, 5), (5, 1), (3, 7), (17, 33), (40, 2)]  # (n_out, n_in)


def masks():
    for shape in SHAPES:
        for density in (0, 0.1, 0.5, 1):
            yield RNG.random(shape) < density


@pytest.mark.parametrize("mask", list(masks()), ids=lambda m: f"{m.shape}, {m.sum()}")
def test_forms_of_one_layer(mask):
    layer = Bipartite.from_mask(mask)
    assert layer.start.dtype == np.int64 and layer.source.dtype == np.int32
    np.testing.assert_array_equal(layer.mask(), mask)
    assert layer.n_edges == mask.sum() and layer.density == mask.mean()
    np.testing.assert_array_equal(layer.fan_in, mask.sum(axis=1))
    np.testing.assert_array_equal(layer.fan_out, mask.sum(axis=0))
    target, source = np.nonzero(mask)
    np.testing.assert_array_equal(layer.target, target)
    np.testing.assert_array_equal(layer.source, source)

    shuffled = RNG.permutation(layer.n_edges)
    edges = Bipartite.from_edges(layer.n_in, layer.n_out, source[shuffled], target[shuffled])
    assert edges.same(layer)
    assert Bipartite.from_scipy(layer.to_scipy()).same(layer)
    assert layer.to_scipy().shape == mask.T.shape

    turned, position = layer.transposed()
    np.testing.assert_array_equal(turned.mask(), mask.T)
    np.testing.assert_array_equal(layer.target[position], turned.source)
    np.testing.assert_array_equal(layer.source[position], turned.target)


def test_zeros_that_scipy_stores_are_no_edges():
    from scipy.sparse import coo_array

    array = coo_array(([1.0, 0.0], ([0, 1], [0, 2])), shape=(2, 3))
    assert Bipartite.from_scipy(array).n_edges == 1


@pytest.mark.parametrize("drop", [(0, 0), (2, 0), (0, 3), (4, 2)])
def test_drop(drop):
    mask = RNG.random((6, 9)) < 0.5
    np.testing.assert_array_equal(Bipartite.from_mask(mask).drop(*drop).mask(), mask[drop[1] :, drop[0] :])


@pytest.mark.parametrize(
    "given, message",
    [
        ((3, 2, [0, 1, 2], [0, 3]), "input 3 does not exist: a layer of 3 inputs has 0 to 2"),
        ((3, 2, [0, 1, 2], [0, -1]), "input -1 does not exist"),
        ((3, 2, [0, 2, 2], [1, 1]), "output 0 reads input 1 twice"),
        ((3, 2, [0, 0, 2], [2, 1]), "output 1 reads input 1 out of order"),
        ((3, 2, [0, 2], [0, 1]), "start must have 3 entries"),
        ((3, 2, [0, 2, 1], [0]), "start must rise from 0 to 1"),
        ((3, 2, [1, 1, 1], [0]), "start must rise from 0 to 1"),
        ((0, 2, [0, 0, 0], []), "n_in must be at least 1"),
        ((10**9, 2, [0, 0, 0], []), "n_in must be at most 134217728"),
    ],
)
def test_edges_that_are_none(given, message):
    with pytest.raises(BadInput, match=message):
        Bipartite(*given[:3], np.array(given[3], int))


def test_an_order_may_begin_anew_at_each_output():
    layer = Bipartite(4, 4, [0, 2, 2, 3, 5], [2, 3, 0, 0, 3])
    assert layer.fan_in.tolist() == [2, 0, 1, 2]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Bipartite.from_mask(np.zeros(3)), "a mask must be a matrix"),
        (lambda: Bipartite.from_mask(np.zeros((0, 3))), "at least 1 x 1"),
        (lambda: Bipartite.from_edges(3, 2, [0, 1], [0]), "as many inputs as outputs"),
        (
            lambda: Bipartite.from_edges(3, 2, [0], [2]),
            "output 2 does not exist: a layer of 2 outputs has 0 to 1",
        ),
        (lambda: Bipartite.from_edges(3, 2, [0, 0], [1, 1]), "output 1 reads input 0 twice"),
        (lambda: Bipartite.from_mask(np.ones((2, 3))).drop(3, 0), "cannot drop 3 inputs"),
        (lambda: Bipartite(60000, 60000, np.zeros(60001, int), []).mask(), "too large"),
        (lambda: Topology([]), "needs at least one layer"),
        (
            lambda: Topology([layer_of(2, 3), layer_of(4, 2)]),
            "layer 1 has 3 outputs, but layer 2 has 4 inputs",
        ),
        (lambda: Blocks(1, 1, 4, (0, 4)), "offsets must be different numbers from 0 to 3"),
        (lambda: Blocks(1, 1, 4, (1, 1)), "offsets must be different"),
        (lambda: Blocks(1, 1, 4, ()), "offsets must be different"),
        (lambda: Blocks(1, 1, 2, (0,), order=np.array([0, 0])), "order must be a permutation"),
        (lambda: Blocks(1, 1, 2, (0,), drop_in=1, order=np.array([1, 0])), "cannot be cut"),
        (lambda: Blocks(1, 1, 2, (0,), drop_in=2), "cannot drop 2 inputs"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(BadInput, match=message):
        make()


def layer_of(n_in, n_out):
    return Bipartite.from_mask(np.ones((n_out, n_in)))


def test_a_topology_is_a_sequence_of_layers():
    net = Topology([layer_of(2, 3), layer_of(3, 5)])
    assert len(net) == 2 and net[1].n_out == 5 and [layer.n_in for layer in net] == [2, 3]
    assert net.sizes == (2, 3, 5) and net.n_edges == 21 and net.density == 1
    assert repr(net) == "Topology(2-3-5, 21 edges, density 1)"


@pytest.mark.parametrize(
    "d_in, d_out, n, offsets", [(1, 1, 1, (0,)), (2, 3, 4, (1, 3)), (3, 1, 5, (0, 1, 4))]
)
def test_blocks_are_what_they_say(d_in, d_out, n, offsets):
    order = RNG.permutation(d_in * n).astype(np.int32)
    plain = Bipartite.from_blocks(Blocks(d_in, d_out, n, offsets)).mask()
    circulant = np.zeros((n, n), int)
    for offset in offsets:
        circulant += np.roll(np.eye(n, dtype=int), offset, axis=1)
    np.testing.assert_array_equal(plain, np.kron(np.ones((d_out, d_in)), circulant))
    mixed = Bipartite.from_blocks(Blocks(d_in, d_out, n, offsets, order=order)).mask()
    np.testing.assert_array_equal(mixed[:, order], plain)


def test_the_renumbering_gives_dense_blocks():
    """1 x C becomes C x 1 where node d n + c is called c D + d: what a kernel of blocks rests on."""
    d_in, d_out, n = 4, 3, 6
    mask = Bipartite.from_blocks(Blocks(d_in, d_out, n, (0, 2))).mask()
    rows = np.arange(d_out * n).reshape(d_out, n).T.reshape(-1)
    columns = np.arange(d_in * n).reshape(d_in, n).T.reshape(-1)
    blocks = mask[np.ix_(rows, columns)].reshape(n, d_out, n, d_in).transpose(0, 2, 1, 3)
    assert all(block.all() or not block.any() for row in blocks for block in row)


def test_a_cut_of_permuted_blocks_is_no_block():
    blocks = Blocks(2, 1, 3, (0, 1), order=np.array([5, 3, 1, 0, 2, 4], np.int32))
    layer = Bipartite.from_blocks(blocks)
    cut = layer.drop(2, 1)
    assert cut.blocks is None
    np.testing.assert_array_equal(cut.mask(), layer.mask()[1:, 2:])


@pytest.mark.parametrize("source", [[float("nan")], [0.5], ["a"], [None], [True]])
def test_nodes_are_whole_numbers(source):
    for make in (
        lambda: Bipartite(3, 2, [0, 1, 1], source),
        lambda: Bipartite.from_edges(3, 2, source, [1]),
        lambda: Bipartite.from_edges(3, 2, [1], source),
    ):
        with pytest.raises(BadInput, match="must be whole numbers"):
            make()
    with pytest.raises(BadInput, match="start must be whole numbers"):
        Bipartite(3, 2, [0, 0.5, 1], [0])


def test_unsigned_nodes_are_checked_as_others():
    with pytest.raises(BadInput, match="out of order"):
        Bipartite(3, 2, [0, 3, 3], np.array([0, 2, 1], np.uint8))
    with pytest.raises(BadInput, match="below 2"):
        Bipartite(3, 2, [0, 1, 1], np.array([2**64 - 1], np.uint64))


def test_a_graph_has_arrays_of_its_own():
    source, start = np.array([0, 1], np.int32), np.array([0, 1, 2])
    layer = Bipartite(3, 2, start, source)
    source[0], start[1] = 99, 99
    assert layer.source.tolist() == [0, 1] and layer.start.tolist() == [0, 1, 2]
