"""Sentences in groups that are parsed in step, and the best legal transition, whatever the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import BadInput
from .transitions import Bools, Whole

POSITIONS = 1 << 21  # of a group, sentences times words: a dozen arrays of 8 MB


def groups(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Indices of all sentences, longest first, in groups of at most `most` that are parsed in step.

    A group with a very long sentence is smaller, because each of its sentences gets as many positions.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    while order:
        rows = max(1, min(most, POSITIONS // lengths[order[0]]))
        yield order[:rows]
        order = order[rows:]


def best_legal(scores: npt.NDArray[Any], legal: Bools) -> Whole:
    """The legal transition with the highest score in each row, the lowest of equal ones, shape (n,).

    Both arguments have the shape (n, transitions), and every row has a legal transition. Scores of NaN count as
    -infinity. Raises BadInput for scores of another shape, or that are not real numbers.
    """
    scores = np.asarray(scores)
    if scores.shape != legal.shape or scores.dtype.kind not in "fiub":
        raise BadInput(
            f"the scorer returned {scores.dtype} of shape {scores.shape}; "
            f"it must return numbers of shape {legal.shape}"
        )
    allowed = np.where(legal & ~np.isnan(scores), scores, -np.inf)
    best = allowed.argmax(axis=1)
    # Where no legal score is above -infinity, argmax may be illegal: take the first legal transition
    return np.where(legal[np.arange(len(legal)), best], best, legal.argmax(axis=1))
