"""Products of a convolution on a graph of channels, against the dense one whose other weights are zero: exact."""

import numpy as np
import pytest
from helpers import small_integers, unwritten

from minimalbp.backend import Buffers, get_backend
from minimalbp.layers.edges import Edges
from minimalbp.layers.planes import Planes
from minimalbp.layers.window import Window
from minimalbp.measure import FORMULAS
from minimalbp.topology import Bipartite, Blocks, regular

RNG = np.random.default_rng(3)
GRAPHS = {
    "one edge": Bipartite.from_mask([[1]]),
    "no edge": Bipartite.from_mask([[0, 0]]),
    "dead ends": Bipartite.from_mask(np.pad(RNG.random((5, 18)) < 0.4, ((1, 2), (0, 3)))),
    "regular": regular(9, 18, 4, RNG),
    "blocks": Bipartite.from_blocks(Blocks(2, 5, 4, (0, 3))),
}
# batch, height, width, kernel, stride, padding
SHAPES = [
    (1, 1, 1, (1, 1), (1, 1), (0, 0)),
    (3, 1, 1, (3, 3), (1, 1), (1, 1)),  # a single pixel in a larger window
    (7, 6, 5, (3, 3), (1, 1), (1, 1)),
    (2, 5, 4, (2, 1), (4, 3), (0, 2)),  # a stride larger than the kernel
    (1, 4, 3, (3, 2), (1, 2), (3, 4)),  # padding larger than half of the kernel: windows of zeros only
    (2, 7, 9, (3, 5), (2, 1), (1, 2)),
    (3, 2, 2, (2, 2), (9, 9), (0, 0)),  # a stride larger than the picture
    (5, 16, 17, (2, 2), (1, 1), (1, 0)),
]
REFERENCE = get_backend("reference").conv


class Case:
    """The arrays of a graph and a shape, in planes too, and what the dense products make of them."""

    def __init__(self, rng, graph, shape, dtype):
        n, height, width, kernel, stride, padding = shape
        self.edges, self.graph, self.batch = Edges(graph), graph, n
        self.win = win = Window.of((height, width), kernel, stride, padding, "a layer")
        self.plan = Planes.of(win, kernel, stride, n, get_backend("cpu"), dtype)
        self.total, self.buf = n * win.positions, Buffers(get_backend("cpu"), dtype)
        self.x = small_integers(rng, (n, height * width, graph.n_in), dtype)
        self.dy = small_integers(rng, (n, win.positions, graph.n_out), dtype)
        self.w = small_integers(rng, (graph.n_edges, kernel[0] * kernel[1]), dtype)
        self.b = small_integers(rng, (graph.n_out,), dtype)
        self.dense = np.zeros((graph.n_out, *kernel, graph.n_in), dtype)
        self.dense[graph.target, :, :, graph.source] = self.w.reshape(-1, *kernel)
        pictures = self.x.reshape(n, height, width, -1)
        self.xp, self.y = np.zeros((n, *win.padded, graph.n_in), dtype), np.empty_like(self.dy)
        REFERENCE.forward(self.y, self.xp, pictures, self.dense, self.b, win.corner)

    def gradients(self, dy):
        """dW of the edges, and dx."""
        dw, dx = np.empty_like(self.dense), np.empty((self.batch, *self.win.size, self.graph.n_in), dy.dtype)
        REFERENCE.dw_all(dw, dy, self.xp, self.win.corner, self.win.padding[0])
        REFERENCE.dx_all(dx, dy, self.dense, self.win.corner, *self.win.padding)
        mine = dw[self.graph.target, :, :, self.graph.source].reshape(self.w.shape)
        return mine, dx.reshape(self.x.shape)

    def room(self, name, n, phases=1):
        """Planes as a layer has them, with NaN in what a kernel is to write."""
        found, place = self.plan.room(self.buf, name, self.batch, n, phases), self.plan.position
        if phases > 1 or "x" in name:
            place = self.plan.pixel
        found[:, place[:, 0], :, place[:, 1]] = np.nan
        return found

    def planes(self, be):
        """Of x and dy."""
        phases = self.plan.phases
        xq, dyq = self.room("xq", self.graph.n_in, phases), self.room("dyq", self.graph.n_out)
        be.sparse_conv.to_planes(xq, self.x, self.plan.pixel)
        be.sparse_conv.to_planes(dyq, self.dy, self.plan.position)
        return xq, dyq


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]


@pytest.fixture(params=SHAPES, ids=str)
def case(request, rng, graph, dtype):
    return Case(rng, graph, request.param, dtype)


def alone(n):
    return np.arange(n + 1, dtype=np.int32), np.arange(n, dtype=np.int32)


def test_planes_hold_each_pixel_once_and_zeros_behind_the_batch(be, case):
    xq, dyq = case.planes(be)
    for planes, given, place in ((xq, case.x, case.plan.pixel), (dyq, case.dy, case.plan.position)):
        assert len({tuple(pair) for pair in place}) == len(place)
        there = planes[:, place[:, 0], :, place[:, 1]].transpose(1, 0, 2).reshape(-1, *given.shape[1:])
        np.testing.assert_array_equal(there[: case.batch], given)
        assert np.count_nonzero(planes) == np.count_nonzero(given)
        assert planes.shape[3] * planes.itemsize % be.sparse_conv.MORE == 0
        assert (len(planes) - 1) * case.plan.pictures < case.batch


@pytest.mark.parametrize("grouped", [False, True])
def test_products_are_those_of_the_dense_weights(be, case, grouped):
    e, plan, g = case.edges, case.plan, case.graph
    groups = (e.group, e.member) if grouped else alone(g.n_out)
    back = (e.back_group, e.back_member) if grouped else alone(g.n_in)
    xq, dyq = case.planes(be)
    y, dx, dw = (unwritten(a.shape, a.dtype) for a in (case.y, case.x, case.w))
    written, more = case.room("xq", g.n_in, plan.phases), (plan.position, case.total)
    tables = plan.tap, e.start, e.source, *groups, plan.pixel, plan.position
    be.sparse_conv.forward(y, written, case.x, case.w, case.b, *tables)
    np.testing.assert_array_equal(y, case.y)
    np.testing.assert_array_equal(written, xq)
    rows = np.arange(g.n_out, dtype=np.int32)
    be.sparse_conv.dw(dw, dyq, xq, plan.tap, e.start, e.source, rows, rows, *groups, *more)
    tables = plan.tap, e.back, e.target, e.edge, rows, *back
    be.sparse_conv.dx(dx, dyq, case.w, *tables, plan.pixel, case.total)
    for got, expected in zip((dw, dx), case.gradients(case.dy)):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_products_of_some_outputs(be, case, rng, share):
    e, plan, g = case.edges, case.plan, case.graph
    rows = np.flatnonzero(rng.random(g.n_out) < share).astype(np.int32)
    row = np.full(g.n_out, -1, np.int32)
    row[rows] = np.arange(len(rows))
    masked = np.where(row >= 0, case.dy, 0).astype(case.dy.dtype)
    expected, dx_expected = case.gradients(masked)
    xq, dyq = case.planes(be)[0], case.room("some", len(rows))
    be.sparse_conv.to_planes(dyq, np.ascontiguousarray(case.dy[..., rows]), plan.position)
    mine = np.isin(g.target, rows)
    dw, dx = unwritten((mine.sum(), case.w.shape[1]), case.w.dtype), unwritten(case.x.shape, case.x.dtype)
    more = plan.position, case.total
    be.sparse_conv.dw(dw, dyq, xq, plan.tap, e.start, e.source, rows, row, *alone(len(rows)), *more)
    np.testing.assert_array_equal(dw, expected[mine])
    tables = plan.tap, e.back, e.target, e.edge, row, e.back_group, e.back_member
    be.sparse_conv.dx(dx, dyq, case.w, *tables, plan.pixel, case.total)
    np.testing.assert_array_equal(dx, dx_expected)


def test_entries_become_maps_of_zeros_and_are_counted(be, rng, dtype):
    dy = np.where(rng.random((3, 5, 4)) < 0.3, small_integers(rng, (3, 5, 4), dtype), 0).astype(dtype)
    dy[1] = 0
    flat, there = dy.reshape(3, -1), rng.random((3, 20)) < 0.2
    there |= flat != 0  # some that are chosen are zero
    begin = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
    entry, picked = np.nonzero(there)[1].astype(np.int32), flat[there]
    entry, picked = np.append(entry, np.int32(-77)), np.append(picked, picked.dtype.type(np.nan))
    got, count = unwritten(dy.shape, dtype), unwritten((4,), np.int32)
    be.sparse_conv.spread(got, count, begin, entry, picked)
    np.testing.assert_array_equal(got, dy)
    np.testing.assert_array_equal(count, np.count_nonzero(dy, axis=(0, 1)))


def test_nan_and_infinity_reach_who_sees_them(be, dtype):
    graph = GRAPHS["regular"]
    case = Case(np.random.default_rng(0), graph, (3, 6, 5, (3, 3), (1, 1), (1, 1)), dtype)
    e, plan = case.edges, case.plan
    case.x[1, 7, 3], case.x[2, 29, 0] = np.nan, np.inf
    hit = np.zeros(case.y.shape, bool).reshape(3, 6, 5, -1)
    hit[1, :3, 1:4, graph.target[e.source == 3]] = True  # pixel 7 is at (1, 2)
    hit[2, 4:, 3:, graph.target[e.source == 0]] = True
    xq, y, w = case.room("xq", graph.n_in), unwritten(case.y.shape, dtype), np.abs(case.w) + 1
    tables = plan.tap, e.start, e.source, e.group, e.member, plan.pixel, plan.position
    be.sparse_conv.forward(y, xq, case.x, w, case.b, *tables)
    np.testing.assert_array_equal(~np.isfinite(y), hit.reshape(y.shape))


def test_counts_are_those_of_edges_taps_and_positions(rng):
    case = Case(rng, GRAPHS["dead ends"], (7, 6, 5, (3, 3), (1, 1), (1, 1)), "float32")
    e, plan, g = case.edges, case.plan, case.graph
    xq, dyq = case.planes(get_backend("reference"))
    work = 7 * 30 * 9 * g.n_edges
    tables = plan.tap, e.start, e.source, e.group, e.member, plan.pixel, plan.position
    given = case.y, xq, case.x, case.w, case.b, *tables
    forward = FORMULAS["sparse_conv.forward"](*given)
    assert (forward.phase, forward.ops) == ("forward", work)
    assert forward.bytes == sum(a.nbytes for a in (case.x, *given))
    row = np.array([-1, -1, 0, -1, 1, -1, -1, -1], np.int32)
    tables = plan.tap, e.back, e.target, e.edge, row, e.back_group, e.back_member, plan.pixel
    dx = FORMULAS["sparse_conv.dx"](case.x, dyq[:, :, :2], case.w, *tables, case.total)
    mine = g.fan_in[2] + g.fan_in[4]
    assert (dx.phase, dx.ops) == ("dx", 7 * 30 * 9 * mine)
    rows, dw = np.array([2, 4], np.int32), case.w[:mine]
    more = plan.tap, e.start, e.source, rows, row, *alone(2), plan.position, case.total
    assert FORMULAS["sparse_conv.dw"](dw, dyq[:, :, :2], xq, *more).ops == dx.ops
