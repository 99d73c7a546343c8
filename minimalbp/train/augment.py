"""Augmentation: each time that a picture is trained on, it may be shifted and mirrored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_int, short
from ..network import Sequential
from ..seeds import Streams
from .batches import Batch, Rows

FORM = "crop and a number of pixels, flip, or both, such as crop4,flip"


@dataclass(frozen=True)
class Augment:
    """What may happen to a picture each time that a network is trained on it. Dev and test stay as they are.

    Parameters
    ----------
    crop : int, default 0
        Pixels of zeros that are added on each side. A part of the old size is then cut out, each with the same
        probability: so the picture moves by -crop to crop pixels in each direction. 0: it stays.
    flip : bool, default False
        Whether left and right change places in half of the pictures.

    Raises
    ------
    BadInput
        For other values, and where nothing is left to do.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> str(mbp.Augment(crop=4, flip=True))
    'crop4,flip'
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], backend="reference")
    >>> adam = mbp.Adam(net.parameters(), lr=0.01)
    >>> history = mbp.fit(net, data, adam, epochs=1, augment=mbp.Augment(crop=1))
    """

    crop: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "crop", check_int("crop", self.crop))
        if not isinstance(self.flip, bool):
            raise BadInput(f"flip must be True or False, not {short(self.flip)}")
        if not self.crop and not self.flip:
            raise BadInput("an Augment without crop and flip does nothing; leave it out, or give one of them")

    def __str__(self) -> str:
        return ",".join([f"crop{self.crop}"] * (self.crop > 0) + ["flip"] * self.flip)


def parse_augment(text: str) -> Augment:
    """The Augment that a text such as "crop4,flip" stands for.

    Parameters
    ----------
    text : str
        The word flip, the word crop with a number of pixels, or both with a comma between them.

    Returns
    -------
    Augment

    Raises
    ------
    BadInput
        For anything else.

    Examples
    --------
    >>> parse_augment("crop4,flip")
    Augment(crop=4, flip=True)
    """
    words = [word.strip() for word in text.split(",")] if isinstance(text, str) else []
    crops = [word.removeprefix("crop") for word in words if re.fullmatch(r"crop[1-9][0-9]{0,5}", word)]
    flips = words.count("flip")
    if not words or len(crops) > 1 or flips > 1 or len(crops) + flips != len(words):
        raise BadInput(f"augment must be {FORM}, not {short(text)}")
    return Augment(int(crops[0]) if crops else 0, bool(flips))


class AugmentedRows(Rows):
    """The feed of pictures that are augmented. The seed, the epoch and its number decide what happens to a picture.

    Parameters
    ----------
    net : Sequential
        The network that is trained.
    part : Split, or any object with x and y
        x (n, height, width) or (n, channels, height, width).
    augment : Augment
        What may happen to them.
    streams : Streams
        Of the training's seed.

    Raises
    ------
    BadInput
        Where the examples are no pictures, or `crop` could move one out of sight.
    """

    def __init__(self, net: Sequential, part: Any, augment: Augment, streams: Streams):
        shape: tuple[int, ...] = () if hasattr(part, "feed") else part.x.shape[1:]
        if len(shape) not in (2, 3):
            what = f"have the shape {shape}" if shape else "are none"
            raise BadInput(
                "augment needs pictures, (height, width) or (channels, height, width), "
                f"but these examples {what}; leave it out"
            )
        if augment.crop >= min(shape[-2:]):
            raise BadInput(
                f"crop {augment.crop} could move a picture of {shape[-2]}x{shape[-1]} out of sight; "
                f"give at most {min(shape[-2:]) - 1}"
            )
        super().__init__(net, part)
        self.pictures = self.x.reshape(len(self.x), -1, *shape[-2:])  # also where the network takes vectors
        self.augment, self.streams = augment, streams
        self.begin(0)

    def begin(self, epoch: int) -> None:
        rng, n = self.streams.generator("augment", epoch), len(self)
        crop = self.augment.crop
        self.shifts = rng.integers(-crop, crop + 1, (n, 2)) if crop else np.zeros((n, 2), np.int64)
        self.mirrored = rng.integers(0, 2, n) if self.augment.flip else np.zeros(n, np.int64)

    def take(self, which: np.ndarray) -> Batch:
        out = self.buf.get("x", (len(which), *self.pictures.shape[1:]), self.x.dtype.name)
        labels = self.buf.get("labels", (len(which),), "int32")
        np.take(self.labels, which, out=labels, mode="clip")
        if self.augment.crop:
            out.fill(0)
        shifts, mirrored = self.shifts[which].tolist(), self.mirrored[which].tolist()
        for picture, i, (down, right), mirror in zip(out, which.tolist(), shifts, mirrored):
            move(picture, self.pictures[i], down, right, bool(mirror))
        return out.reshape(len(which), *self.x.shape[1:]), labels, None


def move(out: Array, picture: Array, down: int, right: int, mirror: bool) -> None:
    """out (channels, height, width) = the picture moved down and right, then mirrored. What is uncovered stays."""
    height, width = picture.shape[1:]
    if mirror:
        out = out[:, :, ::-1]
    out[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = picture[
        :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
