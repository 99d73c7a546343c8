"""CIFAR-10: an archive that is known by hash, or the folder that it unpacks to."""

from __future__ import annotations

from pathlib import Path

from ...errors import BadInput
from ..assemble import RawData
from ..dataset import Dataset
from ..formats.cifar import read_cifar
from ..formats.tree import OnDisk, Packed
from .division import with_first_dev
from .locations import locate, locate_unpacked
from .read import read_known
from .registry import KnownSet


def load_cifar10(
    entry: KnownSet, *, dev: float | int | None = None, test: float | int | None = None
) -> Dataset:
    """CIFAR-10, found or fetched, divided as `with_first_dev` does."""
    raw, kinds = _read(entry)
    return with_first_dev(entry, dict(raw.parts), raw.sha256, kinds, dev=dev, test=test)


def _read(entry: KnownSet) -> tuple[RawData, set[str]]:
    """The parts, and the kind of location they came from. An archive goes before an unpacked folder."""
    unpacked = locate_unpacked(entry)
    if unpacked is None or any(locate(entry, file) for file in entry.files):
        files, kinds = read_known(entry)
        ((name, data),) = files.items()
        return read_cifar(Packed(data, Path(name))), kinds
    location, folder = unpacked
    raw = read_cifar(OnDisk(folder))
    # Its publisher gives no hash of these files. So they are counted, and the run records a hash of the content.
    found = {part: len(y) for part, (_, y) in raw.parts.items()}
    train, dev, test = entry.sizes
    if found != {"train": train + dev, "test": test}:
        raise BadInput(
            f"{folder}: {found['train']} training and {found['test']} test pictures, but {entry.name} has "
            f"{train + dev} and {test}; unpack the archive again"
        )
    return raw, {location.kind}
