"""Bytes in and out of files: gzip or not on the way in, temporary name and rename on the way out."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

from ..errors import BadInput
from ..files import replacing

GZIP_MAGIC = b"\x1f\x8b"


def read_bytes(path: Path) -> bytes:
    """The bytes of a file as they lie there. Raises BadInput if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as e:
        remedy = "check its permissions" if isinstance(e, PermissionError) else "give a file that is there"
        raise BadInput(f"{path}: cannot be read: {e.strerror or e}; {remedy}") from e


def gunzip(data: bytes, name: str) -> bytes:
    """`data` decompressed if it is gzip, else as it is. Raises BadInput if it is corrupt or cut short."""
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


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it; missing folders are made.

    Raises BadInput if the folder cannot be written.
    """
    with replacing(path, "set MINIMALBP_CACHE to a folder that can be written") as temporary:
        temporary.write_bytes(data)


def one_line(error: BaseException) -> str:
    """An error of another library as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."
