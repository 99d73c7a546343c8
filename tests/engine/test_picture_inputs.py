"""What a network whose first layer takes feature maps accepts as its input."""

import numpy as np
import pytest
from helpers import refused

import minimalbp as mbp
from minimalbp.seeds import Streams
from minimalbp.train.augment import AugmentedRows


class Picture(mbp.Layer):
    """Takes feature maps and hands them on."""

    takes_maps = True

    def forward(self, x, *, train=True):
        return x

    def backward(self, dy, *, need_dx=True):
        return dy


def net(n_inputs, **options):
    return mbp.Sequential(Picture(), mbp.Flatten(), mbp.Linear(n_inputs, 2), backend="reference", **options)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pictures_in_grey_and_colour(dtype):
    x = net(12, dtype=dtype).prepare(np.ones((5, 3, 4), np.float32))
    assert (x.shape, x.dtype) == ((5, 1, 3, 4), dtype)
    assert net(24).prepare(np.ones((5, 2, 3, 4))).shape == (5, 2, 3, 4)
    assert net(12)(np.ones((1, 3, 4))).shape == (1, 2)


@pytest.mark.parametrize("shape", [(12,), (5, 12), (5, 1, 2, 3, 4)], ids=str)
def test_other_inputs_are_refused(shape):
    if len(shape) == 1:
        refused(lambda: net(12).prepare(np.ones(shape)), "inputs must be (batch, features)")
        return
    refused(
        lambda: net(12).prepare(np.ones(shape)),
        "Picture() takes pictures, (batch, channels, height, width) or grey ones (batch, height, width)",
        f"not inputs of shape {shape}",
    )


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)], ids=str)
def test_augmented_pictures(shape):
    part = mbp.Split(np.ones((5, *shape), np.float32), np.zeros(5, np.int64))
    x, _, _ = AugmentedRows(net(12), part, mbp.Augment(1, True), Streams(0)).take(np.arange(4))
    assert x.shape == (4, *([1] if len(shape) == 2 else []), *shape)
