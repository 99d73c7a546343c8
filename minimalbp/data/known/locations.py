"""Where the files of known data sets are looked for: $MINIMALBP_DATA, then the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadInput
from ..raw_files import find_file, read_bytes, read_raw, sha256
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
        shared = location.shared and not file.archive  # the name of an archive is its own
        if path is not None and not (shared and _belongs_elsewhere(entry, path)):
            return location, path
    return None


def locate_unpacked(entry: KnownSet) -> tuple[Location, Path] | None:
    """Where the archive of a known set lies unpacked, by the name of its folder only."""
    for location in locations(entry.name):
        for name in entry.unpacked:
            if (location.folder / name).is_dir():
                return location, location.folder / name
    return None


def missing(entry: KnownSet) -> list[KnownFile]:
    """The files that are not here, by their names only. Of a set in archives one is enough, or one unpacked."""
    lacking = [file for file in entry.files if locate(entry, file) is None]
    if entry.archives and (len(lacking) < len(entry.files) or locate_unpacked(entry)):
        return []
    return lacking


def _belongs_elsewhere(entry: KnownSet, path: Path) -> bool:
    try:
        owner = file_by_hash(sha256(read_raw(path)))
    except BadInput:  # unreadable: let the reader of the file say so
        return False
    return owner is not None and owner[0].name != entry.name


def read_verified(entry: KnownSet, file: KnownFile, path: Path) -> bytes:
    """The decompressed bytes of a known file, or an archive as it is. Raises BadInput if its SHA-256 is wrong."""
    return verify(entry, file, (read_bytes if file.archive else read_raw)(path), str(path))


def verify(entry: KnownSet, file: KnownFile, raw: bytes, where: str) -> bytes:
    """`raw` itself, if it is what `file` must hold. Raises BadInput otherwise; `where` is for the message."""
    found = sha256(raw)
    if found != file.sha256:
        of = "" if file.archive else " of the decompressed bytes"
        raise BadInput(
            f"{where}: wrong content: SHA-256{of} is {found}, expected {file.sha256}; "
            f"delete it and run `minimalbp data fetch {entry.name}`, or put a good copy there"
        )
    return raw
