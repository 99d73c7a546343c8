"""Products of a convolution against loops over pixels: exact, since their entries are small integers."""

from contextlib import nullcontext

import numpy as np
import pytest
from helpers import in_pieces, small_integers, unwritten

from minimalbp.backend import get_backend
from minimalbp.layers.window import Window

# batch, height, width, channels, filters, kernel, stride, padding
SHAPES = [
    (1, 1, 1, 1, 1, (1, 1), (1, 1), (0, 0)),
    (3, 1, 1, 2, 3, (3, 3), (1, 1), (1, 1)),  # a single pixel in a larger window
    (2, 1, 2, 1, 2, (3, 1), (1, 1), (1, 0)),  # lines in the margin on both sides of the picture
    (2, 5, 4, 3, 5, (2, 1), (4, 3), (0, 2)),  # a stride larger than the kernel
    (1, 4, 3, 1, 2, (3, 2), (1, 2), (3, 4)),  # padding larger than half of the kernel: windows of zeros only
    (2, 7, 9, 2, 6, (3, 5), (2, 1), (1, 2)),
    (3, 6, 6, 17, 33, (3, 3), (1, 1), (1, 1)),
    (2, 9, 8, 40, 70, (2, 2), (1, 1), (1, 0)),
    (1, 16, 3, 8, 1, (5, 3), (1, 1), (2, 1)),
]
NAMES = ["reference", "cpu", "cpu in 3 pieces"]


@pytest.fixture(params=NAMES)
def be(request):
    with in_pieces(3) if "pieces" in request.param else nullcontext():
        yield get_backend(request.param.split(" in ")[0])


class Case:
    """The arrays of one shape, and what loops over them give."""

    def __init__(self, rng, shape, dtype):
        n, height, width, channels, m, self.kernel, stride, (self.top, self.left) = shape
        self.win = Window.of((height, width), self.kernel, stride, (self.top, self.left), "a layer")
        self.shape = (n, self.win.positions, m)
        self.x = small_integers(rng, (n, height, width, channels), dtype)
        self.w = small_integers(rng, (m, *self.kernel, channels), dtype)
        self.b = small_integers(rng, (m,), dtype)
        self.dy = small_integers(rng, self.shape, dtype)
        self.xp = np.zeros((n, height + 2 * self.top, width + 2 * self.left, channels), dtype)
        self.xp[:, self.top : self.top + height, self.left : self.left + width] = self.x
        down, across = self.win.outputs
        self.places = [(p * stride[0], q * stride[1]) for p in range(down) for q in range(across)]

    def windows(self):
        """(picture, position, window): views of xp."""
        for n, picture in enumerate(self.xp):
            for p, (i, j) in enumerate(self.places):
                yield n, p, picture[i : i + self.kernel[0], j : j + self.kernel[1]]

    def y(self):
        y = np.empty(self.shape)
        for n, p, seen in self.windows():
            for m in range(self.shape[2]):
                y[n, p, m] = (seen * self.w[m]).sum() + self.b[m]
        return y

    def dw(self, dy):
        dw = np.zeros(self.w.shape)
        for n, p, seen in self.windows():
            for m in range(self.shape[2]):
                dw[m] += dy[n, p, m] * seen
        return dw

    def dx(self, dy):
        dx = np.zeros(self.xp.shape)
        for n, p, _ in self.windows():
            i, j = self.places[p]
            for m in range(self.shape[2]):
                dx[n, i : i + self.kernel[0], j : j + self.kernel[1]] += dy[n, p, m] * self.w[m]
        return dx[:, self.top : self.top + self.x.shape[1], self.left : self.left + self.x.shape[2]]

    def some(self, rng, share):
        """dy with a share of the entries, and some of those zero: entries, lists of them, the masked gradient."""
        flat = self.dy.reshape(len(self.dy), -1)
        chosen = [np.flatnonzero(rng.random(flat.shape[1]) < share).astype(np.int32) for _ in flat]
        start = np.cumsum([0] + [len(c) for c in chosen]).astype(np.int32)
        entry, masked = np.concatenate(chosen).astype(np.int32), np.zeros_like(flat)
        for e, mine in enumerate(chosen):
            masked[e, mine] = flat[e, mine]
        value = np.concatenate([flat[e, c] for e, c in enumerate(chosen)])
        return (start, entry, value), masked.reshape(self.shape)


@pytest.fixture(params=SHAPES, ids=str)
def case(request, rng, dtype):
    return Case(rng, request.param, dtype)


def test_forward_writes_the_padded_picture_and_the_product(be, case):
    xp, y = np.zeros_like(case.xp), unwritten(case.shape, case.x.dtype)
    be.conv.forward(y, xp, case.x, case.w, case.b, case.win.corner)
    np.testing.assert_array_equal(xp, case.xp)
    np.testing.assert_array_equal(y, case.y())


def test_dense_backward(be, case):
    dw, dx = unwritten(case.w.shape, case.x.dtype), unwritten(case.x.shape, case.x.dtype)
    be.conv.dw_all(dw, case.dy, case.xp, case.win.corner, case.top)
    np.testing.assert_array_equal(dw, case.dw(case.dy))
    be.conv.dx_all(dx, case.dy, case.w, case.win.corner, case.top, case.left)
    np.testing.assert_array_equal(dx, case.dx(case.dy))


def test_whole_positions(be, case, rng):
    for share in (0.0, 0.3, 1.0):
        whole_positions(be, case, rng, share)


def whole_positions(be, case, rng, share):
    positions = case.shape[0] * case.shape[1]
    rows = np.flatnonzero(rng.random(positions) < share).astype(np.int32)
    flat = case.dy.reshape(positions, -1)
    masked = np.zeros_like(flat)
    masked[rows] = flat[rows]
    masked = masked.reshape(case.shape)
    dw, dx = unwritten(case.w.shape, case.x.dtype), unwritten(case.x.shape, case.x.dtype)
    be.conv.dw_rows(dw, flat[rows], case.xp, case.win.corner, rows)
    np.testing.assert_array_equal(dw, case.dw(masked))
    be.conv.dx_rows(dx, flat[rows], case.w, case.win.corner, rows, case.top, case.left)
    np.testing.assert_array_equal(dx, case.dx(masked))


def test_entries_of_any_positions_and_filters(be, case, rng):
    for share in (0.0, 0.1, 1.0):
        some_entries(be, case, *case.some(rng, share))


def some_entries(be, case, entries, masked):
    dtype, filters = case.x.dtype, case.shape[2]
    dw_expected, dx_expected = case.dw(masked), case.dx(masked)
    for dx in (unwritten(case.x.shape, dtype), np.zeros((0, *case.x.shape[1:]), dtype)):
        dw, sums, count = (
            unwritten(case.w.shape, dtype),
            unwritten((filters,), dtype),
            unwritten((filters,), "int32"),
        )
        more = (case.xp, case.w, case.win.corner, case.top, case.left)
        be.conv.backward_chosen(dw, count, sums, dx, *entries, *more)
        np.testing.assert_array_equal(dw, dw_expected)
        np.testing.assert_array_equal(sums, masked.sum(axis=(0, 1)))
        np.testing.assert_array_equal(count, np.count_nonzero(masked, axis=(0, 1)))
        if len(dx):
            np.testing.assert_array_equal(dx, dx_expected)


def test_nan_and_infinity_reach_the_windows_of_their_position_only(be, dtype):
    win = Window.of((5, 5), (3, 3), (1, 1), (1, 1), "a layer")
    w, xp, dx = np.ones((2, 3, 3, 3), dtype), np.zeros((1, 7, 7, 3), dtype), np.zeros((1, 5, 5, 3), dtype)
    dy = np.zeros((1, 25, 2), dtype)
    dy[0, 0, 1], dy[0, 24, 0] = np.nan, np.inf
    count, dw = np.zeros(2, np.int32), np.zeros_like(w)
    entries = np.array([0, 2], np.int32), np.array([1, 48], np.int32), np.array([np.nan, np.inf], dtype)
    expected = np.zeros((5, 5))
    expected[:2, :2], expected[3:, 3:] = np.nan, np.inf
    for call in (
        lambda: be.conv.dx_all(dx, dy, w, win.corner, 1, 1),
        lambda: be.conv.backward_chosen(
            dw, count, np.zeros(2, dtype), dx, *entries, xp, w, win.corner, 1, 1
        ),
    ):  # fmt: skip
        with np.errstate(invalid="ignore"):
            call()
        np.testing.assert_array_equal(dx[0], np.repeat(expected[:, :, None], 3, axis=2))
    assert count.tolist() == [1, 1]


def test_the_running_mean_follows_each_channel(be, rng, dtype):
    x, mean = small_integers(rng, (2, 3, 4, 5), dtype), np.full(5, 2, dtype)
    be.conv.follow(mean, x, 0.5)
    np.testing.assert_allclose(mean, 1 + x.astype("float64").mean(axis=(0, 1, 2)) / 2, rtol=1e-6, atol=1e-6)


def test_centring_takes_the_mean_out_of_the_sums(be, rng, dtype):
    dw, mean, sums = (small_integers(rng, s, dtype) for s in ((3, 2, 2, 5), (5,), (3,)))
    expected = [
        [[[v - s * m for v, m in zip(tap, mean)] for tap in line] for line in w] for w, s in zip(dw, sums)
    ]
    be.conv.center(dw, mean, sums)
    np.testing.assert_array_equal(dw, expected)
