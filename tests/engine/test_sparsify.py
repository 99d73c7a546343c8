"""Sparsify: the gradient that it passes on is that of the chosen entries, for every form of choice."""

import numpy as np
import pytest
from helpers import close, refused, small_integers

import minimalbp as mbp
from minimalbp.select import Lists, Selector, Whole, masked

SELECTORS = {
    "dense": mbp.Dense(), "topk": mbp.TopK(3), "unified": mbp.UnifiedTopK(3),
    "random scaled": mbp.RandomK(3, scaled=True), "systematic": mbp.Systematic(3),
    "threshold batch": mbp.Threshold(3, over="batch"),
}  # fmt: skip


def layer_of(select, backend, dtype):
    layer = mbp.Sparsify(select)
    mbp.Sequential(layer, backend=backend, dtype=dtype, rng=1)
    return layer


def expected(select, layer, dy):
    """What is left of dy (batch, n) by the same draw."""
    before = layer.rng.bit_generator.state if layer.rng else None
    choice = select(dy, layer.be, layer.buf, layer.rng)
    if layer.rng:
        layer.rng.bit_generator.state = before
    if choice is None:
        return dy
    if isinstance(choice, Lists):
        return masked(choice, choice.value, dy.shape)
    chosen = np.broadcast_to(choice, (len(dy), choice.shape[-1]))
    return masked(choice, select.scale(dy.shape[1]) * np.take_along_axis(dy, chosen, 1), dy.shape)


@pytest.mark.parametrize("shape", [(1, 7), (4, 7), (3, 2, 2, 3), (1, 1, 1, 5)], ids=str)
@pytest.mark.parametrize("name", SELECTORS)
def test_what_is_not_chosen_becomes_zero(name, shape, backend, dtype, rng):
    layer = layer_of(SELECTORS[name], backend, dtype)
    x, dy = rng.normal(size=shape).astype(dtype), small_integers(rng, shape, dtype)
    assert layer.forward(x) is x
    last = np.ascontiguousarray(np.moveaxis(dy, 1, -1)) if len(shape) == 4 else dy  # as the kernels see maps
    want = expected(SELECTORS[name], layer, last.reshape(shape[0], -1)).reshape(last.shape)
    dx = layer.backward(dy)
    assert dx.shape == shape and dx.dtype == np.dtype(dtype)
    close(dx, np.moveaxis(want, -1, 1) if len(shape) == 4 else want, dtype)
    assert layer.backward(dy, need_dx=False) is None


class Wholes(Selector):
    """The last position of the first picture, or the last filter."""

    name, whole = "wholes", True

    def __init__(self, axis):
        self.axis = axis

    def __call__(self, dy, be, buf, rng):
        return Whole(self.axis, np.array([dy.shape[1 if self.axis == "positions" else 2] - 1], np.int32))


@pytest.mark.parametrize("axis", ["positions", "channels"])
def test_whole_positions_and_channels(axis, backend, dtype, rng):
    layer, dy = layer_of(Wholes(axis), backend, dtype), rng.normal(size=(2, 3, 2, 4)).astype(dtype)
    want = np.zeros_like(dy)
    where = (0, slice(None), 1, 3) if axis == "positions" else (slice(None), 2)
    want[where] = dy[where]
    np.testing.assert_array_equal(layer.backward(dy), want)
    refused(lambda: layer.backward(dy.reshape(2, -1)), "chooses among maps but gets (2, 24)")


def test_it_is_known_by_its_selector():
    layer = mbp.Sparsify(mbp.TopK(3))
    assert layer.selection() == {"select": {"name": "topk", "k": 3}} and layer.elementwise
    assert layer.describe() == {"layer": "Sparsify"}
    refused(lambda: mbp.Sparsify(3), "must be a selector", "3")
