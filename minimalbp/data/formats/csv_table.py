"""A user's own table in a .csv file: each row is an example, and one column holds the labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import BadInput, short
from ..assemble import RawData, named_labels
from ..check import check_labels
from ..raw_files import one_line, read_bytes, sha256

LABEL = "label"


def read_csv(path: Path) -> RawData:
    """Rows of comma-separated numbers with a label, which may be text; UTF-8.

    A first row without a number is a header. So is a first row with the cell "label", and then that column
    holds the labels; otherwise the last column does. Classes are numbered in sorted order of their names; where
    all are numbers they must be whole and at least 0. Numbers are taken as written, because a table has no
    dtype that would tell pixels from counts.

    Raises BadInput, with the row (as an editor counts lines) and the column, for a cell that cannot be used.
    """
    data = read_bytes(path)
    x, names = _read(data, path)
    classes, labels = named_labels({"all": names}, str(path))
    return RawData({"all": (x, labels["all"])}, {path.name: sha256(data)}, classes)


def _read(data: bytes, path: Path) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Numbers (n, columns - 1) and class names of all rows but the header."""
    x: list[npt.NDArray[np.float32]] = []
    names: list[str] = []
    lines: list[int] = []
    width = label = first = 0
    for line, cells in _rows(data, path):
        where = f"{path}: row {line}"
        if not width:
            if len(cells) < 2:
                raise BadInput(f"{where} has one column; separate its numbers and its label by commas")
            width, first = len(cells), line
            label, header = _header(cells, where)
            if header:
                continue
        if len(cells) != width:
            raise BadInput(
                f"{where} has {len(cells)} columns, but row {first} has {width}; give all rows the same "
                "columns, and quote cells with commas in them"
            )
        if not cells[label].strip():
            raise BadInput(f"{where}, column {label + 1}: no label; give the row its class or leave it out")
        x.append(_numbers(cells, label, where))
        names.append(cells[label].strip())
        lines.append(line)
    if not x:
        raise BadInput(f"{path}: no rows of numbers in it; each example is one row")
    classes = _class_names(names, str(path), lambda i: f"row {lines[i]}, column {label + 1}")
    if len(x) > 2 and (np.diff(x[0]) == 1).all() and x[0].size > 1 and classes[0] not in classes[1:]:
        raise BadInput(
            f"{path}: row {lines[0]} looks like a header (consecutive numbers, and a label that occurs once); "
            f"if it is one, call the label's column {LABEL!r}, else add an example of the class {short(names[0])}"
        )
    return np.stack(x), classes


def _rows(data: bytes, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row that is not blank, one at a time, as text takes 12 times the memory."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except UnicodeDecodeError as e:
        raise BadInput(f"{path}: not UTF-8 text (byte {e.start}); save the table as UTF-8") from e
    except csv.Error as e:
        raise BadInput(f"{path}: not a table of comma-separated values ({one_line(e)})") from e


def _header(cells: list[str], where: str) -> tuple[int, bool]:
    """Column of the label, and whether this first row is a header. Raises BadInput where only half of it is."""
    words = [cell.strip().lower() for cell in cells]
    if LABEL in words:
        return words.index(LABEL), True
    numbers = list(map(_is_number, words))
    if all(numbers[:-1]):
        return len(cells) - 1, False
    if any(numbers):
        bad = numbers.index(False)
        raise BadInput(
            f"{where}, column {bad + 1}: {short(cells[bad])} is not a number, but other cells of this first row "
            "are; correct it, or, if the row is a header, leave no number in it"
        )
    return len(cells) - 1, True


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(cells: list[str], label: int, where: str) -> npt.NDArray[np.float32]:
    """All cells but the label, (columns - 1,). Raises BadInput for the first that float32 cannot hold."""
    values = [*cells[:label], *cells[label + 1 :]]
    try:
        with np.errstate(over="ignore"):  # refused below, as infinite
            row = np.array(list(map(float, values))).astype(np.float32)
    except ValueError:
        bad = list(map(_is_number, values)).index(False)
        fault = "is not a number; only the label may be text"
    else:
        finite = np.isfinite(row)
        if finite.all():
            return row
        bad = int(finite.argmin())
        if np.isnan(row[bad]):
            fault = "is NaN; give a number or leave the row out"
        else:
            fault = "is infinite or too large: float32 ends at 3.4e38; scale the column or leave the row out"
    raise BadInput(f"{where}, column {bad + 1 + (bad >= label)}: {short(values[bad])} {fault}")


def _class_names(names: list[str], what: str, describe: Callable[[int], str]) -> list[str]:
    """Labels as text. Where all are numbers they must be whole, at least 0, and 1.0 is the same class as 1.

    A word above a column of numbers is a slip or half a header, not a class. `describe` turns an index of
    `names` into its row and column. Raises BadInput.
    """
    numbers = list(map(_is_number, names))
    if not all(numbers):
        if len(names) > 1 and not numbers[0] and all(numbers[1:]):
            raise BadInput(
                f"{what}: {describe(0)}: label {short(names[0])} is not a number, but all other labels are; "
                f"correct it, or, if the row is a header, call the column {LABEL!r}"
            )
        return names
    values = [float(name) for name in names]
    check_labels(np.array(values), None, what, describe)
    return [str(int(value)) for value in values]
