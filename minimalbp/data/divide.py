"""Dividing examples into train, dev and test: stratified, and for one seed the same on every machine."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadInput, check_int


def share(what: str, value: Any, n: int) -> int:
    """The number of examples, of `n`, that a fraction in (0, 1) or a whole count of at least 1 means.

    Raises BadInput for anything else, including NaN and booleans; the message begins with `what`.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if isinstance(value, numbers.Integral) and int(value) >= 1:
            return int(value)
        if 0 < float(value) < 1:
            return max(1, round(float(value) * n))
    raise BadInput(f"{what} must be a fraction in (0, 1) or a whole count of at least 1, not {value!r}")


def stratified_order(y: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.intp]:
    """An order of all examples in which every stretch holds the classes in their overall proportion.

    The i-th of the n_c examples of a class, in random order, goes to the relative position (i + 1/2) / n_c.
    Only raw generator bits and stable sorts are used, because NumPy promises the same bits for ever, but not
    the same `permutation`.
    """
    shuffled = np.argsort(np.random.PCG64(seed).random_raw(len(y)), kind="stable")
    position = np.empty(len(y))
    for c in np.unique(y):
        members = np.flatnonzero(y[shuffled] == c)
        position[members] = (np.arange(len(members)) + 0.5) / len(members)
    return shuffled[np.argsort(position, kind="stable")]


def divide(
    y: npt.NDArray[np.int64], takes: dict[str, Any], seed: int, what: str = "the data"
) -> dict[str, npt.NDArray[np.intp]]:
    """Indices, ascending, of each part named in `takes` and of the rest, named "train".

    `takes` gives each part a fraction or a count of the n labels in `y`. The same seed gives the same parts.
    Raises BadInput where nothing would be left to train on, or a class would have no training example.
    """
    n = len(y)
    counts = {part: share(part, value, n) for part, value in takes.items()}
    if sum(counts.values()) >= n:
        asked = ", ".join(f"{part} {count}" for part, count in counts.items())
        raise BadInput(f"{what}: {asked} of {n} examples leave none to train on; ask for fewer, or give more")
    order = stratified_order(y, check_int("seed", seed))
    parts, start = {}, 0
    for part, count in counts.items():
        parts[part] = np.sort(order[start : start + count])
        start += count
    parts["train"] = np.sort(order[start:])
    untrained = np.setdiff1d(y, y[parts["train"]])
    if untrained.size:
        c = untrained[0]
        raise BadInput(
            f"{what}: class {c} has {int((y == c).sum())} of {n} examples and none is left to train on; "
            "give more examples of it or ask for smaller dev and test parts"
        )
    return parts
