"""The files of CIFAR-10: batches of pictures in colour, as plain bytes or as pickles."""

from __future__ import annotations

import hashlib

import numpy as np

from ...errors import BadInput
from ..assemble import Arrays, RawData
from .cifar_pickle import parse_pickled
from .tree import Tree

SHAPE = (3, 32, 32)  # red, green and blue, each row by row
PIXELS = 3 * 32 * 32
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = {"train": tuple(f"data_batch_{i}" for i in range(1, 6)), "test": ("test_batch",)}
NAMES = tuple(name for names in BATCHES.values() for name in names)


def is_cifar(tree: Tree) -> bool:
    """Whether a folder or an archive holds all batches of CIFAR-10, binary ones or pickles."""
    there = {path.name for path in tree.children(tree.root)[1]}
    return any(there >= {name + tail for name in NAMES} for tail in (".bin", ""))


def read_cifar(tree: Tree) -> RawData:
    """The parts train (50,000) and test (10,000) of CIFAR-10, from an archive of either kind or what it unpacks to.

    Raises BadInput where a batch is missing or is not what it should be.
    """
    there = {path.name for path in tree.children(tree.root)[1]}
    tail, parse = (".bin", parse_binary) if f"{NAMES[0]}.bin" in there else ("", parse_pickled)
    digest = hashlib.sha256()  # the same for both kinds: pixels, then labels, of each batch
    parts: dict[str, Arrays] = {}
    for part, names in BATCHES.items():
        xs, ys = [], []
        for name in names:
            path = tree.root / (name + tail)
            if path.name not in there:
                raise BadInput(f"{path}: is not there; get or unpack CIFAR-10 again")
            x, y = parse(tree.read(path), str(path))
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
