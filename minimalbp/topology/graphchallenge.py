"""The networks and inputs of the sparse-DNN GraphChallenge, made again from NumPy and MNIST's training images.

Weights: a RadiX-Net of radices 2 with 16 copies of N / 16 nodes, all weights 1/16. After the first run through
the system, the rows of each run are permuted as MATLAB's randperm does from its default seed, one stream for the
four sizes in ascending order, 1,920 layers each.

Inputs: the images side by side as one strip, made larger in its spectrum, and black or white at half of its
maximum.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadInput, check_float, check_int
from .bipartite import Bipartite
from .blocks import Array, Blocks
from .build import radix_net

__all__ = [
    "CHALLENGE",
    "Challenge",
    "category_text",
    "challenge_images",
    "challenge_layers",
    "image_rows",
    "permutations",
]

COPIES = 16  # of N / 16 nodes; each output has 2 * 16 inputs
WEIGHT = 1 / 16
CEILING = 32  # of the activations
DEPTHS = (120, 480, 1920)
SEED = 5489  # of MATLAB's generator, where nobody sets one
SIDE = 28  # of MNIST's images
SHA_1024 = "a006e26755ca317ecf629035972137457705f20e3139b7796a2f9e9d58c8f4e1"


@dataclass(frozen=True)
class Challenge:
    """What is known of one size of the challenge.

    Parameters
    ----------
    neurons : int
        Nodes of each node layer.
    bias : float
        Of each neuron.
    maximum : float
        The largest value of the enlarged 60,000 images, before half of it divides black from white.
    nonzeros : int
        Ones of all images.
    first_permutation : tuple of int
        The beginning of the first permutation, numbered from 0.
    categories : int or None
        Images with an active output after 120 layers and more; None where it is not known.
    sha256 : str or None
        Of the file of categories: the beginning of it that is known.
    """

    neurons: int
    bias: float
    maximum: float
    nonzeros: int
    first_permutation: tuple[int, ...]
    categories: int | None
    sha256: str | None

    @property
    def side(self) -> int:
        """Pixels along an image."""
        return int(self.neurons**0.5)

    @property
    def period(self) -> int:
        """Layers of one run through the system."""
        return (self.neurons // COPIES).bit_length() - 1


CHALLENGE = {
    one.neurons: one
    for one in (
        Challenge(
            1024,
            -0.3,
            369.3204851,
            6_374_505,
            (608, 451, 122, 447, 871, 771, 98, 745),
            1812,
            SHA_1024,
        ),
        Challenge(4096, -0.35, 377.4677759, 25_019_051, (3409, 1670, 834, 304), 1801, "5ff66a396a73723a"),
        Challenge(16384, -0.4, 382.0475986, 98_858_913, (7768, 14268, 8489, 13554), 1918, None),
        Challenge(65536, -0.45, 385.1244616, 392_191_985, (41138, 18549, 12174, 17948), 1994, None),
    )
}


def challenge(neurons: int) -> Challenge:
    """What is known of this size. Raises BadInput for another one."""
    if neurons not in CHALLENGE:
        raise BadInput(
            f"the challenge has {', '.join(map(str, CHALLENGE))} neurons in a layer, not {neurons}"
        )
    return CHALLENGE[neurons]


def permutations(neurons: int) -> Iterator[Array]:
    """The permutations of the rows, one for each run through the system but the first.

    Parameters
    ----------
    neurons : int
        1024, 4096, 16384 or 65536.

    Yields
    ------
    int64 (neurons,)
        p: row i of a layer without permutation is row p[i] of the layer.

    Raises
    ------
    BadInput
        For another number.

    Examples
    --------
    >>> [int(i) for i in next(permutations(4096))[:4]]
    [3409, 1670, 834, 304]
    """
    challenge(neurons)
    stream = np.random.RandomState(SEED)
    for one in CHALLENGE.values():
        count = (DEPTHS[-1] - 1) // one.period
        if one.neurons < neurons:
            stream.random_sample(count * one.neurons)  # what MATLAB drew for the smaller sizes
        else:
            for _ in range(count):
                yield np.argsort(stream.random_sample(neurons), kind="stable")
            return


def challenge_layers(neurons: int, depth: int) -> Iterator[Bipartite]:
    """The layers of a network, one at a time: its 65,536 x 120 edges take 1 GB, those of one layer 9 MB.

    All weights are 1/16. The layers know their blocks.

    Parameters
    ----------
    neurons : int
        1024, 4096, 16384 or 65536.
    depth : int
        Layers, at most 1920. The challenge has 120, 480 and 1920.

    Yields
    ------
    Bipartite

    Raises
    ------
    BadInput
        For another number.

    Examples
    --------
    >>> layer = next(challenge_layers(1024, 120))
    >>> layer.n_edges, layer.source[:4].tolist()
    (32768, [0, 1, 64, 65])
    """
    found = challenge(neurons)
    if check_int("layers", depth, least=1) > DEPTHS[-1]:
        raise BadInput(f"the challenge has at most {DEPTHS[-1]} layers, not {depth}")
    base = radix_net([[2] * found.period], [COPIES] * (found.period + 1))
    drawn = permutations(neurons)
    order = None
    for i in range(depth):
        if i and i % found.period == 0:
            order = next(drawn).astype(np.int32)
        layer = base[i % found.period]
        if order is not None:
            blocks = layer.blocks
            assert isinstance(blocks, Blocks)
            layer = Bipartite.from_blocks(replace(blocks, order=order))
        yield layer


def image_rows(images: Any, side: int) -> Iterator[Array]:
    """The enlarged images before they become black and white, one row of pixels of all images at a time.

    The images form one strip, whose spectrum gets zeros around it. So neighbours leak into each other: an image
    alone, or another order, gives other pixels. For 60,000 images the strip takes 380 MB, and each row as much
    again at 65,536 pixels.

    Parameters
    ----------
    images : array (count, 28, 28)
        MNIST's training images in the order of its file, from 0 to 255.
    side : int
        32, 64, 128 or 256: more than 28.

    Yields
    ------
    float64 (count, side)
        The pixels of row i of each image, on the scale of `images`.

    Raises
    ------
    BadInput
        For other images, and a smaller side.
    """
    from scipy import fft

    images = np.asarray(images)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE) or not len(images):
        raise BadInput(f"the images must be an array (count, {SIDE}, {SIDE}), not of shape {images.shape}")
    if check_int("side", side) < SIDE:
        raise BadInput(f"side must be at least {SIDE}, not {side}: images are enlarged")
    count, half = len(images), SIDE // 2
    k = np.arange(-half, half)
    up = np.exp(2j * np.pi * np.outer(np.arange(side) * SIDE / side, k) / SIDE)
    rows = up @ np.exp(-2j * np.pi * np.outer(k, np.arange(SIDE)) / SIDE) / SIDE
    strip = images.transpose(1, 0, 2).reshape(SIDE, count * SIDE).astype(np.float64)
    middle, width = half * count, side * count
    for row in rows:
        spectrum = fft.fft(row @ strip, overwrite_x=True)
        padded = np.zeros(width, complex)
        padded[:middle], padded[width - middle :] = spectrum[:middle], spectrum[middle:]
        del spectrum
        pixels = np.abs(fft.ifft(padded, overwrite_x=True)).reshape(count, side)
        pixels *= side / SIDE  # the inverse transform has divided by the larger width
        yield pixels


def challenge_images(
    images: Any, side: int, part: slice | None = None, maximum: float | None = None
) -> Array:
    """The inputs of a network: the images enlarged to side x side, 1 above half of the maximum and else 0.

    Needs side^2 bytes for each image that is returned (60,000 x 256 x 256: 3.9 GB; give parts), and up to 1 GB
    besides. All images are enlarged for each part.

    Parameters
    ----------
    images : array (count, 28, 28)
        As for `image_rows`.
    side : int
        As for `image_rows`: the square root of the neurons.
    part : slice, optional
        The images to return; by default all.
    maximum : float, optional
        The largest value of all rows, if it is known, as `CHALLENGE` has it for the 60,000; it saves half of the
        time. By default it is computed.

    Returns
    -------
    bool (count, side * side)
        Column by column: pixel (row, column) stands at column * side + row.

    Raises
    ------
    BadInput
        As `image_rows` does.
    """
    if maximum is None:
        maximum = max(float(row.max()) for row in image_rows(images, side))
    threshold = check_float("maximum", maximum, 0) / 2
    part = part if part is not None else slice(None)
    count = len(range(*part.indices(len(images))))
    found = np.empty((count, side, side), bool)
    for i, row in enumerate(image_rows(images, side)):
        found[:, :, i] = row[part] > threshold
    return found.reshape(count, side * side)


def category_text(categories: Iterable[int]) -> tuple[str, str]:
    """The text of a file of categories, and its SHA-256.

    Parameters
    ----------
    categories : iterable of int
        The images with an active output, numbered from 0.

    Returns
    -------
    text, sha256 : str
        A line for each image, numbered from 1.

    Examples
    --------
    >>> category_text([286, 294])[0].split()
    ['287', '295']
    """
    text = "".join(f"{int(one) + 1}\n" for one in categories)
    return text, hashlib.sha256(text.encode()).hexdigest()
