"""The inputs of the GraphChallenge, made again from MNIST's training images.

All images side by side are one strip, which is made larger in its spectrum, and black or white at half of its
maximum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import BadInput, check_float, check_int
from .blocks import Array

__all__ = ["challenge_images", "image_rows"]

SIDE = 28  # of MNIST's images


def image_rows(images: Any, side: int) -> Iterator[Array]:
    """The enlarged images before they become black and white, one row of pixels of all images at a time.

    The images form one strip, whose spectrum gets zeros around it. So neighbours leak into each other: an image
    alone, or another order, gives other pixels. For 60,000 images this takes 0.4 GB for the strip and, at 256 x 256
    pixels, 0.9 GB for a row.

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
        lines = row.real @ strip + 1j * (row.imag @ strip)  # a complex product would copy the whole strip
        spectrum = fft.fft(lines, overwrite_x=True)
        padded = np.zeros(width, complex)
        padded[:middle], padded[width - middle :] = spectrum[:middle], spectrum[middle:]
        del lines, spectrum
        pixels = np.abs(fft.ifft(padded, overwrite_x=True)).reshape(count, side)
        pixels *= side / SIDE  # the inverse transform has divided by the larger width
        yield pixels


def challenge_images(
    images: Any,
    side: int,
    part: slice | None = None,
    maximum: float | None = None,
    tick: Callable[[], None] = lambda: None,
) -> Array:
    """The inputs of a network: the images enlarged to side x side, 1 above half of the maximum and else 0.

    Needs side^2 bytes for each image that is returned (60,000 x 256 x 256: 3.9 GB; give parts), and up to
    1.3 GB besides. All images are enlarged for each part.

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
    tick : callable, optional
        Called without arguments after each of the `side` rows of pixels, for a progress bar.

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
        tick()
    return found.reshape(count, side * side)
