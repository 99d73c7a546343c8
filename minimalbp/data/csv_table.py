"""A user's own table in a .csv file: one row an example, one column its label."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minimalbp.data.assemble import assemble, named_labels
from minimalbp.data.dataset import Dataset
from minimalbp.data.files import one_line, read_bytes, sha256
from minimalbp.errors import BadInput

LABEL = "label"


def load_csv(
    path: Path,
    *,
    dev: float | int | None = None,
    test: float | int | None = None,
    seed: int = 0,
    source: str = "",
) -> Dataset:
    """Rows of comma-separated numbers with a label, which may be text; UTF-8.

    A first row of words is a header. The column headed "label" holds the labels, or else the last one.
    Classes are numbered in sorted order of their names. Numbers are taken as written: a table has no
    dtype that would tell pixels from counts, so bring 0..255 to 0..1 yourself.
    """
    data = read_bytes(path)
    x, names = _read(data, path)
    classes, labels = named_labels({"all": _class_names(names, path)}, path.stem)
    return assemble(
        path.stem, {"all": (x, labels["all"])}, classes=classes,
        dev=dev, test=test, seed=seed, source=source, sha256={path.name: sha256(data)},
    )  # fmt: skip


def _read(data: bytes, path: Path) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Numbers (n, columns - 1) and label text of every row; the header, if there is one, is left out."""
    x: list[npt.NDArray[np.float32]] = []
    names: list[str] = []
    width, label = 0, -1
    for line, cells in _rows(data, path):
        if not width:
            width = len(cells)
            label, header = _header(cells)
            if header:
                continue
        if width < 2:
            raise BadInput(f"{path}: row {line} has one column; give numbers and a label, with commas")
        if len(cells) != width:
            raise BadInput(f"{path}: row {line} has {len(cells)} columns, the first has {width}")
        names.append(cells.pop(label).strip())
        x.append(_numbers(cells, f"{path}: row {line}"))
    # all columns headed by numbers: a word over a column of numbers is still a header
    if len(names) > 1 and not _is_number(names[0]) and all(map(_is_number, names[1:])):
        del x[0], names[0]
    if not x:
        raise BadInput(f"{path}: no rows of numbers in it; each example is one row")
    return np.stack(x), names


def _rows(data: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row that is not blank, one at a time: text takes 12 times the memory."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except UnicodeDecodeError as e:
        raise BadInput(f"{path}: not UTF-8 text (byte {e.start}); save the table as UTF-8") from e
    except csv.Error as e:
        raise BadInput(f"{path}: not a table of comma-separated values ({one_line(e)})") from e


def _header(cells: list[str]) -> tuple[int, bool]:
    """Column of the label, and whether this first row is surely a header."""
    words = [cell.strip().lower() for cell in cells]
    if LABEL in words:
        return words.index(LABEL), True
    return -1, not all(map(_is_number, words[:-1]))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str], where: str) -> npt.NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):  # refused later, as infinite
            return np.array([float(cell) for cell in cells]).astype(np.float32)
    except ValueError as e:
        bad = next(cell for cell in cells if not _is_number(cell))
        raise BadInput(f"{where}: {bad!r} is not a number; only the label may be text") from e


def _class_names(names: list[str], path: Path) -> list[str]:
    """Labels as text; where all are numbers they must be whole, and 1.0 is the same class as 1."""
    if not all(_is_number(name) for name in names):
        if "" in names:
            raise BadInput(f"{path}: {names.count('')} rows without a label; give each row its class")
        return names
    values = [float(name) for name in names]
    for value, name in zip(values, names):
        if not value.is_integer():
            raise BadInput(f"{path}: label {name} is not whole; give classes, not values")
    return [str(int(value)) for value in values]
