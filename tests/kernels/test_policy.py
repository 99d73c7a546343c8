"""Numba's options in one place: the cache where it can be, the compiler's licence, the pieces of large work."""

from types import SimpleNamespace

import numba
import pytest

from minimalbp.kernels.cpu import policy


@pytest.fixture
def asked(monkeypatch):
    """The options of each call of numba.njit, which compiles nothing here."""
    calls = []

    def njit(**options):
        calls.append(options)
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)
    return calls


def double(x):
    return 2 * x


def test_a_kernel_is_cached_and_keeps_nan(asked, monkeypatch):
    monkeypatch.setattr(policy, "stamp", lambda compiled, path: True)
    assert policy.kernel(double) is double
    assert policy.kernel(parallel=True)(double) is double
    plain, parallel = asked
    assert plain == {
        "cache": True, "fastmath": policy.FAST, "error_model": "numpy", "nogil": True, "parallel": False,
    }  # fmt: skip
    assert parallel == plain | {"parallel": True}
    assert not policy.FAST & {"nnan", "ninf", "fast"}  # these would delete the handling of NaN


def test_without_a_folder_for_the_cache_a_kernel_compiles_anew(monkeypatch):
    refused = []

    def njit(cache=False, **options):
        if cache:
            refused.append(options)
            raise RuntimeError("cannot cache function 'double': no locator available for file")
        return numba.njit(**options)

    monkeypatch.setattr(policy, "numba", SimpleNamespace(njit=njit))
    assert policy.kernel(double)(21) == 42
    assert len(refused) == 1


def test_other_errors_are_not_hidden(monkeypatch):
    def njit(**options):
        raise TypeError("no such option")

    monkeypatch.setattr(numba, "njit", njit)
    with pytest.raises(TypeError, match="no such option"):
        policy.kernel(double)


def test_pieces_of_large_work_only():
    before = policy.pieces(10**9)
    with policy.threads(2):
        assert policy.pieces(2 * policy.PIECE) == 2
        assert policy.pieces(2 * policy.PIECE - 1) == 1
        with policy.threads(1):
            assert policy.pieces(10**9) == 1
        assert policy.pieces(10**9) == 2
    assert policy.pieces(10**9) == before
    with pytest.raises(KeyError), policy.threads(2):
        raise KeyError
    assert policy.pieces(10**9) == before
