"""The digits that ship inside scikit-learn: 1,797 real ones of 8 x 8 pixels, no network needed."""

from __future__ import annotations

import numpy as np

from ..assemble import RawData, assemble
from ..dataset import Dataset
from ..raw_files import sha256


def load_digits(*, dev: float | int | None = None, test: float | int | None = None, seed: int = 0) -> Dataset:
    """Digits as (n, 8, 8) images, pixels / 16, divided 1,079 / 359 / 359 (60, 20 and 20 %), stratified.

    `dev` and `test` are fractions or counts of the 1,797, by default 0.2 each. One seed gives the same division
    on every machine.
    """
    from sklearn import datasets

    bunch = datasets.load_digits()
    images = bunch.images.astype(np.uint8)
    raw = RawData(
        {"all": (images.astype(np.float32) / np.float32(16), bunch.target)},
        {"digits": sha256(images.tobytes() + bunch.target.astype(np.uint8).tobytes())},
        classes=tuple("0123456789"),
    )
    return assemble("digits", raw, dev=dev, test=test, seed=seed, source="scikit-learn")
