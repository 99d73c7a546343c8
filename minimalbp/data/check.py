"""Checks that every loader and `fit` share: what cannot be trained on is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadInput
from .dataset import Dataset


def check_arrays(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    n_classes: int | None = None,
    shape: tuple[int, ...] | None = None,
    what: str = "the data",
    training: bool = False,
) -> None:
    """Refuse examples and labels that no network can use.

    Parameters
    ----------
    x : array, shape (n, *shape)
        Examples, of any real dtype.
    y : array, shape (n,)
        Labels: whole numbers, of any real dtype.
    n_classes : int, optional
        Labels must be in 0..n_classes-1. By default there is no upper limit.
    shape : tuple of int, optional
        The shape that an example must have, that of the training part.
    what : str, default "the data"
        How messages name these arrays, such as "mnist test".
    training : bool, default False
        Whether labels of a single class are refused too.

    Raises
    ------
    BadInput
        For no examples, no inputs, different numbers of examples and labels, another shape, NaN or infinite
        values, a label outside the classes, and a single class where `training`.

    Examples
    --------
    >>> import numpy as np
    >>> from minimalbp.data import check_arrays
    >>> check_arrays(np.zeros((4, 8)), np.array([0, 1, 2, 1]), n_classes=2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    minimalbp.errors.BadInput: the data: example 2: label 2 is outside the classes 0..1; ...
    """
    _check_values(x, shape, what)
    _check_one_each(y, what)
    if len(x) != len(y):
        raise BadInput(f"{what}: {len(x)} examples but {len(y)} labels; each example needs exactly one")
    check_labels(y, n_classes, what, "example {}".format)
    if training and (y == y[0]).all():
        raise BadInput(f"{what}: every label is {y[0]}; training needs examples of at least two classes")


def check_dataset(data: Dataset) -> None:
    """Refuse a data set with a part that `check_arrays` refuses.

    Parameters
    ----------
    data : Dataset

    Raises
    ------
    BadInput
        As `check_arrays` does; the message names the part.
    """
    for part in ("train", "dev", "test"):
        split = getattr(data, part)
        check_arrays(
            split.x,
            split.y,
            n_classes=data.n_classes,
            shape=data.shape,
            what=f"{data.name} {part}",
            training=part == "train",
        )


def check_labels(
    y: npt.NDArray[Any], n_classes: int | None, what: str, describe: Callable[[int], str] | None = None
) -> None:
    """Refuse labels that are not whole numbers, or lie outside 0..n_classes-1 (None: no upper limit).

    `describe` turns an index of `y` into words such as "row 7", for the message. Raises BadInput.
    """
    _check_one_each(y, what)
    if y.dtype.kind not in "iufb":
        raise BadInput(f"{what}: labels must be whole numbers, not {y.dtype}; number them 0, 1, 2, ...")
    faults = []
    if y.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            bad = ~(y == np.floor(y)) | np.isinf(y)
        faults.append((bad, "is not a whole number; number the classes 0, 1, 2, ..."))
    classes = "0, 1, 2, ..." if n_classes is None else f"0..{n_classes - 1}"
    outside = (y < 0) | (y >= (np.inf if n_classes is None else n_classes))
    faults.append((outside, f"is outside the classes {classes}; correct it or leave its example out"))
    for bad, fault in faults:
        if bad.any():
            i = int(bad.argmax())
            where = f"{what}: {describe(i)}" if describe else what
            raise BadInput(f"{where}: label {str(y[i]).removesuffix('.0')} {fault}")


def _check_one_each(y: npt.NDArray[Any], what: str) -> None:
    if y.ndim != 1:
        raise BadInput(
            f"{what}: labels need the shape (n,), one class number for each example, not {y.shape}; "
            "for one-hot rows store y.argmax(axis=1)"
        )


def _check_values(x: npt.NDArray[Any], shape: tuple[int, ...] | None, what: str) -> None:
    if len(x.shape) < 2:
        raise BadInput(f"{what}: examples need the shape (n, ...), not {x.shape}; reshape them")
    if len(x) == 0:
        raise BadInput(f"{what}: no examples; at least one is needed")
    if x[0].size == 0:
        raise BadInput(f"{what}: examples of shape {x.shape[1:]} hold no numbers; at least one is needed")
    if shape is not None and x.shape[1:] != shape:
        raise BadInput(
            f"{what}: examples of shape {x.shape[1:]}, but those of train have {shape}; "
            "bring them to the same shape"
        )
    if x.dtype.kind not in "iufb":
        raise BadInput(f"{what}: values must be real numbers, not {x.dtype}; convert them to float32")
    finite = np.isfinite(x)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        at = first[1] if len(first) == 2 else first[1:]
        kind = "NaN" if np.isnan(x[first]) else "infinite (float32 ends at 3.4e38)"
        raise BadInput(
            f"{what}: value {at} of example {first[0]} is {kind}, one of {int((~finite).sum())} "
            "such values; replace them or leave their examples out"
        )
