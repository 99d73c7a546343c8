"""Files as bytes: found under their spellings, decompressed, and known by their SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from ..errors import BadInput

GZIP_MAGIC = b"\x1f\x8b"


def find_file(folder: Path, name: str) -> Path | None:
    """The file `name` in `folder`: raw or .gz, and also spelt with a dot as some archives unpack it."""
    for stem in (name, name.replace("-idx", ".idx")):
        for spelling in (stem, stem + ".gz"):
            if (folder / spelling).is_file():
                return folder / spelling
    return None


def read_bytes(path: Path) -> bytes:
    """The bytes of a file as they are stored. Raises BadInput if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as e:
        remedy = "check its permissions" if isinstance(e, PermissionError) else "give an existing file"
        raise BadInput(f"{path}: cannot be read: {e.strerror or e}; {remedy}") from e


def gunzip(data: bytes, name: str) -> bytes:
    """`data` decompressed if it is gzip, else unchanged. Raises BadInput if it is corrupt or cut short."""
    if data[:2] != GZIP_MAGIC:
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as e:
        raise BadInput(f"{name}: corrupt or cut-short gzip ({one_line(e)}); get the file again") from e


def read_raw(path: Path) -> bytes:
    """The decompressed bytes of a file. Raises BadInput if it is missing, corrupt or cut short."""
    return gunzip(read_bytes(path), str(path))


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def one_line(error: BaseException) -> str:
    """An error of another library as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."
