"""Where a window stands on a picture: sizes, positions, and the plan that convolutions index by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_int, short

Pair = tuple[int, int]
MOST = 10_000  # pixels: kernels count them in 32 bits


def check_size(name: str, size: Any, least: int) -> Pair:
    """An int, or a pair (height, width), as a pair. Raises BadInput for anything else and below `least`."""
    pair = (size, size) if not isinstance(size, (tuple, list)) else tuple(size)
    if len(pair) != 2:
        raise BadInput(f"{name} must be a whole number or a pair (height, width), not {size!r}")
    for size in pair:
        if check_int(name, size, least=least) > MOST:
            raise BadInput(f"{name} must be at most {MOST:,} pixels, not {short(size)}")
    return int(pair[0]), int(pair[1])


@dataclass(frozen=True, eq=False)
class Window:
    """The positions of a window on pictures of one size.

    Attributes
    ----------
    outputs : (int, int)
        How many positions there are, down and across.
    padded : (int, int)
        Height and width of the picture with its padding.
    padding : (int, int)
    corner : int32 array (positions,)
        The number of the first pixel of the window at each position, in the padded picture, row by row.
    """

    outputs: Pair
    padded: Pair
    padding: Pair
    corner: Array

    @property
    def size(self) -> Pair:
        """Height and width of the picture without its padding."""
        return self.padded[0] - 2 * self.padding[0], self.padded[1] - 2 * self.padding[1]

    @property
    def positions(self) -> int:
        """The number of positions."""
        return len(self.corner)

    @staticmethod
    def of(size: tuple[int, ...], kernel: Pair, stride: Pair, padding: Pair, label: str) -> Window:
        """The positions on pictures of `size`. Raises BadInput where the window is larger than a padded picture."""
        height, width = size
        return _window((height, width), kernel, stride, padding, label)


@lru_cache(maxsize=256)
def _window(size: Pair, kernel: Pair, stride: Pair, padding: Pair, label: str) -> Window:
    padded = size[0] + 2 * padding[0], size[1] + 2 * padding[1]
    if kernel[0] > padded[0] or kernel[1] > padded[1]:
        raise BadInput(
            f"{label} has a window of {kernel[0]} x {kernel[1]} but gets pictures of {padded[0]} x {padded[1]}, "
            "padding included; use larger pictures or more padding"
        )
    down, across = ((padded[i] - kernel[i]) // stride[i] + 1 for i in (0, 1))
    rows = np.arange(down, dtype=np.int32) * stride[0] * padded[1]
    corner = (rows[:, None] + np.arange(across, dtype=np.int32) * stride[1]).reshape(-1)
    return Window((down, across), padded, padding, np.ascontiguousarray(corner, np.int32))
