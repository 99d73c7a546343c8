"""Products of a sparse layer against the dense ones whose other weights are zero: exact, with small integers."""

import numpy as np
import pytest
from helpers import small_integers, unwritten

from minimalbp.backend import Buffers, get_backend
from minimalbp.layers.edge_backward import panels
from minimalbp.layers.edges import Edges
from minimalbp.measure import FORMULAS
from minimalbp.topology import Bipartite, Blocks, regular

RNG = np.random.default_rng(3)
GRAPHS = {
    "one edge": Bipartite.from_mask([[1]]),
    "no edge": Bipartite.from_mask([[0, 0]]),
    "one output": Bipartite.from_mask([[1, 0, 1, 1]]),
    "one input": Bipartite.from_mask([[1], [0], [1]]),
    "ragged": Bipartite.from_mask(RNG.random((17, 33)) < 0.2),
    "dead ends": Bipartite.from_mask(np.pad(RNG.random((5, 40)) < 0.6, ((1, 2), (0, 3)))),
    "regular": regular(40, 33, 18, RNG),
    "blocks": Bipartite.from_blocks(Blocks(3, 13, 7, (0, 2, 3))),
    "blocks that were cut": Bipartite.from_blocks(Blocks(8, 3, 10, (0, 4, 7))).drop(3, 5),
}
BATCHES = [1, 17, 33, 100]  # one panel to seven, of one vector of 64 bytes or two


class Case:
    """The arrays of a graph and a batch, and what the dense products make of them."""

    def __init__(self, rng, graph, batch, dtype):
        self.graph, self.edges, self.batch = graph, Edges(graph), batch
        self.x, self.dy = (small_integers(rng, (batch, n), dtype) for n in (graph.n_in, graph.n_out))
        self.w, self.b = (small_integers(rng, (n,), dtype) for n in (graph.n_edges, graph.n_out))
        self.dense = np.zeros((graph.n_out, graph.n_in), dtype)
        self.dense[graph.target, graph.source] = self.w
        self.y, self.dx, self.dw = self.x @ self.dense.T + self.b, *self.gradients(self.dy)
        self.buf = Buffers(get_backend("reference"), dtype)

    def gradients(self, dy):
        return dy @ self.dense, (dy.T @ self.x)[self.graph.target, self.graph.source]

    def room(self, name, n):
        """Panels that nobody has written to."""
        found = panels(self.buf.backend, self.buf, name, self.batch, n)
        found.fill(np.nan)
        return found

    def to_panels(self, be, name, x):
        found = self.room(name, x.shape[1])
        be.sparse.to_panels(found, x)
        return found


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]


@pytest.fixture(params=BATCHES)
def case(request, rng, graph, dtype):
    return Case(rng, graph, request.param, dtype)


def test_panels_hold_the_batch_last_with_zeros_behind_it(be, case):
    xt, x = case.to_panels(be, "xt", case.x), unwritten(case.x.shape, case.x.dtype)
    count, n, width = xt.shape
    flat = xt.transpose(0, 2, 1).reshape(-1, n)
    np.testing.assert_array_equal(flat[: case.batch], case.x)
    assert not flat[case.batch :].any()
    assert width * xt.itemsize <= be.sparse.WIDE and width * xt.itemsize % be.sparse.STEP == 0
    assert (count - 1) * width < case.batch
    be.sparse.from_panels(x, xt)
    np.testing.assert_array_equal(x, case.x)


def test_products_in_panels_are_those_of_the_dense_weights(be, case):
    """With outputs in the groups of their graph, and each alone."""
    e, graph = case.edges, case.graph
    one_each = [
        (np.arange(n + 1, dtype=np.int32), np.arange(n, dtype=np.int32)) for n in (graph.n_out, graph.n_in)
    ]
    products_in_panels(be, case, (e.group, e.member), (e.back_group, e.back_member))
    products_in_panels(be, case, *one_each)


def products_in_panels(be, case, groups, back):
    e, graph = case.edges, case.graph
    xt, dyt = case.to_panels(be, "xt", case.x), case.to_panels(be, "dyt", case.dy)
    yt, dxt = case.room("yt", graph.n_out), case.room("dxt", graph.n_in)
    y, dx, dw = (unwritten(a.shape, a.dtype) for a in (case.y, case.dx, case.dw))
    be.sparse.forward(yt, xt, case.w, case.b, e.start, e.source, *groups, case.batch)
    be.sparse.from_panels(y, yt)
    be.sparse.dx(dxt, dyt, case.w, e.back, e.target, e.edge, *back, case.batch)
    be.sparse.from_panels(dx, dxt)
    be.sparse.dw(dw, dyt, xt, e.start, e.source, *groups, case.batch)
    for got, expected in ((y, case.y), (dx, case.dx), (dw, case.dw)):
        np.testing.assert_array_equal(got, expected)


def test_products_edge_by_edge_are_those_of_the_dense_weights(be, case):
    e = case.edges
    y, dx, dw = (unwritten(a.shape, a.dtype) for a in (case.y, case.dx, case.dw))
    be.sparse.forward_few(y, case.x, case.w, case.b, e.start, e.source)
    be.sparse.dx_few(dx, case.dy, case.w, e.back, e.target, e.edge)
    be.sparse.dw_few(dw, case.dy, case.x, e.start, e.source)
    for got, expected in ((y, case.y), (dx, case.dx), (dw, case.dw)):
        np.testing.assert_array_equal(got, expected)


def test_chosen_units_in_lists_and_in_panels(be, case, rng):
    for share in (0.0, 0.3, 1.0):
        chosen_units(be, case, rng.random(case.dy.shape) < share)


def chosen_units(be, case, chosen):
    """Every product of the entries of dy that a mask names."""
    e, n_out = case.edges, case.graph.n_out
    masked = np.where(chosen, case.dy, 0).astype(case.dy.dtype)
    rows = np.flatnonzero(chosen.any(axis=0)).astype(np.int32)
    dx, dw = case.gradients(masked)
    mine = np.flatnonzero(np.isin(case.graph.target, rows))
    begin = np.concatenate([[0], np.cumsum(chosen.sum(axis=1))]).astype(np.int32)
    unit, value = np.nonzero(chosen)[1].astype(np.int32), case.dy[chosen]
    by_unit = np.concatenate([[0], np.cumsum(chosen[:, rows].sum(axis=0))]).astype(np.int32)
    example, of_units = np.nonzero(chosen.T)[1].astype(np.int32), case.dy.T[chosen.T]

    def fresh(n=None):
        return unwritten((len(mine),), dw.dtype) if n is None else unwritten(n, dx.dtype)

    edges, got = unwritten((len(mine),), np.int32), fresh(dx.shape)
    be.sparse.edges_of(edges, rows, e.start)
    np.testing.assert_array_equal(edges, mine)
    be.sparse.dx_chosen(got, value, case.w, begin, unit, e.start, e.source)
    np.testing.assert_array_equal(got, dx)
    got = fresh()
    be.sparse.dw_chosen(got, of_units, case.x, by_unit, example, rows, e.start, e.source)
    np.testing.assert_array_equal(got, dw[mine])

    picked, xt = case.room("chosen", n_out)[:, : len(rows)], case.to_panels(be, "xt", case.x)
    be.sparse.lists_to_panels(picked, by_unit, example, of_units, case.batch)
    dyt, dxt, got = case.room("dyt", n_out), case.room("dxt", case.graph.n_in), fresh()
    be.sparse.dw_rows(got, picked, xt, rows, e.start, e.source, case.batch)
    np.testing.assert_array_equal(got, dw[mine])
    be.sparse.spread(dyt, picked, rows, case.batch)
    np.testing.assert_array_equal(dyt, case.to_panels(be, "expected", masked))
    be.sparse.dx_rows(dxt, picked, case.w, rows, e.start, e.source, case.batch)
    np.testing.assert_array_equal(dxt, case.to_panels(be, "expected dx", dx))


def test_nan_and_infinity_stay_with_who_reads_them(be, dtype):
    case = Case(np.random.default_rng(0), GRAPHS["regular"], 5, dtype)
    e, x = case.edges, case.x.copy()
    x[1, 3], x[4, 0] = np.nan, np.inf
    hit = np.zeros(case.y.shape, bool)
    hit[1, e.graph.target[e.source == 3]] = hit[4, e.graph.target[e.source == 0]] = True
    xt, yt, y = case.to_panels(be, "xt", x), case.room("yt", case.graph.n_out), unwritten(case.y.shape, dtype)
    w = np.abs(case.w) + 1
    be.sparse.forward(yt, xt, w, case.b, e.start, e.source, e.group, e.member, 5)
    be.sparse.from_panels(y, yt)
    np.testing.assert_array_equal(~np.isfinite(y), hit)


def test_counts_are_those_of_edges_and_examples(rng):
    case = Case(rng, GRAPHS["ragged"], 17, "float32")
    e, edges, batch, (n_out, n_in) = case.edges, case.graph.n_edges, 17, case.dense.shape
    xt, yt = case.room("xt", n_in), case.room("yt", n_out)
    tables = 4 * (len(e.start) + edges + len(e.group) + len(e.member))
    forward = FORMULAS["sparse.forward"](yt, xt, case.w, case.b, e.start, e.source, e.group, e.member, batch)
    assert (forward.phase, forward.ops) == ("forward", batch * edges)
    assert forward.bytes == 4 * (batch * (n_in + n_out) + edges + n_out) + tables
    dw = FORMULAS["sparse.dw"](case.w, yt, xt, e.start, e.source, e.group, e.member, batch)
    assert (dw.phase, dw.ops, dw.bytes) == (
        "dw",
        batch * edges,
        4 * (batch * (n_in + n_out) + edges) + tables,
    )
    rows, fans = np.array([2, 5], np.int32), case.graph.fan_in
    mine = int(fans[2] + fans[5])
    dx = FORMULAS["sparse.dx_rows"](xt, yt[:, :2], case.w, rows, e.start, e.source, batch)
    assert (dx.phase, dx.ops) == ("dx", batch * mine)
    begin, unit = np.array([0, 2, 3], np.int32), np.array([2, 5, 5, -77], np.int32)
    lists = FORMULAS["sparse.dx_chosen"](case.x[:2], case.w[:4], case.w, begin, unit, e.start, e.source)
    assert lists.ops == fans[2] + 2 * fans[5]
    of_dw = FORMULAS["sparse.dw_chosen"](
        case.w[:mine], case.w[:3], case.x, np.array([0, 1, 3]), unit, rows, *(e.start, e.source)
    )
    assert of_dw.ops == lists.ops
