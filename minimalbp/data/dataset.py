"""What every loader returns: three parts of labelled examples, and where they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Split:
    """One part of a data set.

    x : (n, *shape) float32, C-contiguous; one example per leading index
    y : (n,) int64, classes counted from 0
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def first(self, n: int) -> tuple[npt.NDArray[np.float32], None]:
        """The inputs of the first n examples; None: they are no sentences, which would have lengths."""
        return self.x[:n], None


@dataclass(frozen=True, eq=False)
class Dataset:
    """Train, dev and test parts with the same example shape and the same classes.

    classes : class names; `classes[c]` belongs to label c
    source  : "scikit-learn", "$MINIMALBP_DATA", "cache", or the path as the user typed it
    sha256  : fingerprint of each file (decompressed bytes), so that a run tells which data it saw
    """

    name: str
    train: Split
    dev: Split
    test: Split
    classes: tuple[str, ...]
    source: str = ""
    sha256: dict[str, str] = field(default_factory=dict)

    @property
    def n_classes(self) -> int:
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
        """For run.json: where it came from, and the sizes."""
        parts = {part: len(getattr(self, part)) for part in ("train", "dev", "test")}
        return {"name": self.name, "source": self.source, "sha256": self.sha256, **parts,
                "shape": list(self.shape), "classes": self.n_classes}  # fmt: skip
