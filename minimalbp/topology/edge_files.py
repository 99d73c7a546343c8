"""One file of edges, read and written: a matrix of scipy, triples, or a list."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from .bipartite import Bipartite
from .blocks import Array

TOO_BIG = 2**53  # above this a number in a table of floats is no exact index


def write_matrix(path: Path, layer: Bipartite) -> None:
    """Write one layer as scipy.sparse.save_npz does."""
    from scipy.sparse import save_npz

    with open(path, "wb") as file:  # by a name, NumPy would add its own suffix
        save_npz(file, layer.to_scipy())


def read_matrix(path: Path) -> Any:
    """The sparse array in an .npz of scipy. Raises BadInput for anything else in it."""
    from scipy.sparse import load_npz

    try:
        with open(path, "rb") as file:  # NumPy leaves a broken archive open
            matrix = load_npz(file)
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except Exception as e:  # broken archives raise errors of zipfile, zlib, NumPy and SciPy
        why = " ".join(str(e).split()).replace(repr(str(path)), "it")
        if "<_io." in why or "pickle" in why.lower():
            why = "it holds other arrays"
        raise BadInput(f"{path} is no sparse array that scipy.sparse.save_npz has written: {why}") from e
    if len(matrix.shape) != 2 or 0 in matrix.shape:
        raise BadInput(f"the array in {path} must be a matrix (inputs, outputs), not of shape {matrix.shape}")
    return matrix


def write_triples(path: Path, layer: Bipartite, value: float) -> None:
    """Write one layer as input, output, value, numbered from 1."""
    source, target = layer.source.tolist(), layer.target.tolist()
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{i + 1}\t{o + 1}\t{value:.17g}\n" for i, o in zip(source, target))


def read_triples(path: str | Path) -> tuple[Array, Array, Array]:
    """The triples in a .tsv of the GraphChallenge.

    Parameters
    ----------
    path : str or Path
        Lines of row, column and value, numbered from 1.

    Returns
    -------
    rows, columns, values : int64, int64 and float64 (triples,)
        Numbered from 0.

    Raises
    ------
    BadInput
        For a file that cannot be read, has other columns, or numbers that are no rows or columns.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "layer1.tsv")
    ...     _ = path.write_text("1\\t2\\t0.0625\\n")
    ...     read_triples(path)
    (array([0]), array([1]), array([0.0625]))
    """
    table = _table(Path(path), np.float64, None)
    if table.shape[1] != 3:
        raise BadInput(f"{path} needs three columns, row, column and value, not {table.shape[1]}")
    index = table[:, :2]
    good = np.isfinite(table[:, 2]) & ((index >= 1) & (index <= TOO_BIG) & (index == np.floor(index))).all(
        axis=1
    )
    if not good.all():
        words = " ".join(f"{number:g}" for number in table[int(good.argmin())])
        raise BadInput(
            f"{path}: {words} is no triple of a row and a column, numbered from 1, and a finite value"
        )
    return index[:, 0].astype(np.int64) - 1, index[:, 1].astype(np.int64) - 1, table[:, 2]


def write_edges(path: Path, sizes: Sequence[int], layers: Sequence[Bipartite], commas: bool) -> None:
    """Write layers as lines of layer, input and output, after a line with all sizes."""
    between = "," if commas else " "
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# sizes {' '.join(map(str, sizes))}\n")
        for i, layer in enumerate(layers, 1):
            source, target = layer.source.tolist(), layer.target.tolist()
            file.writelines(f"{i}{between}{s}{between}{t}\n" for s, t in zip(source, target))


def read_edges(path: Path, commas: bool) -> tuple[list[tuple[Array, Array]], tuple[int, ...] | None]:
    """(source, target) of each layer, and the sizes, if the first line says them."""
    sizes = _said(path)
    table = _table(path, np.int64, "," if commas else None, may_be_empty=sizes is not None)
    if sizes and not table.size:
        table = np.zeros((0, 3), np.int64)
    if table.shape[1] not in (2, 3):
        found = table.shape[1]
        raise BadInput(
            f"{path} needs two columns (input, output) or three (layer, input, output), not {found}"
        )
    if sizes and (len(sizes) < 2 or (table.shape[1] == 2 and len(sizes) != 2)):
        raise BadInput(f"{path}: {len(sizes)} sizes in its first line do not fit its columns")
    if table.shape[1] == 2:
        return [(table[:, 0], table[:, 1])], sizes
    count = len(sizes) - 1 if sizes else int(table[:, 0].max())
    layers = table[:, 0]
    low, high = layers.min(initial=1), layers.max(initial=1)
    if low < 1 or high > count or count > len(table) + 1000:
        bad = low if low < 1 else high
        raise BadInput(f"{path}: there is no layer {bad}; the first of three columns counts layers from 1")
    return [(table[layers == i, 1], table[layers == i, 2]) for i in range(1, count + 1)], sizes


def _said(path: Path) -> tuple[int, ...] | None:
    """The sizes in the first line, if it says them."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            said = re.fullmatch(r"#\s*sizes((?:\s+\d{1,10})+)\s*", file.readline())
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    return tuple(map(int, said[1].split())) if said else None


def _table(path: Path, kind: Any, between: str | None, may_be_empty: bool = False) -> Array:
    """The numbers in a file of lines, at least one unless it may be empty."""
    try:
        with open(path, encoding="utf-8-sig") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a file without lines, which is refused below
            table = np.loadtxt(file, dtype=kind, delimiter=between, comments="#", ndmin=2)
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except (ValueError, OverflowError) as e:
        wanted = "whole numbers" if kind is np.int64 else "numbers"
        raise BadInput(f"{path} must hold lines of {wanted}: {' '.join(str(e).split())}") from e
    if table.size == 0 and not may_be_empty:
        raise BadInput(
            f"{path} holds no edges; a first line # sizes 784 300 10 would say how many nodes there are"
        )
    return table
