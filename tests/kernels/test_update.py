"""One step of each optimiser kernel against a loop over its entries."""

import math

import naive
import numpy as np
import pytest
from helpers import close

OFF = math.inf
CASES = {  # kernel: (moments, settings of the kernel, the same step by the oracle)
    "sgd": (1, (0.9,), lambda w, s, g, lr: naive.sgd(w, s, g, lr, 0.9)),
    "sgd plain": (0, (0.0,), lambda w, s, g, lr: naive.sgd(w, s, g, lr, 0.0)),
    "adagrad": (1, (1e-6,), lambda w, s, g, lr: naive.adagrad(w, s, g, lr, 1e-6)),
    "adam": (2, (0.9, 1 - 0.9, 0.99, 1 - 0.99, 1e-8), None),
}
every_case = pytest.mark.parametrize("case", sorted(CASES))


def adam(w, s, g, lr):
    m, v = 0.9 * s[0] + (1 - 0.9) * g, 0.99 * s[1] + (1 - 0.99) * g * g
    return w - lr * m / (math.sqrt(v) + 1e-8), (m, v)  # the kernel is told the corrected rate


def step(be, case, w, state, rows, g, lr, decay, clip, scale, everywhere):
    kernel = getattr(be.update, case.split()[0])
    slots = state or ([w[:0]] if case == "sgd plain" else [])
    rule = np.array([lr, *CASES[case][1], decay, clip, scale], w.dtype)
    kernel(w, *slots, rows, g, rule, everywhere)


def expected(case, w, state, rows, g, lr, decay, clip, scale, everywhere):
    oracle = CASES[case][2] or adam
    w, state, rows = w.astype(float), [s.astype(float) for s in state], rows.tolist()
    for o in range(len(w)):
        if o not in rows and not everywhere:
            continue
        for i in range(w.shape[1]):
            raw = float(g[rows.index(o), i]) if o in rows else 0.0
            grad = naive.gradient(float(w[o, i]), raw, decay, clip, scale)
            w[o, i], new = oracle(float(w[o, i]), tuple(float(s[o, i]) for s in state), grad, lr)
            for s, value in zip(state, new):
                s[o, i] = value
    return w, state


def made(rng, case, shape, k, dtype):
    w = rng.normal(size=shape).astype(dtype)
    state = [rng.random(shape).astype(dtype) for _ in range(CASES[case][0])]
    rows = np.sort(rng.permutation(shape[0])[:k]).astype(np.int32)
    return w, state, rows, rng.normal(size=(k, shape[1])).astype(dtype)


@every_case
@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("size", [(1, 1, 1), (3, 5, 2), (7, 2, 7), (17, 33, 5), (40, 3, 1)], ids=str)
def test_against_the_oracle(be, dtype, case, everywhere, size, rng):
    for decay, clip, scale in ((0.0, OFF, 1.0), (0.1, 0.5, 0.3)):
        w, state, rows, g = made(rng, case, size[:2], size[2], dtype)
        rest = (0.1, decay, clip, scale, everywhere)
        want_w, want_state = expected(case, w, state, rows, g, *rest)
        before = w.copy()
        step(be, case, w, state, rows, g, *rest)
        close(w, want_w, dtype)
        for s, want in zip(state, want_state):
            close(s, want, dtype)
        if not everywhere:
            others = np.setdiff1d(np.arange(len(w)), rows)
            assert w[others].tobytes() == before[others].tobytes()


@every_case
def test_nan_and_infinity_travel(be, dtype, case, rng, quiet):
    """NaN passes the limit of the entries, infinity is cut by it; the neighbours stay finite."""
    for clip, spoilt in ((OFF, [True, True, False]), (0.5, [True, False, False])):
        w, state, rows, g = made(rng, case, (2, 3), 1, dtype)
        g[0] = np.nan, np.inf, 1
        step(be, case, w, state, rows, g, 0.1, 0.0, clip, 1.0, True)
        assert (~np.isfinite(w[rows[0]])).tolist() == spoilt
        assert np.isfinite(w[1 - rows[0]]).all()


@pytest.mark.parametrize("case", ["sgd", "adam"])
def test_moments_become_zero_before_they_are_subnormal(be, dtype, case):
    """A row without gradients decays to exactly zero, and a moment that is large enough does not."""
    tiny = be.update.TINY
    w = np.ones((1, 4), dtype)
    state = [np.array([[tiny, -tiny, 2 * tiny, -2 * tiny]], dtype)]
    if case == "adam":
        state.append(np.abs(state[0]))
    rows, g = np.zeros(0, np.int32), np.zeros((0, 4), dtype)
    step(be, case, w, state, rows, g, 0.1, 0.0, OFF, 1.0, True)
    for s in state:
        assert (s == 0).tolist() == [[True, True, False, False]]
    state[0][:] = np.nan
    step(be, case, w, state, rows, g, 0.1, 0.0, OFF, 1.0, True)
    assert np.isnan(state[0]).all()


def test_sum_of_squares_is_added_in_double(be, dtype, rng):
    out = np.array([10.0])
    g = rng.normal(size=(7, 17)).astype(dtype)
    be.update.sum_of_squares(out, g)
    np.testing.assert_allclose(out[0], 10 + math.fsum(v * v for v in g.ravel().tolist()), rtol=1e-14)
    be.update.sum_of_squares(out, np.full((1, 3), 1e30, dtype))  # its square is beyond float32
    np.testing.assert_allclose(out[0], 3e60, rtol=1e-6)
