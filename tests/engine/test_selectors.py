"""Selectors: what they refuse, how many units they take, and which."""

import math
from itertools import combinations, pairwise

import naive
import numpy as np
import pytest
from helpers import JIT_ONLY, full_gradient, refused, small_integers
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minimalbp as mbp
from minimalbp.backend import Buffers, get_backend
from minimalbp.select import SELECTORS, Lists, masked

SOME = (mbp.TopK, mbp.UnifiedTopK, mbp.RandomK, mbp.Systematic, mbp.Threshold, mbp.Signs, mbp.BottomK)
some = pytest.mark.parametrize("kind", SOME, ids=lambda kind: kind.name)
any_kind = pytest.mark.parametrize("kind", (*SOME, mbp.Positions, mbp.Channels), ids=lambda kind: kind.name)


def choose(selector, dy, be, seed=0):
    buf = Buffers(be, str(dy.dtype))
    choice = selector(dy, be, buf, np.random.default_rng(seed))
    if isinstance(choice, Lists):
        return [choice.unit[lo:hi].tolist() for lo, hi in pairwise(choice.start)]
    return None if choice is None else choice.tolist()


@any_kind
@pytest.mark.parametrize("k", [0, -1, math.nan, 1.5, 2.0, True, "5", math.inf, [3]], ids=repr)
def test_k_is_refused_at_construction(kind, k):
    refused(lambda: kind(k), "k must be", repr(k))


@any_kind
@pytest.mark.parametrize("ratio", [0, 0.0, -0.1, 1.01, math.nan, math.inf, True, "0.5"], ids=repr)
def test_ratio_is_refused_at_construction(kind, ratio):
    refused(lambda: kind(ratio=ratio), "ratio must be", repr(ratio))


@any_kind
def test_exactly_one_of_k_and_ratio(kind):
    refused(lambda: kind(), "either k or ratio")
    refused(lambda: kind(5, ratio=0.1), "either k or ratio")


@any_kind
def test_units_of_a_layer(kind):
    assert [kind(k).units(5) for k in (1, 4, 5, 6, 10**9)] == [1, 4, 5, 5, 5]
    assert kind(np.int64(3)).units(5) == 3
    wanted = {0.001: 1, 0.05: 25, 0.0513: 26, 1: 500}
    assert {r: kind(ratio=r).units(500) for r in wanted} == wanted
    assert kind(ratio=0.5).units(3) == 2  # round half to even, as Python does
    assert kind(ratio=0.5).units(1) == 1


@some
def test_all_units_is_dense(kind, backend):
    be, dy = get_backend(backend), np.ones((2, 5))
    for selector in (kind(5), kind(7), kind(ratio=1.0)):
        assert choose(selector, dy, be) is None
        assert selector.scale(5) == 1


def test_dense_chooses_nothing(backend):
    dense = mbp.Dense()
    assert choose(dense, np.ones((2, 3)), get_backend(backend)) is None
    assert (dense.units(7), dense.scale(7), dense.describe()) == (7, 1.0, {"name": "dense"})


def test_descriptions_make_the_selector_again():
    made = [mbp.Dense(), mbp.TopK(3), mbp.UnifiedTopK(ratio=0.2, score="l2"), mbp.RandomK(2, scaled=True),
            mbp.Systematic(3), mbp.Systematic(ratio=0.1, over="batch"), mbp.Threshold(4), mbp.Signs(2),
            mbp.TopK(3, over="batch"), mbp.BottomK(2), mbp.Positions(ratio=0.1), mbp.Channels(2)]  # fmt: skip
    for selector in made:
        settings = selector.describe()
        assert SELECTORS[settings.pop("name")](**settings) == selector
    assert mbp.TopK(3).describe() == {"name": "topk", "k": 3}  # as in files of older versions


@pytest.mark.parametrize("n", [2, 3, 5, 17, 40])
def test_top_k_is_each_examples_own(backend, dtype, n, rng):
    dy = small_integers(rng, (7, n), dtype)
    for k in sorted({1, n // 2, n - 1}):
        chosen = choose(mbp.TopK(k), dy, get_backend(backend))
        assert chosen == [naive.top_k(row, k) for row in dy.tolist()]


@given(data=st.data())
def test_the_chosen_set_has_maximal_magnitude(backend, dtype, data):
    """No unit left out is larger than one taken; what is taken ascends and has no repeats."""
    n = data.draw(st.integers(2, 17))
    width = int(dtype[5:])
    entries = st.floats(width=width) | st.sampled_from([0.0, -0.0, 1.0, -1.0])
    dy = data.draw(hnp.arrays(dtype, (data.draw(st.integers(1, 5)), n), elements=entries))
    k = data.draw(st.integers(1, n - 1))
    for g, units in zip(dy.tolist(), np.atleast_2d(choose(mbp.TopK(k), dy, get_backend(backend))).tolist()):
        assert units == sorted(set(units)) and len(units) == k
        for left_out in set(range(n)) - set(units):
            for taken in units:
                assert not naive.larger(g[left_out], g[taken])
                if not naive.larger(g[taken], g[left_out]):
                    assert taken < left_out


@pytest.mark.parametrize("score", ["sum", "mean", "l2", "signed"])
def test_unified_choice_is_the_top_of_the_scores(backend, dtype, score, rng):
    for batch, n in ((1, 2), (3, 5), (17, 33)):
        dy = rng.normal(size=(batch, n)).astype(dtype)
        for k in sorted({1, n // 2, n - 1}):
            chosen = choose(mbp.UnifiedTopK(k, score=score), dy, get_backend(backend))
            assert chosen == naive.top_k(naive.score(dy.tolist(), score), k)


def test_unified_scores_choose_differently(backend):
    """One column of cancelling entries, one of a single large entry, one of many middling ones."""
    dy = np.array([[3.0, 4.5, 2.2], [-3.0, 0.0, 2.2]])
    be = get_backend(backend)
    first = {s: choose(mbp.UnifiedTopK(1, score=s), dy, be)[0] for s in ("sum", "mean", "l2", "signed")}
    assert first == {"sum": 0, "mean": 0, "l2": 1, "signed": 1}
    assert choose(mbp.UnifiedTopK(2, score="sum"), dy, be) == [0, 1]
    assert choose(mbp.UnifiedTopK(2, score="signed"), dy, be) == [1, 2]


def test_unknown_words_are_refused():
    refused(lambda: mbp.UnifiedTopK(3, score="summ"), "score 'summ'", "did you mean 'sum'")
    for kind in (mbp.TopK, mbp.Systematic, mbp.Threshold):
        refused(lambda kind=kind: kind(3, over="bach"), "over 'bach'", "did you mean 'batch'")


def test_random_k_is_uniform_over_sets(backend):
    """Every set of 3 units out of 5 equally often: chi-square of 10 sets, 9 degrees of freedom."""
    draws = 3000
    chosen = choose(mbp.RandomK(3), np.zeros((draws, 5)), get_backend(backend), seed=1)
    sets = list(combinations(range(5), 3))
    counts = [chosen.count(list(units)) for units in sets]
    assert sum(counts) == draws  # ascending, without repeats
    mean = draws / len(sets)
    assert sum((c - mean) ** 2 / mean for c in counts) < 27.9  # exceeded once in a thousand seeds


def test_random_k_is_drawn_anew_and_does_not_look_at_dy(backend, dtype, rng):
    be, selector, generator = get_backend(backend), mbp.RandomK(2), np.random.default_rng(3)
    buf = Buffers(be, dtype)
    first = selector(np.zeros((5, 7), dtype), be, buf, generator).tolist()
    second = selector(np.zeros((5, 7), dtype), be, buf, generator).tolist()
    assert first != second
    generator = np.random.default_rng(3)
    assert selector(rng.normal(size=(5, 7)).astype(dtype), be, buf, generator).tolist() == first


def test_random_k_is_the_same_on_every_backend(dtype):
    dy = np.zeros((7, 17), dtype)
    a, b = (choose(mbp.RandomK(4), dy, get_backend(name)) for name in ("reference", "cpu"))
    assert a == b


def test_scaled_random_k_is_unbiased(backend):
    """The mean of many draws: dy with the factor n / k, k / n of dy without it, up to 4 standard errors."""
    draws, n, k = 4000, 7, 3
    dy = np.tile(np.array([1.0, -2, 0, 4, 0.5, -3, 8]), (draws, 1))
    error = 4 * math.sqrt((1 - k / n) / (k / n) / draws)
    for scaled, expected in ((True, 1), (False, k / n)):
        layer = mbp.Linear(1, n, select=mbp.RandomK(k, scaled=scaled), bias_rows="chosen")
        net = mbp.Sequential(layer, backend=backend, dtype="float64", rng=5)
        net.forward(np.ones((draws, 1)))
        net.backward(dy)
        np.testing.assert_allclose(layer.bias.grad.values / draws, expected * dy[0], rtol=error)
        np.testing.assert_allclose(layer.weight.grad.values[:, 0], layer.bias.grad.values)


WALKS = [kind(6, over=over) for kind in (mbp.Systematic, mbp.Threshold) for over in ("example", "batch")]
walks = pytest.mark.parametrize("select", WALKS, ids=lambda s: f"{s.name} {s.over}")


@walks
def test_walks_choose_at_most_k(select, backend, dtype, rng):
    for batch in (1, 3, 10):
        dy = (rng.normal(size=(batch, 40)) * 10.0 ** rng.uniform(-9, 0, (batch, 40))).astype(dtype)
        for seed in range(10):
            counts = [len(units) for units in choose(select, dy, get_backend(backend), seed)]
            assert sum(counts) <= 6 * batch and (select.over == "batch" or max(counts) <= 6)


@walks
def test_walks_over_the_batch_go_where_the_gradients_are(select, backend, rng):
    """An example that is learnt gets next to nothing, and the others get its points, where they share them."""
    dy = rng.normal(size=(4, 40))
    dy[0] *= 1e-6
    counts = [len(units) for units in choose(select, dy, get_backend(backend))]
    if select.over == "batch":
        assert counts[0] <= 1 and sum(counts[1:]) >= 18
    else:
        assert min(counts) >= 3


@JIT_ONLY
@walks
def test_the_gradients_of_a_layer_are_unbiased(select, backend, rng):
    """Their mean over many draws is the dense gradient, up to 4 standard errors: one number of each array."""
    draws, x, dy = 1500, rng.normal(size=(3, 5)), rng.standard_t(2, (3, 40))
    found = {}
    for name, choice in (("sparse", select), ("dense", mbp.Dense())):
        layer = mbp.Linear(5, 40, select=choice, bias_rows="chosen")
        net = mbp.Sequential(layer, backend=backend, dtype="float64", rng=5)
        net.forward(x)
        found[name] = np.empty((draws, 3))
        for drawn in found[name] if name == "sparse" else found[name][:1]:
            dx = net.backward(dy)
            arrays = (dx, full_gradient(layer.weight), full_gradient(layer.bias))
            drawn[:] = [float(a.ravel() @ np.cos(np.arange(a.size))) for a in arrays]
    sparse, dense = found["sparse"], found["dense"][0]
    error = sparse.std(axis=0, ddof=1) / math.sqrt(draws)
    assert (error > 0).all()
    assert (abs(sparse.mean(axis=0) - dense) <= 4 * error).all()


def test_walks_are_drawn_anew_and_again_from_the_same_seed(backend, dtype, rng):
    be, dy = get_backend(backend), rng.normal(size=(7, 40)).astype(dtype)
    for select in WALKS:
        assert choose(select, dy, be, 1) == choose(select, dy, be, 1) != choose(select, dy, be, 2)


def test_signs_choose_the_largest_of_each_sign(backend, dtype, rng):
    dy = small_integers(rng, (7, 17), dtype)
    for k in (1, 2, 5, 16):
        chosen = choose(mbp.Signs(k), dy, get_backend(backend))
        assert chosen == [naive.signs(row, k) for row in dy.tolist()]


def test_top_k_over_the_batch_goes_where_the_gradients_are(backend, dtype, rng):
    dy = small_integers(rng, (7, 17), dtype)
    dy[2] *= 10
    dy[4] /= 10
    for k in (1, 4, 16):
        chosen = choose(mbp.TopK(k, over="batch"), dy, get_backend(backend))
        assert chosen == naive.top_k_batch(dy.tolist(), k)
    assert len(choose(mbp.TopK(4, over="batch"), dy, get_backend(backend))[2]) > 4


def test_bottom_k_chooses_the_smallest_that_are_not_zero(backend, dtype, rng):
    dy = small_integers(rng, (7, 17), dtype)
    for k in (1, 5, 16):
        chosen = choose(mbp.BottomK(k), dy, get_backend(backend))
        assert chosen == [naive.bottom_k(row, k) for row in dy.tolist()]


def test_the_gradient_that_a_choice_stands_for(backend, rng):
    """`masked` of what a layer chose is what its products were made of."""
    dy, x = rng.normal(size=(4, 9)), rng.normal(size=(4, 3))
    for select in (
        mbp.Dense(),
        mbp.TopK(2),
        mbp.TopK(2, over="batch"),
        mbp.UnifiedTopK(2),
        mbp.RandomK(2, scaled=True),
        *WALKS,
        mbp.Signs(3),
        mbp.BottomK(3),
    ):
        layer = mbp.Linear(3, 9, select=select)
        net = mbp.Sequential(layer, backend=backend, dtype="float64")
        net.forward(x)
        dx = net.backward(dy)
        left = masked(layer.last_choice, layer.last_picked, dy.shape)
        np.testing.assert_allclose(dx, left @ layer.weight.value, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(full_gradient(layer.weight), left.T @ x, rtol=1e-12, atol=1e-14)
