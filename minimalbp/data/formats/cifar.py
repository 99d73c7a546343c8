"""The files of CIFAR-10: batches of pictures in colour, as plain bytes or as pickles."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from ...errors import BadInput
from ..assemble import Arrays, RawData
from ..raw_files import one_line, read_bytes
from .cifar_pickle import parse_pickled

SHAPE = (3, 32, 32)  # red, green and blue, each row by row
PIXELS = 3 * 32 * 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)}
NAMES = tuple(name for names in BATCHES.values() for name in names)


def is_cifar_folder(folder: Path) -> bool:
    """Whether a folder holds all batches of CIFAR-10, binary ones or pickles."""
    return any(all((folder / (name + tail)).is_file() for name in NAMES) for tail in (".bin", ""))


def read_cifar_folder(folder: Path) -> RawData:
    """The parts train (50,000) and test (10,000) in an unpacked archive of CIFAR-10, of either kind.

    Raises BadInput where a batch is missing or is not what it should be.
    """
    binary = (folder / f"{NAMES[0]}.bin").is_file()
    return _read(lambda name: read_bytes(folder / name), binary, str(folder))


def read_cifar_archive(data: bytes, where: str) -> RawData:
    """As `read_cifar_folder`, from the bytes of an archive (.tar.gz). Nothing is unpacked to disk."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            members = {PurePosixPath(member.name).name: member for member in tar if member.isfile()}

            def read(name: str) -> bytes:
                file = tar.extractfile(members[name]) if name in members else None
                if file is None:
                    raise BadInput(f"{where}: holds no {name}; get the archive again")
                return file.read()

            return _read(read, f"{NAMES[0]}.bin" in members, where)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as e:
        raise BadInput(f"{where}: corrupt or cut-short archive ({one_line(e)}); get it again") from e


def _read(read: Callable[[str], bytes], binary: bool, where: str) -> RawData:
    """All batches, one after another; `read` gives the bytes of one by its name."""
    digest = hashlib.sha256()  # the same for both kinds of archive: pixels, then labels, of each batch
    parts: dict[str, Arrays] = {}
    for part, names in BATCHES.items():
        xs, ys = [], []
        for name in names:
            file = name + ".bin" * binary
            x, y = (parse_binary if binary else parse_pickled)(read(file), f"{where}/{file}")
            digest.update(x.tobytes())
            digest.update(y.tobytes())
            xs.append(x.reshape(-1, *SHAPE))
            ys.append(y)
        parts[part] = np.concatenate(xs), np.concatenate(ys)
    return RawData(parts, {"cifar10": digest.hexdigest()}, CLASSES)


def parse_binary(raw: bytes, where: str) -> Arrays:
    """Pixels (n, 3072) and labels (n,) of a binary batch: for each picture a byte, its class, and its pixels."""
    if not raw or len(raw) % (1 + PIXELS):
        raise BadInput(
            f"{where}: {len(raw)} bytes are no whole number of pictures of {1 + PIXELS} bytes; get it again"
        )
    records = np.frombuffer(raw, np.uint8).reshape(-1, 1 + PIXELS)
    return records[:, 1:], records[:, 0]
