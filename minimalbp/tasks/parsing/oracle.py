"""The static oracle: the transitions that build a given tree, for many sentences at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import BadInput
from .transitions import LEFT, RIGHT, SHIFT, TO_ROOT, States, Whole


class Oracle:
    """Chooses the next transition towards the gold trees, for states whose transitions were all its own choice.

    It chooses LEFT-ARC as soon as the head of s2 is s1. It chooses RIGHT-ARC as soon as the head of s1 is s2 and s1
    has all its own dependents, since it can get none later. ROOT-ARC comes at the end, and SHIFT in all other
    states. Several sequences may build the same projective tree; this one attaches to the left first. No sequence
    builds a tree that is not projective.

    `heads` and `relations` have, for each sentence of the states in their order, the heads of its words, and the
    indices of its relations among those of the system. The relation of the root is not read.
    """

    def __init__(self, states: States, heads: Sequence[Sequence[int]], relations: Sequence[Sequence[int]]):
        shape = states.heads.shape
        self.heads: npt.NDArray[np.int32] = np.full(shape, -1, np.int32)
        self.relations: npt.NDArray[np.int32] = np.zeros(shape, np.int32)
        self.waiting_for: npt.NDArray[np.int32] = np.zeros(shape, np.int32)  # dependents to come
        for row, (head, relation) in enumerate(zip(heads, relations, strict=True)):
            self.heads[row, 1 : len(head) + 1] = head
            self.relations[row, 1 : len(head) + 1] = relation
            self.waiting_for[row] = np.bincount(head, minlength=shape[1])

    def __call__(self, states: States) -> Whole:
        """The next transitions, shape (alive,). Raises BadInput where a tree is not projective."""
        rows = np.arange(states.alive)
        s1, s2 = states.top(0), states.top(1)
        legal = states.legal_kinds()
        left = legal[:, LEFT] & (self.heads[rows, s2] == s1)
        complete = self.waiting_for[rows, s1] == 0
        right = legal[:, RIGHT] & (self.heads[rows, s1] == s2) & complete
        kind = np.where(left, LEFT, np.where(right, RIGHT, np.where(legal[:, TO_ROOT], TO_ROOT, SHIFT)))
        if not legal[rows, kind].all():
            row = int(np.flatnonzero(~legal[rows, kind])[0])
            raise BadInput(f"sentence {row} of the batch is not projective: no transitions build its tree")
        child, head = np.where(left, s2, s1), np.where(left, s1, s2)
        attached = (kind == LEFT) | (kind == RIGHT)
        self.waiting_for[rows[attached], head[attached]] -= 1
        relation = np.where(attached, self.relations[rows, child], 0)
        return states.system.first[kind] + relation
