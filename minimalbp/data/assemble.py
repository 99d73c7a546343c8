"""From arrays as a file stores them to a Dataset: scale, number, divide, check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadInput
from .check import check_arrays, check_labels
from .dataset import Dataset, Split
from .divide import divide

# Share of the examples that becomes a missing dev or test part
DEFAULT_SHARE = 0.2

Arrays = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class RawData:
    """What the reader of a format returns.

    Parameters
    ----------
    parts : mapping of str to (array, array)
        Values (n, *shape) and labels (n,) of "train", or of "all" where nothing is divided yet; perhaps of
        "dev" and "test".
    sha256 : dict of str to str
        Fingerprint of each file.
    classes : tuple of str, optional
        Class names. By default the labels of train count the classes, 0 to the largest label.
    """

    parts: Mapping[str, Arrays]
    sha256: dict[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None


def assemble(
    name: str,
    raw: RawData,
    *,
    dev: float | int | None = None,
    test: float | int | None = None,
    seed: int = 0,
    source: str = "",
    where: str | None = None,
) -> Dataset:
    """A checked Dataset from raw arrays.

    Parameters
    ----------
    name : str
    raw : RawData
    dev, test : float or int, default 0.2
        Fraction or count for a part that is missing; it is cut from train.
    seed : int, default 0
        Of the stratified division.
    source : str
    where : str, optional
        How messages name the data, such as the path of a user's own; by default `name`.

    Raises
    ------
    BadInput
        For all that `check_arrays` refuses, for parts of different dtypes, and for a size given for a part that
        the data bring along.
    """
    where = where or name
    what = {part: where if part == "all" else f"{where} {part}" for part in raw.parts}
    parts = dict(raw.parts)
    if "all" in parts:
        parts["train"], what["train"] = parts.pop("all"), what.pop("all")
    classes = raw.classes
    n_classes = len(classes) if classes is not None else _count_classes(parts["train"], what["train"])
    divided: dict[str, Arrays] = {}
    x_train = parts["train"][0]
    for part, (x, y) in sorted(parts.items(), key=lambda item: item[0] != "train"):  # train comes first
        if x.dtype != x_train.dtype:
            raise BadInput(
                f"{what[part]}: values of dtype {x.dtype}, but train has {x_train.dtype}; store both alike, "
                "or their scales would differ"
            )
        # Bytes stay bytes until the parts are divided: as float32 they are four times as large
        good = scaled(x) if x.dtype.kind in "iufb" and x.dtype != np.uint8 else x
        check_arrays(
            good, y, n_classes=n_classes, shape=x_train.shape[1:], what=what[part], training=part == "train"
        )
        divided[part] = good, np.ascontiguousarray(y, dtype=np.int64)
    asked = {"dev": dev, "test": test}
    for part in asked:
        if part in divided and asked[part] is not None:
            raise BadInput(f"{where} has its own {part} part of {len(divided[part][1])}; leave {part}= out")
    takes = {p: DEFAULT_SHARE if v is None else v for p, v in asked.items() if p not in divided}
    if takes:
        x, y = divided["train"]
        for part, rows in divide(y, takes, seed, where).items():
            divided[part] = x[rows], y[rows]
    splits = {part: Split(scaled(x) if x.dtype == np.uint8 else x, y) for part, (x, y) in divided.items()}
    return Dataset(
        name=name,
        train=splits["train"],
        dev=splits["dev"],
        test=splits["test"],
        classes=classes if classes is not None else tuple(map(str, range(n_classes))),
        source=source,
        sha256=raw.sha256,
    )


def scaled(x: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A float32 copy of `x`. Bytes (uint8) are pixels and divided by 255; all else keeps its values."""
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused as such
        out = np.array(x, dtype=np.float32, order="C")
    if x.dtype == np.uint8:
        out /= 255
    return out


def named_labels(parts: Mapping[str, list[str]], name: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Number the class names of train (or of "all", where that is the only part) in sorted order.

    Whole numbers sort as numbers, all else sorts as text. Returns (classes, part -> (n,) int64 labels); `name`
    is for messages. Raises BadInput for a dev or test label that train does not have.
    """
    first = parts["train"] if "train" in parts else parts["all"]
    names = set(first)
    try:
        classes = tuple(sorted(names, key=lambda c: (int(c), c)))
    except ValueError:
        classes = tuple(sorted(names))
    number = {c: i for i, c in enumerate(classes)}
    labels = {}
    for part, of_part in parts.items():
        strange = next((c for c in of_part if c not in number), None)
        if strange is not None:
            raise BadInput(
                f"{name} {part}: label {strange!r} is outside the classes of train ({_shortened(classes)}); "
                "add examples of it to train or leave it out"
            )
        labels[part] = np.array([number[c] for c in of_part], dtype=np.int64)
    return classes, labels


def _shortened(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _count_classes(train: Arrays, what: str) -> int:
    """Classes that the labels of train name. More classes than examples are a slip, not a data set."""
    y = train[1]
    check_labels(y, None, what, "example {}".format)
    n_classes = int(y.max()) + 1 if y.size else 0
    if n_classes > max(y.size, 2):
        raise BadInput(
            f"{what}: label {n_classes - 1} would mean {n_classes} classes, but there are {y.size} examples; "
            "number the classes 0, 1, 2, ..."
        )
    return n_classes
