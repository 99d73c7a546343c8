"""Delta: the identities of the paper's Eqn (3), and what must hold for any setting."""

import numpy as np
import pytest

from minimalbp.prune import delta, linear_delta

A, U = 0.05, 0.25
SIZES = [(75, 0.5), (75, 0.9), (800, 0.75), (1, 0.5), (3, 0.9)]


def centre(zero, u):
    return zero * np.log(1 / u) / np.log(2 / u)


@pytest.mark.parametrize(("n", "ratio"), SIZES)
@pytest.mark.parametrize("u", [0.1, 0.25, 0.5])
def test_it_meets_the_identities_of_the_formula(n, ratio, u):
    zero = ratio * n
    middle = centre(zero, u)
    at = lambda r: float(delta([r], zero, A, u)[0])  # noqa: E731
    assert at(0) == A
    assert at(zero) == pytest.approx(0, abs=1e-15)
    assert at(middle) == pytest.approx(u * A)
    for s in np.linspace(0, middle, 7):
        assert at(middle + s) + at(middle - s) == pytest.approx(2 * u * A)


def test_the_centre_is_at_two_thirds_of_the_ratio_for_a_quarter():
    assert centre(75, 0.25) == pytest.approx(50)


@pytest.mark.parametrize(("ratio", "last"), [(0.5, -3.5), (0.75, -0.5), (0.9, -0.13)])
def test_the_strongest_group_falls_by_what_the_formula_says(ratio, last):
    n = 800
    expected = last if ratio != 0.5 else max(last, -1 / A)
    assert delta([n], ratio * n, A, U)[0] / A == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("function", [delta, linear_delta])
@pytest.mark.parametrize(("n", "ratio"), SIZES)
def test_it_falls_strictly_until_it_is_cut(function, n, ratio):
    found = function(np.arange(n + 1.0), ratio * n, A, U)
    falling = found[found > -1 + 1e-12]
    assert (np.diff(falling) < 0).all() and (found >= -1 - 1e-12).all()


@pytest.mark.parametrize("function", [delta, linear_delta])
def test_a_rank_far_above_the_zero_does_not_overflow(function):
    with np.errstate(all="raise", under="ignore"):
        assert function([1e9], 0.5, A, U)[0] == pytest.approx(-1)
