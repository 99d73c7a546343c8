"""A user's own arrays in an .npz file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadInput
from ..assemble import Arrays, RawData
from ..raw_files import one_line, read_bytes, sha256

EXPECTED = "x and y, or x_train and y_train with perhaps x_dev, y_dev, x_test, y_test"


def read_npz(path: Path) -> RawData:
    """Arrays x (n, ...) and y (n,), or x_train, y_train and perhaps x_dev, y_dev, x_test, y_test.

    Labels are 0, 1, 2, ... in any integer dtype. Pickled objects are never loaded. Raises BadInput for other
    names and for a file that is corrupt.
    """
    data = read_bytes(path)
    arrays = _arrays(data, path)
    parts: dict[str, Arrays] = {}
    for part, tail in (("all", ""), ("train", "_train"), ("dev", "_dev"), ("test", "_test")):
        x, y = arrays.pop("x" + tail, None), arrays.pop("y" + tail, None)
        if (x is None) != (y is None):
            there, lacking = ("y", "x") if x is None else ("x", "y")
            raise BadInput(f"{path}: {there}{tail} is there but {lacking}{tail} is not; store both")
        if x is not None and y is not None:
            parts[part] = (x, y)
    if arrays or ("all" in parts) == ("train" in parts) or ("all" in parts and len(parts) > 1):
        strange = f"unknown arrays {', '.join(sorted(arrays))}" if arrays else f"holds {_names(parts)}"
        raise BadInput(f"{path}: {strange}; name the arrays {EXPECTED}")
    return RawData(parts, {path.name: sha256(data)})


def _names(parts: dict[str, Arrays]) -> str:
    return "parts " + " and ".join(sorted(parts)) if parts else "no arrays"


def _arrays(data: bytes, path: Path) -> dict[str, Any]:
    """Every array of the file. Raises BadInput if it is corrupt, cut short, or holds Python objects."""
    if data[:4] != b"PK\x03\x04" and data[:4] != b"PK\x05\x06":
        raise BadInput(f"{path}: not an .npz file (a zip of arrays); write it with numpy.savez")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as npz:
            arrays = {key: npz[key] for key in npz.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("holds files that are not arrays")
        return arrays
    except Exception as e:  # corrupt bytes surface as a dozen types, tokenize.TokenError among them
        if "allow_pickle" in str(e):
            raise BadInput(
                f"{path}: holds Python objects, which are never loaded; store plain numbers"
            ) from e
        raise BadInput(f"{path}: corrupt or cut-short .npz ({one_line(e)}); write or get it again") from e
