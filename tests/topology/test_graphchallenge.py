"""The GraphChallenge's layers and images: fixed points, and properties that a wrong stream would not have."""

import hashlib

import numpy as np
import pytest

from minimalbp import BadInput
from minimalbp.data import KNOWN
from minimalbp.data.formats.idx import parse_idx
from minimalbp.data.known.locations import locate, read_verified
from minimalbp.topology import (
    CHALLENGE,
    Topology,
    category_text,
    challenge_images,
    challenge_layers,
    count_paths,
    image_rows,
    permutations,
)


@pytest.mark.parametrize("neurons", CHALLENGE)
def test_the_first_permutation(neurons):
    known = CHALLENGE[neurons].first_permutation
    found = next(permutations(neurons))
    assert tuple(found[: len(known)]) == known
    assert np.array_equal(np.sort(found), np.arange(neurons))


@pytest.mark.parametrize("neurons, count", [(1024, 319), (4096, 239)])
def test_as_many_permutations_as_runs(neurons, count):
    drawn = list(permutations(neurons))
    assert len(drawn) == count and len({tuple(p[:8]) for p in drawn}) == count


def test_layers_by_the_definition():
    """N = 1024: 64 nodes in 16 copies, radices 2; L[p] = base after the first six layers."""
    layers = list(challenge_layers(1024, 14))
    base = []
    for k in range(6):
        shifts = np.eye(64, dtype=bool) | np.roll(np.eye(64, dtype=bool), -(2**k), axis=1)
        base.append(np.kron(np.ones((16, 16), bool), shifts))
    drawn = permutations(1024)
    for i, layer in enumerate(layers):
        w = base[i % 6]
        if i % 6 == 0 and i:
            p = next(drawn)
        if i >= 6:
            w = np.empty_like(w)
            w[p] = base[i % 6]
        np.testing.assert_array_equal(layer.mask().T, w)
        assert layer.blocks is not None


def test_the_network_is_symmetric():
    found = count_paths(Topology(list(challenge_layers(1024, 12))))
    assert found.symmetric and found.most == 64 * 16**11


@pytest.mark.parametrize("neurons", CHALLENGE)
def test_edges_of_each_size(neurons):
    layer = next(challenge_layers(neurons, 1))
    assert layer.n_edges == 32 * neurons and set(layer.fan_in) == set(layer.fan_out) == {32}
    assert CHALLENGE[neurons].side ** 2 == neurons


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: next(permutations(1000)),
            "the challenge has 1024, 4096, 16384, 65536 neurons in a layer, not 1000",
        ),
        (lambda: next(challenge_layers(1024, 0)), "layers must be at least 1, not 0"),
        (lambda: next(challenge_layers(1024, 1921)), "at most 1920 layers, not 1921"),
        (lambda: next(image_rows(np.zeros((2, 28, 27)), 32)), "must be an array"),
        (lambda: next(image_rows(np.zeros((0, 28, 28)), 32)), "must be an array"),
        (lambda: next(image_rows(np.zeros((2, 28, 28)), 27)), "side must be at least 28, not 27"),
        (lambda: challenge_images(np.ones((2, 28, 28)), 32, maximum=-1), "maximum must be a number"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(BadInput, match=message):
        make()


# --- images ---------------------------------------------------------------------------------------------


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28)).astype(np.uint8)


def enlarged(images, side):
    """The definition: the 2-D spectrum of the strip with zeros around it, and its magnitude."""
    count = len(images)
    strip = images.transpose(1, 0, 2).reshape(28, 28 * count).astype(float)
    spectrum = np.fft.fftshift(np.fft.fft2(strip))
    high, wide = side, side * count
    padded = np.zeros((high, wide), complex)
    top, left = high // 2 - 14, wide // 2 - 14 * count
    padded[top : top + 28, left : left + 28 * count] = spectrum
    result = np.abs(np.fft.ifft2(np.fft.ifftshift(padded))) * high * wide / strip.size
    return result.reshape(side, count, side).transpose(1, 0, 2)


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_images_by_the_definition(count, side):
    images = pictures(count)
    wanted = enlarged(images, side)
    rows = list(image_rows(images, side))
    assert len(rows) == side
    np.testing.assert_allclose(np.stack(rows, axis=1), wanted, atol=1e-9)
    found = challenge_images(images, side)
    columns = (wanted > wanted.max() / 2).transpose(0, 2, 1).reshape(count, -1)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, columns)


def test_the_size_of_images_is_kept_where_it_is_theirs():
    images = pictures(3)
    np.testing.assert_allclose(np.stack(list(image_rows(images, 28)), axis=1), images, atol=1e-9)


def test_parts_of_all_images():
    images = pictures(6)
    whole = challenge_images(images, 32)
    maximum = max(row.max() for row in image_rows(images, 32))
    np.testing.assert_array_equal(challenge_images(images, 32, slice(2, 5)), whole[2:5])
    np.testing.assert_array_equal(challenge_images(images, 32, slice(2, 5), maximum), whole[2:5])
    assert challenge_images(images, 32, slice(4, 4)).shape == (0, 1024)
    alone = challenge_images(images[:3], 32)
    assert (alone != whole[:3]).any()  # neighbours leak into each other


@pytest.mark.slow
def test_mnist_at_1024_neurons(users_data):
    mnist = KNOWN["mnist"]
    hit = locate(mnist, mnist.files[0])
    if hit is None:
        pytest.skip("no copy of MNIST in MINIMALBP_DATA")
    images = parse_idx(read_verified(mnist, mnist.files[0], hit[1]), mnist.files[0].name)
    assert images.shape == (60_000, 28, 28)
    known = CHALLENGE[1024]
    found = challenge_images(images, 32, maximum=known.maximum)
    assert found.sum() == known.nonzeros
    ones = np.flatnonzero(found[0])
    assert len(ones) == 113 and ones[:6].tolist() == [187, 219, 251, 282, 283, 296]


# --- categories -----------------------------------------------------------------------------------------


def test_categories_are_lines_numbered_from_1():
    text, sha256 = category_text(np.array([286, 294, 59897]))
    assert text == "287\n295\n59898\n"
    assert sha256 == hashlib.sha256(b"287\n295\n59898\n").hexdigest()
