"""MNIST and the sets made in its likeness: four IDX files, known by hash."""

from __future__ import annotations

from ..dataset import Dataset
from ..formats.idx import NAMES, parse_idx
from .division import with_first_dev
from .read import read_known
from .registry import KnownSet


def load_known(
    entry: KnownSet, *, dev: float | int | None = None, test: float | int | None = None
) -> Dataset:
    """A known set of four IDX files, found or fetched, divided as `with_first_dev` does."""
    raw, kinds = read_known(entry)
    arrays = {name: parse_idx(data, name) for name, data in raw.items()}
    train, own_test = ((arrays[images], arrays[labels]) for images, labels in NAMES.values())
    hashes = {file.name: file.sha256 for file in entry.files}
    return with_first_dev(entry, {"train": train, "test": own_test}, hashes, kinds, dev=dev, test=test)
