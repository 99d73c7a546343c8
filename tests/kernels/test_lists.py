"""systematic, threshold, signs against oracles of loops over fractions; odd numbers; at most k; unbiased."""

from itertools import pairwise

import naive
import numpy as np
import pytest
from helpers import JIT_ONLY, close, small_integers, unwritten

from minimalbp.select import Lists, masked

NAMES = ("systematic", "threshold")
WALKS = pytest.mark.parametrize("over", ["example", "batch"])


def lists_of(be, name, dy, *more):
    """(start, unit, value) as the kernel writes them, cut to what it wrote."""
    k = more[-1]
    start, unit = unwritten(len(dy) + 1, np.int32), unwritten(len(dy) * k, np.int32)
    value = unwritten(len(dy) * k, dy.dtype)
    getattr(be.select, name)(start, unit, value, dy, *more)
    assert start[0] == 0 and start[-1] <= len(dy) * k and (np.diff(start) >= 0).all()
    n = start[-1]
    for lo, hi in pairwise(start):
        assert (np.diff(unit[lo:hi]) > 0).all()  # ascending, without repeats
    return Lists(start, unit[:n], value[:n])


def draw(be, name, dy, u, k):
    lists = lists_of(be, name, dy, np.array(u, np.float64), k)
    return masked(lists, lists.value, dy.shape)


@pytest.mark.parametrize("n", [1, 2, 7, 15, 16, 17, 33, 100])
@WALKS
@pytest.mark.parametrize("name", NAMES)
def test_walks_against_the_oracle(be, dtype, name, over, n, rng):
    compared = 0
    for batch in (1, 2, 7):
        for k in sorted({1, 2, n // 2, n - 1} & set(range(1, n + 1))):
            dy = small_integers(rng, (batch, n), dtype)
            u = rng.random(batch if over == "example" else 1)
            wanted = naive.sampled(
                dy.astype(int).tolist(), u.tolist(), k, be.select.LANES, name == "threshold"
            )
            found = draw(be, name, dy, u, k)
            if wanted is not None:
                close(found, wanted, dtype)
                compared += 1
            assert ((found != 0).sum(axis=1) <= (k if over == "example" else k * batch)).all()
            assert (found[found != 0] * dy[found != 0] > 0).all()
    assert compared >= 3


@pytest.mark.parametrize("n", [1, 2, 7, 17, 100])
def test_signs_against_the_oracle(be, dtype, n, rng):
    for batch in (1, 2, 7):
        dy = small_integers(rng, (batch, n), dtype)
        dy[-1] = abs(dy[-1])  # an example without negative entries has a shorter list
        for k in sorted({1, 2, 3, n // 2, n - 1} & set(range(1, n + 1))):
            lists = lists_of(be, "signs", dy, k)
            found = [lists.unit[lo:hi].tolist() for lo, hi in pairwise(lists.start)]
            assert found == [naive.signs(row, k) for row in dy.tolist()]
            np.testing.assert_array_equal(
                lists.value, [dy[e, j] for e, units in enumerate(found) for j in units]
            )


def test_signs_of_nan_and_infinity(be, dtype):
    dy = np.array([[1, np.nan, -np.inf, np.inf, -1], [-np.nan, 0, -0.0, 2, 3]], dtype)
    lists = lists_of(be, "signs", dy, 2)
    assert lists.start.tolist() == [0, 2, 3]
    assert lists.unit.tolist() == [1, 2, 0]


@WALKS
@pytest.mark.parametrize("name", NAMES)
def test_zeros_have_empty_lists(be, dtype, name, over, rng):
    dy = np.zeros((3, 20), dtype)
    u = rng.random(3 if over == "example" else 1)
    assert lists_of(be, name, dy, u, 4).start.tolist() == [0, 0, 0, 0]
    dy[1, 7] = -3
    found = draw(be, name, dy, u, 4)
    assert found[1, 7] == -3 and np.count_nonzero(found) == 1


@WALKS
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_surfaces_as_in_top_k(be, dtype, name, over, odd, rng):
    dy = rng.normal(size=(3, 20)).astype(dtype)
    dy[1, 7], dy[1, 2] = odd, 0
    u = rng.random(3 if over == "example" else 1)
    found = draw(be, name, dy, u, 4)
    units = naive.top_k(dy[1].tolist(), 4)
    np.testing.assert_array_equal(np.flatnonzero(found[1]), units)
    np.testing.assert_array_equal(found[1, units], dy[1, units])
    assert (np.count_nonzero(found, axis=1) <= 4).all()


@WALKS
@pytest.mark.parametrize("name", NAMES)
def test_sums_that_are_too_small_for_a_step(be, dtype, name, over, rng):
    least = np.finfo(dtype).smallest_subnormal
    dy = np.zeros((2, 40), dtype)
    dy[:, 3:9], dy[:, 20] = least, -2 * least
    u = rng.random(2 if over == "example" else 1)
    found = draw(be, name, dy, u, 2)
    assert np.isfinite(found).all() and found[0, 20] == -2 * least
    assert (np.count_nonzero(found, axis=1) == 2).all()


@WALKS
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spread", [1, 10, 30], ids=str)
def test_sizes_of_many_orders(be, dtype, name, over, spread, rng):
    """At most k, whatever the rounding; threshold keeps the largest as they are."""
    for trial in range(30):
        dy = (rng.normal(size=(5, 37)) * 10.0 ** rng.uniform(-spread, 0, (5, 37))).astype(dtype)
        k = int(rng.integers(1, 36))
        u = rng.random(5 if over == "example" else 1)
        if trial % 3 == 0:
            u[:] = np.nextafter(1, 0) if trial % 2 else 0.0
        found = draw(be, name, dy, u, k)
        most = np.count_nonzero(found, axis=1).max() if over == "example" else np.count_nonzero(found) / 5
        assert most <= k
        if name == "threshold":
            large = np.abs(found).argmax()
            assert found.ravel()[large] == dy.ravel()[large] or np.abs(dy).max() <= np.abs(found).max()


@JIT_ONLY
@WALKS
@pytest.mark.parametrize("name", NAMES)
def test_walks_are_unbiased(be, name, over, rng):
    """The mean of many draws lies within 4 standard errors of dy (5 where a hundred entries are looked at)."""
    dy = rng.standard_t(2, (3, 40)).astype(np.float32)
    draws = np.array([draw(be, name, dy, rng.random(3 if over == "example" else 1), 6) for _ in range(2000)])
    step = min(abs(draws[draws != 0]))
    error = np.sqrt(
        abs(dy) * step / len(draws)
    )  # an entry below a step is one of them with probability |dy| / step
    assert (abs(draws.mean(axis=0) - dy) <= 5 * error + 1e-5).all()
    whole = draws.reshape(len(draws), -1) @ np.cos(
        np.arange(dy.size)
    )  # one number, in which all entries count
    gap = whole.mean() - dy.ravel() @ np.cos(np.arange(dy.size))
    assert abs(gap) <= 4 * whole.std(ddof=1) / np.sqrt(len(draws))


@WALKS
def test_ties_that_take_every_point_leave_nothing_for_what_is_tiny(be, dtype, over):
    for scale in (1, 1e10):
        dy = np.zeros((2, 20), dtype)
        dy[:, [3, 7]], dy[:, 11:15] = -scale, scale * np.finfo(dtype).eps / 100
        found = draw(be, "threshold", dy, [0.5, 0.9] if over == "example" else [0.9], 2)
        assert (found[:, [3, 7]] == -scale).all() and np.count_nonzero(found) == 4


def test_threshold_has_less_variance_than_systematic(be, rng):
    dy = rng.standard_t(2, (1, 60)).astype(np.float32)
    variance = {
        name: np.var([draw(be, name, dy, rng.random(1), 9) for _ in range(400)], axis=0).sum()
        for name in NAMES
    }
    assert variance["threshold"] < variance["systematic"]
