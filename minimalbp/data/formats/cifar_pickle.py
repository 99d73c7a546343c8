"""A batch of CIFAR-10's python archive, read without ever loading a pickle.

A pickle is a program: to load it is to run it. Here its instructions are only listed. Of a batch, which is a
dictionary with a list "labels" and a uint8 array "data", they name each label and hold the pixels as one string.
"""

from __future__ import annotations

import pickletools
import struct
from typing import Any

import numpy as np

from ...errors import BadInput
from ..assemble import Arrays
from ..raw_files import one_line

KEYS = ("batch_label", "labels", "data", "filenames")
PIXELS = 3072
WHOLE_NUMBERS = ("BININT", "BININT1", "BININT2", "INT", "LONG1")
TEXTS = (
    "STRING",
    "UNICODE",
    "BYTES",
)  # how the names of instructions for text and bytes end, but for a digit


def parse_pickled(raw: bytes, where: str) -> Arrays:
    """Pixels (n, 3072) and labels (n,) of a pickled batch. Raises BadInput for all else."""
    try:
        labels, pixels, by_column = _scan(raw)
        y = np.array(labels, np.uint8)
        x = np.frombuffer(pixels, np.uint8)
        if not labels or x.size != y.size * PIXELS:
            raise ValueError(f"{y.size} labels and {x.size} bytes of pixels")
    except (ValueError, OverflowError, IndexError, EOFError, struct.error) as e:
        raise BadInput(
            f"{where}: not a batch of CIFAR-10's python archive ({one_line(e)}); "
            "get it again, or take the binary archive"
        ) from e
    return (x.reshape(PIXELS, -1).T if by_column else x.reshape(-1, PIXELS)), y


def _scan(raw: bytes) -> tuple[list[int], bytes, bool]:
    """The labels, the pixels, and whether these lie column by column, from the instructions of a pickle."""
    key, pixels, by_column = "", b"", False
    labels: list[int] = []
    value: Any
    for instruction, value, _ in pickletools.genops(raw):
        name = instruction.name
        if name.rstrip("8").endswith(TEXTS):
            if key == "data" and len(value) >= PIXELS:
                pixels = _as_bytes(value)
            elif _as_text(value) in KEYS:
                key = _as_text(value)
        elif key == "labels" and name in WHOLE_NUMBERS:
            labels.append(value)
        elif key == "data" and not pixels and (name in ("NEWTRUE", "NEWFALSE") or isinstance(value, bool)):
            by_column = name == "NEWTRUE" or value is True  # the order of the array comes before its bytes
    return labels, pixels, by_column


def _as_bytes(value: Any) -> bytes:
    """Python 2 wrote bytes as a string, each of whose characters is one byte."""
    return value if isinstance(value, bytes) else value.encode("latin-1")


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
