"""The papers' division of a known set: dev is the first of its training examples."""

from __future__ import annotations

from ...errors import BadInput
from ..assemble import Arrays, RawData, assemble
from ..dataset import Dataset
from ..divide import share
from .registry import KnownSet


def with_first_dev(
    entry: KnownSet,
    parts: dict[str, Arrays],
    sha256: dict[str, str],
    kinds: set[str],
    *,
    dev: float | int | None,
    test: float | int | None,
) -> Dataset:
    """A known set from its own parts "train" and "test".

    `dev` is a count or fraction of the FIRST training examples, by default as many as the registry says. `test`
    must be None, because these sets have a test part of their own. `kinds` says where the files were found.
    """
    x, y = parts["train"]
    n_dev = share("dev", entry.sizes[1] if dev is None else dev, len(x))
    if n_dev >= len(x):
        raise BadInput(f"{entry.name}: dev {n_dev} of {len(x)} training images leaves none to train on")
    cut = {"train": (x[n_dev:], y[n_dev:]), "dev": (x[:n_dev], y[:n_dev]), "test": parts["test"]}
    raw = RawData(cut, sha256, entry.classes)
    return assemble(entry.name, raw, test=test, source=", ".join(sorted(kinds)))
