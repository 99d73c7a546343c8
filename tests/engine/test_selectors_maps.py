"""Selectors of whole positions and channels: which, on what, and who refuses them."""

import numpy as np
import pytest
from helpers import refused, small_integers

import minimalbp as mbp
from minimalbp.backend import Buffers, get_backend
from minimalbp.select import SELECTORS, Whole, masked

WHOLE = (mbp.Positions, mbp.Channels)
whole = pytest.mark.parametrize("kind", WHOLE, ids=lambda kind: kind.name)


def choose(selector, g, backend):
    be = get_backend(backend)
    return selector(g, be, Buffers(be, str(g.dtype)), None)


def largest(energy, k):
    """The k largest, the first of equals, ascending."""
    return sorted(sorted(range(len(energy)), key=lambda i: -energy[i])[:k])


@pytest.mark.parametrize("shape", [(1, 2, 1), (3, 9, 5), (2, 35, 4)], ids=str)
def test_positions_are_each_examples_own(backend, dtype, shape, rng):
    batch, size, _ = shape
    g = small_integers(rng, shape, dtype)
    for k in sorted({1, size // 2, size - 1}):
        axis, index = choose(mbp.Positions(k), g, backend)
        assert axis == "positions" and index.dtype == np.int32
        energy = (g * g).sum(axis=2).tolist()
        assert index.tolist() == [e * size + p for e in range(batch) for p in largest(energy[e], k)]


@pytest.mark.parametrize("shape", [(1, 1, 2), (3, 9, 5), (2, 35, 40)], ids=str)
def test_channels_are_those_of_the_batch(backend, dtype, shape, rng):
    g = small_integers(rng, shape, dtype)
    for k in sorted({1, shape[2] // 2, shape[2] - 1}):
        axis, index = choose(mbp.Channels(k), g, backend)
        assert axis == "channels" and index.dtype == np.int32
        assert index.tolist() == largest((g * g).sum(axis=(0, 1)).tolist(), k)


@whole
def test_all_of_them_is_dense(kind, backend):
    g = np.ones((2, 5, 5))
    for selector in (kind(5), kind(7), kind(ratio=1.0)):
        assert choose(selector, g, backend) is None


def test_only_these_are_of_whole_positions_or_channels():
    assert [kind for kind in SELECTORS.values() if kind.whole] == list(WHOLE)


@pytest.mark.parametrize("selector", [mbp.Positions(2), mbp.Channels(2)], ids=lambda s: s.name)
def test_the_gradient_that_whole_positions_and_channels_stand_for(selector, backend, rng):
    g = small_integers(rng, (3, 5, 4), "float64")
    choice = choose(selector, g, backend)
    kept = np.zeros(g.shape, bool)
    if choice.axis == "positions":
        kept.reshape(15, 4)[choice.which] = True
        picked = g.reshape(15, 4)[choice.which]
    else:
        kept[..., choice.which] = True
        picked = g[..., choice.which]
    assert (
        isinstance(choice, Whole)
        and kept.sum() == {"positions": 3 * 2 * 4, "channels": 3 * 5 * 2}[choice.axis]
    )
    np.testing.assert_array_equal(masked(choice, picked, g.shape), np.where(kept, g, 0))
    np.testing.assert_array_equal(masked(choice, picked.reshape(-1), g.shape), np.where(kept, g, 0))


def test_linear_layers_refuse_them_and_say_what_to_take():
    refused(lambda: mbp.Linear(3, 4, select=mbp.Positions(2)), "select positions is for Conv2d", "TopK(k=2)")
    refused(
        lambda: mbp.Linear(3, 4, select=mbp.Channels(2)),
        "select channels is for Conv2d",
        "UnifiedTopK(k=2, score='l2')",
    )
    refused(lambda: mbp.LSTM(3, 4, select=mbp.Positions(2)), "select must be one of", "Positions(k=2")


def test_what_linear_layers_of_the_same_network_take():
    assert mbp.Positions(3).for_vectors() == mbp.TopK(3)
    assert mbp.Positions(ratio=0.2).for_vectors() == mbp.TopK(ratio=0.2)
    assert mbp.Channels(3).for_vectors() == mbp.UnifiedTopK(3, score="l2")
    for selector in (mbp.Dense(), mbp.TopK(3, over="batch"), mbp.RandomK(2, scaled=True), mbp.BottomK(2)):
        assert selector.for_vectors() is selector


def test_channels_choose_as_the_units_of_a_linear_layer(backend, dtype, rng):
    g = rng.normal(size=(5, 1, 9)).astype(dtype)
    selector, be = mbp.Channels(3), get_backend(backend)
    units = selector.for_vectors()(g[:, 0], be, Buffers(be, dtype), None)
    assert choose(selector, g, backend).which.tolist() == units.tolist()


def test_an_lstm_refuses_top_k_over_the_batch():
    refused(lambda: mbp.LSTM(3, 4, select=mbp.TopK(2, over="batch")), "TopK (over examples)", "over='batch'")


def test_names_of_the_command_line():
    wanted = {"sample": mbp.TopK(3), "topk": mbp.TopK(3), "batch": mbp.TopK(3, over="batch"),
              "bottom": mbp.BottomK(3), "positions": mbp.Positions(3), "channels": mbp.Channels(3)}  # fmt: skip
    for name, selector in wanted.items():
        settings = mbp.Settings(select=name, k=3)
        assert settings.selector() == selector and settings.arm() == f"{name} 3"
