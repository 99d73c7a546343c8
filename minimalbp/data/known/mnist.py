"""MNIST and the sets made in its likeness: four IDX files, known by hash or a user's own."""

from __future__ import annotations

from pathlib import Path

from ...errors import BadInput
from ..assemble import Arrays, assemble
from ..check import check_labels
from ..dataset import Dataset
from ..divide import share
from ..formats.idx import parse_idx
from ..raw_files import read_raw, sha256
from .fetch import read_known
from .locations import find_in
from .registry import KnownSet

NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# Dimensions of images and of labels, and what messages call the files
KINDS = ((range(2, 5), "a file of images"), (range(1, 2), "a file of labels"))


def load_known(
    entry: KnownSet, *, dev: float | int | None = None, test: float | int | None = None
) -> Dataset:
    """A known set of four IDX files, found or fetched, with the papers' division.

    dev  : count or fraction of the FIRST training images; default the papers' 5,000
    test : must be None: these sets have their own 10,000
    """
    raw, kinds = read_known(entry)
    arrays = {name: parse_idx(data, name) for name, data in raw.items()}
    train, own_test = ((arrays[images], arrays[labels]) for images, labels in (NAMES["train"], NAMES["test"]))
    n_dev = share("dev", entry.sizes[1] if dev is None else dev, len(train[0]))
    if n_dev >= len(train[0]):
        raise BadInput(
            f"{entry.name}: dev {n_dev} of {len(train[0])} training images leaves none to train on"
        )
    return assemble(
        entry.name,
        {
            "train": (train[0][n_dev:], train[1][n_dev:]),
            "dev": (train[0][:n_dev], train[1][:n_dev]),
            "test": own_test,
        },
        classes=entry.classes,
        test=test,
        source=", ".join(sorted(kinds)),
        sha256={file.name: file.sha256 for file in entry.files},
    )


def load_idx_folder(
    folder: Path,
    *,
    dev: float | int | None = None,
    test: float | int | None = None,
    seed: int = 0,
    source: str = "",
) -> Dataset:
    """A user's folder of IDX files under MNIST's four names, .gz or not; the t10k pair may be missing.

    Byte pixels are divided by 255, other types keep their values. Missing parts are cut from train.
    """
    parts: dict[str, Arrays] = {}
    hashes: dict[str, str] = {}
    for part, names in NAMES.items():
        paths = [find_in(folder, name) for name in names]
        if part == "test" and paths == [None, None]:
            continue
        pair = []
        for name, path, (dims, kind) in zip(names, paths, KINDS):
            if path is None:
                raise BadInput(f"{folder}: {name} (or {name}.gz) is missing; put it there")
            raw = read_raw(path)
            hashes[name] = sha256(raw)
            pair.append(parse_idx(raw, str(path), dims, kind))
        check_labels(pair[1], None, str(paths[1]), "example {}".format)
        parts[part] = (pair[0], pair[1])
    return assemble(
        folder.resolve().name, parts, dev=dev, test=test, seed=seed,
        source=source, sha256=hashes, where=str(folder),
    )  # fmt: skip


def is_idx_folder(folder: Path) -> bool:
    return any(find_in(folder, name) for names in NAMES.values() for name in names)
