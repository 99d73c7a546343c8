"""The user's cache of verified files: what is in it, and how files get in."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ...errors import BadInput
from ...files import replacing
from ..raw_files import GZIP_MAGIC, find_file, read_bytes, sha256
from .locations import cache_dir, read_verified
from .registry import KNOWN, KnownFile, KnownSet, file_by_hash


def store(entry: KnownSet, file: KnownFile, data: bytes) -> Path:
    """Put verified `data`, packed or not as it came, in the cache, and remove other spellings of the file.

    Raises BadInput if the cache cannot be written.
    """
    folder = cache_dir() / entry.name
    path = folder / (file.name + (".gz" if data[:2] == GZIP_MAGIC and not file.archive else ""))
    with replacing(path, "set MINIMALBP_CACHE to a folder that can be written") as temporary:
        temporary.write_bytes(data)
    while (other := find_file(folder, file.name)) not in (path, None):
        other.unlink()
    return path


def in_cache(entry: KnownSet, file: KnownFile) -> Path | None:
    """The path of a file in the cache, if it is there and its content is right."""
    path = find_file(cache_dir() / entry.name, file.name)
    try:
        if path is not None:
            read_verified(entry, file, path)
    except BadInput:
        return None
    return path


def import_from(folder: Path) -> list[tuple[KnownSet, KnownFile, Path]]:
    """Copy into the cache every file of a known set that is in `folder`, down to two folders deep.

    Files are known by their hashes, whatever their names; gzip and raw are both good. Returns (set, file, path
    it came from) of each. Raises BadInput if there is none.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; give the folder that holds the files")
    taken: dict[KnownFile, tuple[KnownSet, KnownFile, Path]] = {}
    for pattern in ("*", "*/*", "*/*/*"):
        for path in sorted(folder.glob(pattern)):
            owner = _owner(path)
            if owner is not None and owner[1] not in taken:
                store(*owner, read_bytes(path))
                taken[owner[1]] = (*owner, path)
    if not taken:
        raise BadInput(
            f"{folder}: no file in it, down to two folders deep, has the SHA-256 of a file of a known set "
            f"({', '.join(KNOWN)}); `minimalbp data where NAME` lists the hashes"
        )
    return list(taken.values())


def _owner(path: Path) -> tuple[KnownSet, KnownFile] | None:
    """The known file that `path` is, whatever its name. Sizes are compared first: hashing a disk is slow."""
    files = [file for entry in KNOWN.values() for file in entry.files]
    sizes = {file.n_bytes for file in files if not file.archive}
    try:
        if not path.is_file():
            return None
        archives = {file.n_bytes for file in files if file.archive}
        if path.stat().st_size in archives and (owner := file_by_hash(sha256(path.read_bytes()))):
            return owner
        with path.open("rb") as f:
            packed = f.read(2) == GZIP_MAGIC
        if packed:
            with gzip.open(path) as g:
                raw = g.read(max(sizes) + 1)  # no further: it may unpack to any size
        else:
            raw = path.read_bytes() if path.stat().st_size in sizes else b""
    except (OSError, EOFError, zlib.error):
        return None
    return file_by_hash(sha256(raw)) if len(raw) in sizes else None
