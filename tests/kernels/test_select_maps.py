"""Selection in feature maps: top_k_batch, bottom_k, random_k and positions against the oracle and the reference."""

from itertools import combinations, pairwise, product

import naive
import numpy as np
import pytest
from helpers import NO_JIT, small_integers, unwritten
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minimalbp.backend import get_backend

SAMPLE = 1 << 12  # as in kernels/cpu/selection/batch.py
LISTS = ("top_k_batch", "bottom_k")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, np.inf, -np.inf, np.nan, -np.nan, 2.5]


def lists_of(be, name, dy, k):
    """The units of each list; their values are checked to be those of dy, bit for bit."""
    start, unit = unwritten(len(dy) + 1, np.int32), unwritten(dy[:, :k].size, np.int32)
    value, scratch = (
        unwritten(dy[:, :k].size, dy.dtype),
        (unwritten(dy.shape, np.int32), np.full_like(dy, np.nan)),
    )
    before = dy.tobytes()
    getattr(be.select, name)(start, unit, value, dy, k, *(scratch if name == "top_k_batch" else ()))
    assert dy.tobytes() == before
    n = start[-1]
    example = np.repeat(np.arange(len(dy)), np.diff(start))
    assert start[0] == 0 and value[:n].tobytes() == dy[example, unit[:n]].tobytes()
    return [unit[lo:hi].tolist() for lo, hi in pairwise(start)]


def oracle(name, dy, k):
    rows = dy.tolist()
    return naive.top_k_batch(rows, k) if name == "top_k_batch" else [naive.bottom_k(row, k) for row in rows]


@pytest.mark.parametrize("n", [1, 2, 7, 17, 40])
@pytest.mark.parametrize("name", LISTS)
def test_lists_of_numbers_with_ties(be, dtype, name, n, rng):
    for batch in (1, 2, 5):
        dy = small_integers(rng, (batch, n), dtype)
        dy[-1] *= 100  # an example that wants more than its share
        for k in sorted({1, 2, n // 2, n - 1, n} & set(range(1, n + 1))):
            assert lists_of(be, name, dy, k) == oracle(name, dy, k)


@given(data=st.data())
def test_lists_of_anything(be, dtype, data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
    width = int(dtype[5:])
    entries = st.sampled_from(SPECIAL) | st.floats(width=width)
    if dtype == "float32":
        entries = entries.map(lambda v: float(np.float32(v)))
    dy = data.draw(hnp.arrays(dtype, shape, elements=entries))
    k = data.draw(st.integers(1, shape[1]))
    for name in LISTS:
        assert lists_of(be, name, dy, k) == oracle(name, dy, k)


def test_the_batch_decides_what_an_example_gets(be, dtype):
    dy = np.array([[1, -9, 8, 0], [0, 2, 0, -7], [0, 0, 0, 0]], dtype)
    assert lists_of(be, "top_k_batch", dy, 1) == [[1, 2], [3], []]
    assert lists_of(be, "top_k_batch", dy, 3) == [[0, 1, 2], [1, 3], []]  # zeros are no entries
    dy[:] = [[1, 2, 2, 2], [2, 3, 2, 2], [2, 2, 2, 2]]
    assert lists_of(be, "top_k_batch", dy, 1) == [[1, 2], [1], []]  # of ties the first


def test_nan_is_the_last_to_be_small(be, dtype):
    dy = np.array([[np.nan, -np.inf, 0, -2, -np.nan, 1]], dtype)
    assert lists_of(be, "bottom_k", dy, 1) == [[5]]
    assert lists_of(be, "bottom_k", dy, 3) == [[1, 3, 5]]
    assert lists_of(be, "bottom_k", dy, 4) == [[0, 1, 3, 5]]
    assert lists_of(be, "top_k_batch", dy, 1) == [[0]]


def test_zeros_have_empty_lists(be, dtype):
    for name in LISTS:
        assert lists_of(be, name, np.zeros((3, 20), dtype), 4) == [[], [], []]


def sampled(size):
    """The entries from which a batch of `size` guesses its threshold."""
    return np.unique((np.arange(SAMPLE) * 0.6180339887498949 % 1 * size).astype(int))


def batches(dtype, rng):
    """{what it is like: a batch that is larger than the sample}."""
    shape = 5, 2500
    dy = rng.normal(size=shape)
    found = {
        "normal": dy,
        "few entries": dy * (rng.random(shape) < 0.03),
        "one example": dy * np.array([1e-9, 1e-9, 1, 0, 1e-9])[:, None],
        "ties": rng.integers(-4, 5, shape),
        "equal": np.ones(shape),
        "all NaN": np.full(shape, np.nan),
        "wide": dy * 10.0 ** rng.uniform(-30, 7, shape),
        "near zero": np.where(rng.random(shape) < 0.5, np.finfo(dtype).smallest_subnormal, 0),
    }
    for name, factor in (("the sample is small", 1e-6), ("the sample is large", 1e6)):
        found[name] = dy.copy()
        found[name].flat[sampled(dy.size)] *= factor
    return {name: batch.astype(dtype) for name, batch in found.items()}


def test_a_batch_that_is_larger_than_its_sample(be, dtype, rng):
    reference = get_backend("reference")
    for name, dy in batches(dtype, rng).items():
        for k in (125,) if NO_JIT else (1, 25, 125, 1250):
            wanted = lists_of(reference, "top_k_batch", dy, k)
            assert lists_of(be, "top_k_batch", dy, k) == wanted, (name, k)


def random_k(be, u, n):
    chosen = unwritten(u.shape, np.int32)
    be.select.random_k(chosen, u, n)
    return chosen.tolist()


@pytest.mark.parametrize("n, k", [(1, 1), (3, 1), (5, 3), (5, 5), (6, 2)])
def test_each_set_of_k_is_drawn_equally_often(be, n, k):
    """Number i is read to one part in n - k + i + 1: all combinations of these parts."""
    parts = [(np.arange(last) + 0.5) / last for last in range(n - k + 1, n + 1)]
    u = np.array(list(product(*parts)))
    drawn = random_k(be, u, n)
    sets = [list(units) for units in combinations(range(n), k)]
    assert [drawn.count(units) for units in sets] == [len(u) / len(sets)] * len(sets)


def test_draws_are_those_of_the_reference_at_the_limits_too(be, rng):
    reference = get_backend("reference")
    for batch, n in ((1, 17), (7, 40), (5, 1000)):
        for k in (1, n // 2, n - 1, n):
            for u in (rng.random((batch, k)), np.zeros((batch, k)), np.full((batch, k), np.nextafter(1, 0))):
                drawn = random_k(be, u, n)
                assert drawn == random_k(reference, u, n)
                assert all(units == sorted(set(units)) and 0 <= units[0] <= units[-1] < n for units in drawn)


def positions(be, g, k):
    index, energy = unwritten((len(g), k), np.int32), unwritten(g.shape[:2], g.dtype)
    be.select.positions(index, energy, g)
    return index.tolist(), energy


@pytest.mark.parametrize("channels", [1, 3, 17])
@pytest.mark.parametrize("size", [1, 2, 9, 35])
def test_positions(be, dtype, size, channels, rng):
    for batch in (1, 2, 5):
        g = small_integers(rng, (batch, size, channels), dtype)
        for k in sorted({1, (size + 1) // 2, size}):
            index, energy = positions(be, g, k)
            assert index == naive.positions(g.tolist(), k)
            np.testing.assert_array_equal(energy, (g * g).sum(axis=2))


def test_a_position_with_nan_comes_first(be, dtype, quiet):
    g = np.zeros((2, 4, 3), dtype)
    g[0, 2, 1], g[0, 1, 0], g[1, 3, 2] = np.nan, np.inf, -1
    assert positions(be, g, 1)[0] == [[2], [7]]
    assert positions(be, g, 2)[0] == [[1, 2], [4, 7]]
