"""The exact work of each kernel from the shapes of its arguments, in the module of the kernel's own stem.

A count has the kernel's name and takes the kernel's arguments, outputs included, after the call. One operation
is a multiply-add of a matrix product, or one element-wise step (docs/maths.md lists what each kernel counts).
Bytes are what the definition reads and writes: each array that takes part counts once. A product with a choice
per example is the exception: it reads a whole row for each (example, unit) pair, because examples share
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INDEX = 4  # bytes of an int32


@dataclass(frozen=True)
class Count:
    """The work of one kernel call, or of one part of it.

    Parameters
    ----------
    phase : str
        The phase of a training step that the work belongs to, one of `PHASES`.
    ops : int
        Operations: multiply-adds of matrix products, and element-wise steps.
    bytes : int
        Bytes read and written.

    Examples
    --------
    >>> import numpy as np
    >>> from minimalbp.measure import FORMULAS
    >>> x, w, b, y = (np.zeros(shape, np.float32) for shape in ((10, 784), (500, 784), (500,), (10, 500)))
    >>> FORMULAS["linear.forward"](y, x, w, b)
    Count(phase='forward', ops=3920000, bytes=1621360)
    """

    phase: str
    ops: int
    bytes: int


Counts = tuple[Count, ...]  # of a kernel with several parts; its seconds belong to the phase of the first


def size_in_bytes(*arrays: Any) -> int:
    """Bytes of all arrays together; numbers and other arguments that are no arrays count nothing."""
    return sum(a.nbytes for a in arrays if hasattr(a, "nbytes") and a.ndim)
