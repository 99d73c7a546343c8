"""What every loader returns: three parts of labelled examples, and where they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

PARTS = ("train", "dev", "test")
SHOWN, LONG = 10, 20  # classes, and letters of one, that a repr shows


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set.

    Parameters
    ----------
    x : array of float32, shape (n, *shape)
        Examples, C-contiguous.
    y : array of int64, shape (n,)
        Their classes, counted from 0.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> part = mbp.Split(np.zeros((3, 8, 8), np.float32), np.array([0, 1, 0]))
    >>> len(part)
    3
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"Split({len(self):,} examples of shape {self.x.shape[1:]})"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Train, dev and test parts with the same example shape and the same classes.

    Parameters
    ----------
    name : str
    train, dev, test : Split
    classes : tuple of str
        Class names: `classes[c]` belongs to label c.
    source : str, default ""
        Where the files were: "scikit-learn", "$MINIMALBP_DATA", "cache", or the path as the user typed it.
    sha256 : dict of str to str, optional
        Fingerprint of each file (its decompressed bytes), so that a run can record which data it saw.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> x, y = np.zeros((9, 4), np.float32), np.arange(9) % 2
    >>> train, dev, test = (mbp.Split(x[i : i + 3], y[i : i + 3]) for i in (0, 3, 6))
    >>> data = mbp.Dataset("mine", train, dev, test, classes=("no", "yes"))
    >>> data.shape, data.n_inputs, data.n_classes
    ((4,), 4, 2)
    """

    name: str
    train: Split
    dev: Split
    test: Split
    classes: tuple[str, ...]
    source: str = ""
    sha256: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(getattr(self, part)):,} {part}" for part in PARTS)
        few = (
            self.classes
            if len(self.classes) <= SHOWN
            else (*self.classes[: SHOWN - 2], "...", self.classes[-1])
        )
        names = ", ".join(name if len(name) <= LONG else f"{name[:LONG]}..." for name in few)
        return f"Dataset({self.name}: {parts}, of shape {self.shape}, {self.n_classes} classes: {names})"

    @property
    def n_classes(self) -> int:
        """Number of classes: the width of a network's last layer."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example: (28, 28) for MNIST, (3, height, width) for colour pictures."""
        return self.train.x.shape[1:]

    @property
    def n_inputs(self) -> int:
        """Numbers in one example: the width of the first layer of a network that flattens it."""
        return math.prod(self.shape)

    def describe(self) -> dict[str, Any]:
        """For run.json: where the data came from, and the sizes."""
        parts = {part: len(getattr(self, part)) for part in PARTS}
        return {"name": self.name, "source": self.source, "sha256": self.sha256, **parts,
                "shape": list(self.shape), "classes": self.n_classes}  # fmt: skip
