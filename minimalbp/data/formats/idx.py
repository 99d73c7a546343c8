"""The IDX format of MNIST, and a user's own folder of four such files.

A file holds two zero bytes, a type code, the number of dimensions, the sizes and the numbers, all of it
big-endian. It is refused unless every byte is accounted for.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import BadInput
from ..assemble import Arrays, RawData
from ..check import check_labels
from ..raw_files import find_file, read_raw, sha256

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
# Images and labels of each part, under MNIST's names
NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
# Dimensions of images and of labels, and what messages call the files
KINDS = ((range(2, 5), "a file of images"), (range(1, 2), "a file of labels"))


def is_idx_folder(folder: Path) -> bool:
    """Whether a file with one of MNIST's four names is in `folder`."""
    return any(find_file(folder, name) for names in NAMES.values() for name in names)


def read_idx_folder(folder: Path) -> RawData:
    """IDX files under MNIST's four names, .gz or not; the t10k pair may be missing. Raises BadInput."""
    parts: dict[str, Arrays] = {}
    hashes: dict[str, str] = {}
    for part, names in NAMES.items():
        paths = [find_file(folder, name) for name in names]
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
    return RawData(parts, hashes)


def parse_idx(
    raw: bytes, name: str = "IDX data", dims: range = range(1, 33), kind: str = "an IDX file"
) -> npt.NDArray[Any]:
    """The array in the bytes of an IDX file, in the byte order of this machine.

    `name` and `kind` are for messages: the file, and what it should be. Raises BadInput unless the bytes are
    an IDX file with one of the numbers of dimensions in `dims`, complete to the byte.
    """
    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise BadInput(
            f"{name}: not an IDX file: it begins with {raw[:4].hex(' ') or 'nothing'}, "
            "not 00 00 <type> <dimensions>; get it again"
        )
    code, ndim = raw[2], raw[3]
    if code not in DTYPES:
        known = ", ".join(f"{c:02x}" for c in DTYPES)
        raise BadInput(f"{name}: IDX type code {code:02x} is unknown (known: {known}); get the file again")
    if ndim not in dims:
        found = "1 dimension" if ndim == 1 else f"{ndim} dimensions"
        expected = str(dims[0]) if len(dims) == 1 else f"{dims[0]} to {dims[-1]}"
        raise BadInput(
            f"{name}: {found} in its header, but {kind} has {expected}; put the right file there "
            "(are images and labels swapped?) or get it again"
        )
    start = 4 + 4 * ndim
    if len(raw) < start:
        raise BadInput(
            f"{name}: cut short: {len(raw)} bytes, but its header alone takes {start}; get it again"
        )
    shape = struct.unpack_from(f">{ndim}I", raw, 4)
    dtype = np.dtype(DTYPES[code])
    n_bytes = start + math.prod(shape) * dtype.itemsize
    sizes = "x".join(map(str, shape))
    if len(raw) != n_bytes:
        state = "cut short" if len(raw) < n_bytes else "too long"
        raise BadInput(
            f"{name}: {state}: {len(raw)} bytes, but its header says {sizes} ({ndim} dimensions) of "
            f"{dtype.itemsize} bytes each, which take {n_bytes}; get it again"
        )
    try:
        array = np.frombuffer(raw, dtype, offset=start).reshape(shape)
    except ValueError as e:  # no examples, of a size beyond any memory
        raise BadInput(f"{name}: sizes {sizes} are impossible; get the file again") from e
    return array.astype(dtype.newbyteorder("="))
