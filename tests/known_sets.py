"""Known sets for tests: small ones for the registry, with their files."""

import gzip

import numpy as np
from helpers import format_idx

from minimalbp.data import KnownFile, KnownSet
from minimalbp.data.raw_files import sha256

NAMES = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip


def tiny_files(shift=0):
    """name -> raw bytes of a set of 12 training and 6 test images of 2x2 pixels."""
    x = (np.arange(48) + shift).astype(np.uint8).reshape(12, 2, 2)
    y = (np.arange(12) % 3).astype(np.uint8)
    return dict(zip(NAMES, map(format_idx, (x, y, x[:6], y[:6]))))


def tiny_set(name="tiny", shift=0, mirrors=()):
    files = tuple(KnownFile(n, sha256(raw), len(raw)) for n, raw in tiny_files(shift).items())
    return KnownSet(name, "made for tests", "none", (9, 3, 6), (2, 2), ("a", "b", "c"), files, mirrors)


def put(folder, files, zipped=True):
    """Write files, name -> raw bytes, to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(raw) if zipped else raw)
    return folder
