"""CIFAR-10 as a folder of pictures or an archive of one, read once: its arrays as a file that loads in a moment."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import minimalbp as mbp
from minimalbp.files import replacing

from .arms import CIFAR

DEV = 5000  # as many as of MNIST


def stored(folder: Path | None, runs: Path) -> Path:
    """The file in `runs` with the pictures of a folder or data set, written when it is not there yet.

    folder: by default `$MINIMALBP_DATA/cifar10-jpeg`, or an archive that lies in it. The order of the training
    pictures is drawn once for all, so that the first N of them are of all classes. Raises BadInput when there is no
    such folder.
    """
    path = runs / f"{CIFAR}.npz"
    if not path.exists():
        data = mbp.load_dataset(folder or home(), dev=DEV)
        order = np.random.default_rng(0).permutation(len(data.train))
        parts = {"train": (data.train.x[order], data.train.y[order])}
        parts |= {"dev": (data.dev.x, data.dev.y), "test": (data.test.x, data.test.y)}
        arrays = {}
        for name, (x, y) in parts.items():
            arrays |= {f"x_{name}": np.rint(255 * x).astype(np.uint8), f"y_{name}": y}
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
    return path


def home() -> Path:
    """Where the folder lies unless the user says so. Raises BadInput when that is not known."""
    data = os.environ.get("MINIMALBP_DATA")
    if not data:
        raise mbp.BadInput(
            f"no pictures of CIFAR-10; give --cifar PATH, or put {CIFAR}/ into the folder $MINIMALBP_DATA"
        )
    folder = Path(data) / CIFAR
    packed = sorted(folder.glob("*.tar*"))
    return packed[0] if packed else folder


def named(settings: mbp.Settings, path: Path) -> mbp.Settings:
    """The settings with the file in the place of its name."""
    return settings.changed(data=settings.data.replace(CIFAR, str(path)))
