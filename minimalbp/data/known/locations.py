"""Where the files of known data sets are looked for: $MINIMALBP_DATA, then the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadInput
from ..raw_files import find_file, read_raw, sha256
from .registry import KnownFile, KnownSet, file_by_hash


@dataclass(frozen=True)
class Location:
    """A folder to look in. A run's record calls it by its `kind`; a `shared` one may hold other sets too."""

    kind: str
    folder: Path
    shared: bool = False


def cache_dir() -> Path:
    """The folder for fetched files: $MINIMALBP_CACHE, or the platform's own folder for caches."""
    own = os.environ.get("MINIMALBP_CACHE")
    if own:
        return Path(own).expanduser()
    import pooch

    return Path(pooch.os_cache("minimalbp"))


def locations(name: str | None = None) -> list[Location]:
    """Folders that are searched for the set `name`, in order; without a name, the roots of these folders.

    Raises BadInput if $MINIMALBP_DATA is not a folder.
    """
    found = []
    shared = os.environ.get("MINIMALBP_DATA")
    if shared:
        root = Path(shared).expanduser()
        if not root.is_dir():
            raise BadInput(f"MINIMALBP_DATA={shared}: no such folder; correct the variable or unset it")
        if name is not None:
            found.append(Location("$MINIMALBP_DATA", root / name))
        found.append(Location("$MINIMALBP_DATA", root, shared=True))
    return [*found, Location("cache", cache_dir() / (name or ""))]


def locate(entry: KnownSet, file: KnownFile) -> tuple[Location, Path] | None:
    """Where a file of a known set lies, by its name only; its content is not verified.

    The folder $MINIMALBP_DATA itself may hold the files of another set under the same names, as MNIST and
    Fashion-MNIST have them. Those are passed over.
    """
    for location in locations(entry.name):
        path = find_file(location.folder, file.name)
        if path is not None and not (location.shared and _belongs_elsewhere(entry, path)):
            return location, path
    return None


def _belongs_elsewhere(entry: KnownSet, path: Path) -> bool:
    try:
        owner = file_by_hash(sha256(read_raw(path)))
    except BadInput:  # unreadable: let the reader of the file say so
        return False
    return owner is not None and owner[0].name != entry.name


def read_verified(entry: KnownSet, file: KnownFile, path: Path) -> bytes:
    """The decompressed bytes of a file of a known set. Raises BadInput unless its SHA-256 is right."""
    return verify(entry, file, read_raw(path), str(path))


def verify(entry: KnownSet, file: KnownFile, raw: bytes, where: str) -> bytes:
    """`raw` itself, if it is what `file` must hold. Raises BadInput otherwise; `where` is for the message."""
    found = sha256(raw)
    if found != file.sha256:
        raise BadInput(
            f"{where}: wrong content: SHA-256 of the decompressed bytes is {found}, expected {file.sha256}; "
            f"delete it and run `minimalbp data fetch {entry.name}`, or put a good copy there"
        )
    return raw
