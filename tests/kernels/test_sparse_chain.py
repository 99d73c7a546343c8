"""Many sparse layers in one call, against dense layers one after another: exact, with small integers."""

import numpy as np
import pytest
from helpers import unwritten

from minimalbp.backend import get_backend
from minimalbp.layers.edges import Edges
from minimalbp.measure import FORMULAS
from minimalbp.topology import Bipartite, Blocks

CEILING = 9


def graph(rng, n, kind):
    """A layer of n -> n; some nodes have no edge."""
    if kind == "blocks":
        copies = next(d for d in (8, 7, 5, 1) if n % d == 0)
        nodes = n // copies
        order = rng.permutation(n).astype(np.int32)
        return Bipartite.from_blocks(Blocks(copies, copies, nodes, tuple({0, nodes // 2}), order=order))
    return Bipartite.from_mask(rng.random((n, n)) < 4 / n)


def stacked(graphs, weights):
    """The tables of layers one under another, as the kernel takes them. weights: by edges, a row for each layer."""
    n, depth = graphs[0].n_out, len(graphs)
    w, source = np.full((2, depth, max(one.n_edges for one in graphs)), np.nan)
    group, first = np.full((2, depth, n + 1), n)
    member = np.empty((depth, n), np.int32)
    for i, one in enumerate(graphs):
        e = Edges(one)
        member[i], group[i, : len(e.group)] = e.member, e.group
        lists = [e.source[e.start[o] : e.start[o + 1]] for o in e.member[e.group[:-1]]]
        ends = np.cumsum([0, *map(len, lists)])
        first[i, : len(ends)], first[i, len(ends) :] = ends, ends[-1]
        source[i, : ends[-1]] = np.concatenate(lists)
        w[i, : one.n_edges] = np.concatenate([weights[i, e.start[o] : e.start[o + 1]] for o in e.member])
    return (
        w,
        group.astype(np.int32),
        member,
        first.astype(np.int32),
        np.nan_to_num(source, nan=-7).astype(np.int32),
    )


class Case:
    """Layers, examples, and what dense layers make of them. w has a row of weights for each layer."""

    def __init__(self, x, graphs, w, b, dtype="float32", ceiling=CEILING):
        listed, *self.tables = stacked(graphs, w)
        self.w, self.b, self.edges = listed.astype(dtype), b.astype(dtype), [one.n_edges for one in graphs]
        self.x, self.dtype, self.ceiling = x, dtype, ceiling
        a, self.live = x.astype(np.float64), []
        for one, weights, bias in zip(graphs, w, b):
            dense = np.zeros((one.n_out, one.n_in))
            dense[one.target, one.source] = weights[: one.n_edges]
            a = np.minimum(np.maximum(a @ dense.T + bias, 0), ceiling)
            self.live.append(int(a.any(axis=1).sum()))
        self.y, self.alive = a, a.any(axis=1)

    def run(self, be, x=None):
        x = self.x if x is None else x
        y, alive = unwritten(x.shape, self.dtype), np.ones(len(x), bool)
        live = np.full(len(self.w), -1, np.int64)
        args = y, alive, live, x, self.w, self.b, *self.tables, self.ceiling
        be.sparse.chain(*args)
        return args

    def check(self, be):
        y, alive, live, *_ = self.run(be)
        np.testing.assert_array_equal(alive, self.alive)
        assert live.tolist() == self.live
        np.testing.assert_array_equal(y[alive], self.y[alive])
        assert np.isnan(y[~alive]).all()


def drawn(rng, n, depth, batch, dtype="float32", kind="mask", low=-1):
    """Random layers, with weights from `low` to 2, and examples of zeros and ones."""
    graphs = [graph(rng, n, kind) for _ in range(depth)]
    w = rng.integers(low, 3, (depth, max(one.n_edges for one in graphs)))
    x = (rng.random((batch, n)) < rng.random((batch, 1))).astype(np.uint8)
    return Case(x, graphs, w, -rng.integers(0, 3, (depth, n)), dtype)


@pytest.mark.parametrize("n, depth, batch", [(1, 1, 1), (3, 2, 5), (17, 3, 33), (40, 9, 100), (33, 30, 70)])
@pytest.mark.parametrize("kind", ["mask", "blocks"])
def test_a_chain_is_dense_layers_one_after_another(be, rng, n, depth, batch, kind, dtype):
    drawn(rng, n, depth, batch, dtype, kind).check(be)


@pytest.mark.parametrize("depth", [12, 40])
def test_many_examples_that_die_one_after_another(be, rng, depth):
    """Each node loses 1 in a layer, but one. Panels wait, fill up, are split, and leave in another order."""
    n, batch = 24, 1500
    own = np.eye(n, dtype=bool)
    one = Bipartite.from_mask(own | (rng.random((n, n)) < 0.05))
    w = np.where(own, 1, -1)[one.target, one.source]
    b = -np.sign(np.arange(n))
    x = rng.integers(0, rng.integers(2, depth + 3, (batch, 1)), (batch, n)).astype(np.uint8)
    case = Case(x, [one] * depth, np.tile(w, (depth, 1)), np.tile(b, (depth, 1)), ceiling=100)
    assert case.live[-1] > 100 and len(set(case.live)) > 8
    case.check(be)


def test_where_none_dies_and_where_all_die(be, rng):
    case = drawn(rng, 20, 6, 130, kind="blocks", low=1)
    case.b[...] = 0
    y, alive, live, *_ = case.run(be, np.ones_like(case.x))
    assert alive.all() and (live == 130).all() and np.isfinite(y).all()
    case.b[...] = -100
    y, alive, live, *_ = case.run(be)
    assert not alive.any() and not live.any() and np.isnan(y).all()


def test_no_results_and_no_examples(be, rng):
    case = drawn(rng, 17, 3, 40)
    alive, live = np.zeros(40, bool), np.zeros(3, np.int64)
    be.sparse.chain(unwritten((0, 17), "float32"), alive, live, case.x, case.w, case.b, *case.tables, CEILING)
    np.testing.assert_array_equal(alive, case.alive)
    assert live.tolist() == case.live
    y, alive, live, *_ = case.run(be, case.x[:0])
    assert len(y) == len(alive) == 0 and not live.any()


@pytest.mark.parametrize("kind", ["bool", "float32", "float64"])
def test_examples_of_any_type(be, rng, kind):
    case = drawn(rng, 17, 3, 40, kind="blocks", low=1)
    wanted, found = case.run(be), case.run(be, case.x.astype(kind))
    assert wanted[1].any()
    for a, b in zip(wanted[:3], found[:3]):
        np.testing.assert_array_equal(a, b)


def test_the_count_is_of_edges_for_examples_that_live(rng):
    case = drawn(rng, 17, 3, 40)
    args = case.run(get_backend("reference"))
    count = FORMULAS["sparse.chain"](*args)
    before = [40, *case.live[:-1]]
    assert count.phase == "forward"
    assert count.ops == sum(edges * n for edges, n in zip(case.edges, before))
