"""Products of a convolution with some columns, against the dense one whose other columns are zero: exact."""

from contextlib import nullcontext

import numpy as np
import pytest
from helpers import in_pieces, small_integers, unwritten

from minimalbp.backend import get_backend
from minimalbp.layers.window import Window

# batch, height, width, channels, filters, kernel, stride, padding, columns
SHAPES = [
    (1, 1, 1, 1, 1, (1, 1), (1, 1), (0, 0), 1),
    (3, 1, 1, 2, 3, (3, 3), (1, 1), (1, 1), 5),  # a single pixel in a larger window
    (2, 5, 4, 3, 5, (2, 1), (4, 3), (0, 2), 0),  # no column is left
    (
        1,
        4,
        3,
        1,
        2,
        (3, 2),
        (1, 2),
        (3, 4),
        4,
    ),  # padding larger than half of the kernel: windows of zeros only
    (2, 7, 9, 2, 6, (3, 5), (2, 1), (1, 2), 7),
    (3, 6, 6, 17, 33, (3, 3), (1, 1), (1, 1), 40),
    (2, 9, 8, 40, 70, (2, 2), (1, 1), (1, 0), 33),
    (1, 16, 3, 8, 17, (5, 3), (1, 1), (2, 1), 120),  # all of them
]
REFERENCE = get_backend("reference").conv


@pytest.fixture(params=["reference", "cpu", "cpu in 3 pieces"])
def be(request):
    with in_pieces(3) if "pieces" in request.param else nullcontext():
        yield get_backend(request.param.split(" in ")[0])


class Case:
    """The arrays of one shape."""

    def __init__(self, rng, shape, dtype):
        n, height, width, channels, m, kernel, stride, (self.top, self.left), columns = shape
        win = Window.of((height, width), kernel, stride, (self.top, self.left), "a layer")
        self.corner, taps = win.corner, kernel[0] * kernel[1] * channels
        self.x = small_integers(rng, (n, height, width, channels), dtype)
        self.xp = np.pad(self.x, ((0, 0), (self.top, self.top), (self.left, self.left), (0, 0)))
        self.b, self.dy = (small_integers(rng, s, dtype) for s in ((m,), (n, win.positions, m)))
        self.kept = np.sort(rng.choice(taps, columns, replace=False))
        self.w = small_integers(rng, (m, columns), dtype)
        self.dense = np.zeros((m, taps), dtype)
        self.dense[:, self.kept] = self.w
        self.dense = self.dense.reshape(m, *kernel, channels)
        i, rest = np.divmod(self.kept, kernel[1] * channels)
        self.inside = i * self.xp.shape[2] * channels + rest

    def gradients(self, dy):
        """dW of the kept columns, and dx."""
        dw, dx = np.empty_like(self.dense), np.empty_like(self.x)
        REFERENCE.dw_all(dw, dy, self.xp, self.corner, self.top)
        REFERENCE.dx_all(dx, dy, self.dense, self.corner, self.top, self.left)
        return dw.reshape(len(dw), -1)[:, self.kept], dx


@pytest.fixture(params=SHAPES, ids=str)
def case(request, rng, dtype):
    return Case(rng, request.param, dtype)


def test_forward_is_that_of_the_dense_weights(be, case):
    y, expected = unwritten(case.dy.shape, case.x.dtype), np.empty_like(case.dy)
    xp = np.zeros_like(case.xp)
    REFERENCE.forward(expected, case.xp, case.x, case.dense, case.b, case.corner)
    for low in (-np.inf, 0, 2):
        be.packed.forward(y, xp, case.x, case.w, case.b, case.corner, case.inside, low)
        np.testing.assert_array_equal(y, np.maximum(expected, low))
    np.testing.assert_array_equal(xp, case.xp)


def test_nan_is_not_below_anything(be, dtype):
    corner, inside = Window.of((3, 3), (1, 1), (1, 1), (0, 0), "a layer").corner, np.array([0])
    x, y, xp = np.full((1, 3, 3, 1), -1, dtype), unwritten((1, 9, 17), dtype), np.zeros((1, 3, 3, 1), dtype)
    x[0, 1, 1] = np.nan
    be.packed.forward(y, xp, x, np.ones((17, 1), dtype), np.zeros(17, dtype), corner, inside, 0)
    expected = np.zeros((1, 9, 17))
    expected[0, 4] = np.nan
    np.testing.assert_array_equal(y, expected)


def test_dense_backward_of_some_columns(be, case):
    dw, dx = unwritten(case.w.shape, case.x.dtype), unwritten(case.x.shape, case.x.dtype)
    be.packed.dw_all(dw, case.dy, case.xp, case.corner, case.inside, case.top)
    be.packed.dx_all(dx, case.dy, case.w, case.corner, case.inside, case.top, case.left)
    for got, expected in zip((dw, dx), case.gradients(case.dy)):
        np.testing.assert_array_equal(got, expected)


def test_entries_of_any_positions_and_filters_with_some_columns(be, case, rng, monkeypatch):
    for gather in (0, 1e9):  # never by the dense kernel, and nearly always
        monkeypatch.setattr(get_backend("cpu").packed, "GATHER", gather)
        for share in (0.0, 0.2, 1.0):
            some_entries(be, case, rng, share)


def some_entries(be, case, rng, share):
    flat = case.dy.reshape(len(case.dy), -1)
    chosen = [np.flatnonzero(rng.random(flat.shape[1]) < share).astype(np.int32) for _ in flat]
    begin, entry = np.cumsum([0] + [len(c) for c in chosen]).astype(np.int32), np.concatenate(chosen)
    picked, masked = np.concatenate([row[c] for row, c in zip(flat, chosen)]), np.zeros_like(flat)
    for row, all_of_it, c in zip(masked, flat, chosen):
        row[c] = all_of_it[c]
    masked = masked.reshape(case.dy.shape)
    dw_expected, dx_expected = case.gradients(masked)
    for dx in (unwritten(case.x.shape, case.x.dtype), case.x[:0]):
        dw, sums = unwritten(case.w.shape, case.x.dtype), unwritten(case.b.shape, case.x.dtype)
        count, more = unwritten(case.b.shape, "int32"), (case.corner, case.inside, case.top, case.left)
        be.packed.backward_chosen(dw, count, sums, dx, begin, entry, picked, case.xp, case.w, *more)
        np.testing.assert_array_equal(dw, dw_expected)
        np.testing.assert_array_equal(sums, masked.sum(axis=(0, 1)))
        np.testing.assert_array_equal(count, np.count_nonzero(masked, axis=(0, 1)))
        if len(dx):
            np.testing.assert_array_equal(dx, dx_expected)


@pytest.mark.parametrize("n_in, columns", [(1, [0]), (7, [1, 5, 6]), (40, []), (33, range(33))])
def test_spread_puts_columns_in_their_places(be, rng, dtype, n_in, columns):
    columns = np.array(columns, np.int32)
    picked, dx = small_integers(rng, (5, len(columns)), dtype), unwritten((5, n_in), dtype)
    be.packed.spread(dx, picked, columns)
    expected = np.zeros((5, n_in), dtype)
    expected[:, columns] = picked
    np.testing.assert_array_equal(dx, expected)
