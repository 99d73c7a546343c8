"""Softmax with cross-entropy against the oracle, and where logits are huge, infinite or NaN."""

import math

import naive
import numpy as np
import pytest
from helpers import close, unwritten


def run(be, logits, labels, factor):
    losses, dlogits = unwritten(len(logits), logits.dtype), unwritten(logits.shape, logits.dtype)
    be.loss.softmax_cross_entropy(losses, dlogits, logits, np.array(labels, np.int32), factor)
    return losses, dlogits


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 3), (5, 7), (33, 17)], ids=str)
@pytest.mark.parametrize("mean", [True, False])
def test_against_the_oracle(be, dtype, size, mean, rng):
    logits = (3 * rng.normal(size=size)).astype(dtype)
    labels = rng.integers(0, size[1], size[0]).tolist()
    factor = 1 / size[0] if mean else 1.0
    losses, dlogits = run(be, logits, labels, factor)
    expected = naive.softmax_cross_entropy(logits.tolist(), labels, factor)
    close(losses, expected[0], dtype)
    close(dlogits, expected[1], dtype)
    close(dlogits.sum(axis=1), 0, dtype)


def test_huge_logits_do_not_overflow(be, dtype):
    losses, dlogits = run(be, np.array([[1e30, -1e30], [-1e30, -1e30]], dtype), [0, 1], 1.0)
    close(losses, [0, math.log(2)], dtype)
    close(dlogits, [[0, 0], [0.5, -0.5]], dtype)


def test_a_class_ruled_out(be, dtype, quiet):
    """exp(-inf) is 0: no probability, and an infinite loss for who has that label."""
    logits = np.array([[-np.inf, 0, 0], [-np.inf, 0, 0]], dtype)
    losses, dlogits = run(be, logits, [1, 0], 1.0)
    np.testing.assert_allclose(losses, [math.log(2), np.inf], rtol=1e-6)
    np.testing.assert_allclose(dlogits, [[0, -0.5, 0.5], [-1, 0.5, 0.5]], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_reaches_loss_and_gradient(be, dtype, bad, quiet):
    for place in range(3):
        logits = np.zeros((2, 3), dtype)
        logits[0, place] = bad
        losses, dlogits = run(be, logits, [1, 1], 1.0)
        assert np.isnan(losses[0])
        assert np.isnan(dlogits[0]).any()
        close(losses[1], math.log(3), dtype)  # the other example has its own
