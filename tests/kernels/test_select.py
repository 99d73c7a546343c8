"""top_k, score and invert against the oracle: ties, NaN, infinity, both zeros, every k."""

import naive
import numpy as np
import pytest
from helpers import close, small_integers, unwritten
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minimalbp.select import even

SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-40, -1e-40, np.inf, -np.inf, np.nan, -np.nan, 2.5]


def top_k(be, dy, k):
    chosen = unwritten((len(dy), k), np.int32)
    be.select.top_k(chosen, dy)
    return chosen.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 17, 33, 40])
def test_top_k_of_numbers_with_ties(be, dtype, n, rng):
    for batch in (1, 2, 5):
        dy = small_integers(rng, (batch, n), dtype)
        for k in sorted({1, 2, n // 2, n - 1, n} & set(range(1, n + 1))):
            assert top_k(be, dy, k) == [naive.top_k(row, k) for row in dy.tolist()]


def test_ties_go_to_the_lower_unit(be, dtype):
    assert top_k(be, np.array([[1, -2, 2, -2, 1, 2]], dtype), 2) == [[1, 2]]
    assert top_k(be, np.array([[0, -0.0, 0, 3, -0.0]], dtype), 3) == [[0, 1, 3]]
    assert top_k(be, np.zeros((2, 5), dtype), 4) == [[0, 1, 2, 3]] * 2


def test_nan_counts_as_largest(be, dtype):
    dy = np.array([[1, np.inf, np.nan, -np.inf, -np.nan]], dtype)
    assert top_k(be, dy, 1) == [[2]]
    assert top_k(be, dy, 2) == [[2, 4]]
    assert top_k(be, dy, 3) == [[1, 2, 4]]
    assert top_k(be, dy, 4) == [[1, 2, 3, 4]]


def test_every_bit_pattern_of_nan_is_one_nan(be, dtype):
    """The first of two NaN is chosen, whatever they carry beside being NaN."""
    dy = np.full((1, 3), np.nan, dtype)
    bits = dy.view({"float32": np.uint32, "float64": np.uint64}[dtype])
    bits[0] += np.array([0, 5, 1], bits.dtype)
    assert np.isnan(dy).all()
    assert top_k(be, dy, 1) == [[0]]
    assert top_k(be, dy, 2) == [[0, 1]]


def test_the_choice_leaves_dy_alone(be, dtype, rng):
    dy = rng.normal(size=(3, 17)).astype(dtype)
    before = dy.copy()
    top_k(be, dy, 5)
    assert dy.tobytes() == before.tobytes()


@given(data=st.data())
def test_top_k_of_anything(be, dtype, data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
    width = int(dtype[5:])
    entries = st.sampled_from(SPECIAL) | st.floats(width=width)
    if dtype == "float32":
        entries = entries.map(lambda v: float(np.float32(v)))
    dy = data.draw(hnp.arrays(dtype, shape, elements=entries))
    k = data.draw(st.integers(1, shape[1]))
    assert top_k(be, dy, k) == [naive.top_k(row, k) for row in dy.tolist()]


def test_an_example_that_misleads_the_next(be, dtype):
    """The search begins where the last example's ended: here far above or below all but a NaN."""
    least = np.finfo(dtype).smallest_subnormal
    wide, flat = np.zeros(100), np.full(100, least)
    wide[:45], wide[45:60], flat[3] = np.finfo(dtype).max, least, np.nan
    ordinary = np.cos(np.arange(100))
    rows = [
        wide,
        flat,
        ordinary * 1e-30,
        np.zeros(100),
        ordinary * 1e30,
        flat,
        wide,
        np.full(100, np.inf),
        ordinary,
    ]
    dy = np.array(rows, dtype)
    for k in (1, 10, 49, 51, 99):
        assert top_k(be, dy, k) == [naive.top_k(row, k) for row in dy.tolist()]


@pytest.mark.parametrize("kind", ["sum", "mean", "l2", "signed"])
def test_scores(be, dtype, kind, rng):
    for batch, n in ((1, 1), (1, 7), (2, 3), (17, 5), (5, 33), (3, 200)):
        dy = rng.normal(size=(batch, n)).astype(dtype)
        out = unwritten(n, dtype)
        be.select.score(out, dy, be.select.SCORES.index(kind))
        close(out, naive.score(dy.tolist(), kind), dtype)


@pytest.mark.parametrize("kind", ["sum", "mean", "l2", "signed"])
def test_scores_of_nan_and_infinity(be, dtype, kind, quiet):
    dy = np.array([[np.nan, np.inf, 0, 1], [2, 3, -0.0, -np.inf]], dtype)
    out = unwritten(4, dtype)
    be.select.score(out, dy, be.select.SCORES.index(kind))
    np.testing.assert_array_equal(out, [np.nan, np.inf, 0, np.inf])


def test_opposite_gradients_cancel_only_in_the_signed_score(be, dtype):
    dy = np.array([[3, 1], [-3, 1]], dtype)
    for kind, scores in {"sum": [6, 2], "mean": [3, 1], "signed": [0, 2]}.items():
        out = unwritten(2, dtype)
        be.select.score(out, dy, be.select.SCORES.index(kind))
        np.testing.assert_array_equal(out, scores)


@pytest.mark.parametrize("batch", [1, 2, 7])
@pytest.mark.parametrize("room", [1, 3, 17])
def test_pack(be, dtype, room, batch, rng):
    """Lists that begin the rows of tables follow each other; what stands behind them is not read."""
    for length in (rng.integers(0, room + 1, batch), np.zeros(batch, int), np.full(batch, room)):
        chosen, picked = unwritten((batch, room), np.int32), unwritten((batch, room), dtype)
        lists = [rng.permutation(99)[:n].tolist() for n in length]
        for e, units in enumerate(lists):
            chosen[e, : len(units)], picked[e, : len(units)] = units, np.array(units) / 4
        start, unit = unwritten(batch + 1, np.int32), unwritten(batch * room, np.int32)
        value = unwritten(batch * room, dtype)
        be.select.pack(start, unit, value, length.astype(np.int32), chosen, picked)
        assert start.tolist() == [0, *np.cumsum(length)]
        n = start[-1]
        assert unit[:n].tolist() == [j for units in lists for j in units]
        np.testing.assert_array_equal(value[:n], unit[:n] / 4)
        assert (unit[n:] == -77).all()  # left as it was


@pytest.mark.parametrize("batch", [1, 2, 7, 33])
@pytest.mark.parametrize("n", [1, 3, 17, 40])
def test_invert(be, n, batch, rng):
    for k in sorted({1, (n + 1) // 2, n}):
        chosen = np.stack([np.sort(rng.permutation(n)[:k]) for _ in range(batch)]).astype(np.int32)
        rows, start, example = (unwritten(size, np.int32) for size in (n, n + 1, batch * k))
        count = unwritten(1, np.int32)
        picked = rng.normal(size=chosen.shape)
        value = unwritten(batch * k, np.float64)
        lists_of = even(batch, k), chosen.ravel(), picked.ravel()
        be.select.invert(rows, start, example, value, count, *lists_of)
        lists = naive.invert(chosen.tolist())
        r = count[0]
        assert rows[:r].tolist() == list(lists)
        found = [example[start[s] : start[s + 1]].tolist() for s in range(r)]
        assert found == list(lists.values())
        wanted = [picked[e, list(chosen[e]).index(unit)] for unit, who in lists.items() for e in who]
        np.testing.assert_array_equal(value, wanted)
        assert start[0] == 0 and start[r] == batch * k
        assert (rows[r:] == -77).all() and (start[r + 1 :] == -77).all()  # left as it was


@pytest.mark.parametrize("batch", [1, 2, 7])
@pytest.mark.parametrize("n", [1, 3, 17])
def test_counts_of_gradients_that_are_not_zero(be, n, batch, rng):
    """Zero-valued picks are not active; NaN is. What was counted before stays."""
    for k in sorted({1, (n + 1) // 2, n}):
        chosen = np.stack([np.sort(rng.permutation(n)[:k]) for _ in range(batch)]).astype(np.int32)
        picked = rng.choice([0.0, -0.0, 1.5, -2e-300, np.nan], chosen.shape)
        hits = np.full(n, 7)
        be.select.count_chosen(hits, chosen, picked)
        wanted = [7] * n
        for units, values in zip(chosen.tolist(), picked.tolist()):
            for unit, value in zip(units, values):
                wanted[unit] += value != 0
        assert hits.tolist() == wanted
        hits = np.full(n, 7)
        be.select.count_rows(hits, chosen[0], picked)
        shared = np.count_nonzero(picked, axis=0)
        assert hits.tolist() == [7 + dict(zip(chosen[0], shared)).get(unit, 0) for unit in range(n)]
