"""The walk through the transitions, all sentences in step, and the choice that no scores can spoil."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import BadInput
from .transitions import Bools, States, Whole

PLACES = 1 << 21  # of a group, rows times words: a dozen arrays of 8 MB


def groups(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Indices of all sentences, longest first, in groups of at most `most` that walk together.

    A group with a very long sentence is smaller, as every sentence of it gets as many places.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    while order:
        rows = max(1, min(most, PLACES // lengths[order[0]]))
        yield order[:rows]
        order = order[rows:]


def run(states: States, choose: Callable[[States], Whole]) -> None:
    """Apply what `choose` answers, (alive,) legal transitions, until every sentence is finished."""
    while states.alive:
        states.apply(choose(states))


def best_legal(scores: npt.NDArray[Any], legal: Bools) -> Whole:
    """(n,) the legal transition with the highest score in each row; of equal ones the lowest.

    scores : (n, transitions) real numbers; NaN counts as least, together with -infinity
    legal  : (n, transitions), one at least in every row

    Raises BadInput for scores of another shape, or that are no numbers.
    """
    scores = np.asarray(scores)
    if scores.shape != legal.shape or scores.dtype.kind not in "fiub":
        raise BadInput(
            f"the scorer answered {scores.dtype} of shape {scores.shape}; "
            f"it must give numbers of shape {legal.shape}"
        )
    allowed = np.where(legal & ~np.isnan(scores), scores, -np.inf)
    best = allowed.argmax(axis=1)
    # where nothing legal is above -infinity, the first legal one
    return np.where(legal[np.arange(len(legal)), best], best, legal.argmax(axis=1))
