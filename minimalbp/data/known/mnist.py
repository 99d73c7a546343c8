"""MNIST and the sets made in its likeness: four IDX files, known by hash."""

from __future__ import annotations

from ...errors import BadInput
from ..assemble import RawData, assemble
from ..dataset import Dataset
from ..divide import share
from ..formats.idx import NAMES, parse_idx
from .read import read_known
from .registry import KnownSet


def load_known(
    entry: KnownSet, *, dev: float | int | None = None, test: float | int | None = None
) -> Dataset:
    """A known set of four IDX files, found or fetched, with the papers' division.

    `dev` is a count or fraction of the FIRST training images, by default the papers' 5,000. `test` must be
    None, because these sets have a test part of their own.
    """
    raw, kinds = read_known(entry)
    arrays = {name: parse_idx(data, name) for name, data in raw.items()}
    (x, y), own_test = ((arrays[images], arrays[labels]) for images, labels in NAMES.values())
    n_dev = share("dev", entry.sizes[1] if dev is None else dev, len(x))
    if n_dev >= len(x):
        raise BadInput(f"{entry.name}: dev {n_dev} of {len(x)} training images leaves none to train on")
    parts = {"train": (x[n_dev:], y[n_dev:]), "dev": (x[:n_dev], y[:n_dev]), "test": own_test}
    hashes = {file.name: file.sha256 for file in entry.files}
    return assemble(
        entry.name, RawData(parts, hashes, entry.classes), test=test, source=", ".join(sorted(kinds))
    )
