"""Sentences of any length in one array: a row for each word, sentence after sentence, and their lengths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ...backend import Array
from ...errors import BadInput


def check_lengths(lengths: Any, rows: int) -> Array:
    """lengths as int32 (sentences,). Raises BadInput unless they are ints of at least 1 that sum to `rows`."""
    a = np.asarray(lengths)
    if a.ndim != 1 or a.dtype.kind not in "iu" or not len(a):
        raise BadInput(
            f"lengths must be whole numbers, one for each sentence, not {a.dtype} of shape {a.shape}"
        )
    if a.min() < 1:
        where = int(a.argmin())
        raise BadInput(f"sentence {where} has the length {a[where]}; leave out sentences without words")
    total = int(a.sum(dtype=np.int64))
    if total != rows:
        raise BadInput(f"the lengths sum to {total}, but there are {rows} rows; each row is one word")
    return a.astype(np.int32)


@dataclass(frozen=True)
class Packing:
    """The order of time steps of a batch of sentences; see kernels/reference/lstm.py.

    In the order of time steps row i is row order[i] of the batch.
    """

    active: Array  # int32 (steps,): how many sentences reach each step
    order: Array  # int32 (rows,), for a direction that reads forward
    reverse: Array  # the same for one that reads each sentence from its end
    straight: bool  # whether order[i] = i: one sentence, or sentences of one word only
    before: Array | None  # the row of h that holds the state before row i; None: row i


def packing(lengths: Any, rows: int) -> Packing:
    """The packing of sentences of these lengths (None: one sentence). Raises BadInput as `check_lengths` does."""
    return _packing(check_lengths([rows] if lengths is None else lengths, rows).tobytes())


@lru_cache(maxsize=256)
def _packing(lengths: bytes) -> Packing:
    length = np.frombuffer(lengths, np.int32).astype(np.int64)
    first = np.cumsum(length) - length
    longest = np.argsort(-length, kind="stable")
    length, first = length[longest], first[longest]
    step, sentence = np.nonzero(np.arange(length[0])[:, None] < length)  # ordered by step, then by sentence
    active = np.bincount(step)
    start = np.cumsum(active) - active
    order = first[sentence] + step
    reverse = first[sentence] + length[sentence] - 1 - step
    batch = len(length)
    before = np.where(step > 0, start[step - 1] + batch, 0) + sentence
    return Packing(
        active.astype(np.int32),
        order.astype(np.int32),
        reverse.astype(np.int32),
        bool((np.diff(order) == 1).all()),
        None if (length == length[0]).all() else before.astype(np.int32),
    )
