"""The arc-standard system (Nivre 2004) for many sentences at once: stacks, buffers, arcs, and what is legal.

A sentence begins with ROOT on its stack and its n words in the buffer. s1 is the top of the stack, s2 below it:

    SHIFT         the first word of the buffer moves to the stack
    LEFT-ARC(l)   s2 becomes a dependent of s1 with relation l, and leaves the stack
    RIGHT-ARC(l)  s1 becomes a dependent of s2 with relation l, and leaves the stack
    ROOT-ARC      s1 becomes the root; legal, and then the only legal one, when nothing but it is left

Each word is shifted once and attached once, so that every sentence ends after exactly 2n transitions. ROOT-ARC
is RIGHT-ARC(root) kept apart: one root and a tree are then a matter of the system, whatever the scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...errors import BadInput, check_int
from ..vocabulary import FIRST, NONE

Ints = npt.NDArray[np.int32]
Whole = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

SHIFT, LEFT, RIGHT, TO_ROOT = range(4)  # the kinds of transition


class ArcStandard:
    """The transitions over L relations, 2 L + 2 of them: SHIFT, L x LEFT-ARC, L x RIGHT-ARC, ROOT-ARC.

    kind     : (transitions,) SHIFT, LEFT, RIGHT or TO_ROOT
    relation : (transitions,) index of the relation, -1 where there is none
    """

    def __init__(self, n_relations: int):
        n = self.n_relations = check_int("the number of relations", n_relations, least=1)
        self.kind = np.repeat(np.array([SHIFT, LEFT, RIGHT, TO_ROOT], np.intp), [1, n, n, 1])
        self.relation = np.concatenate([[-1], np.arange(n), np.arange(n), [-1]]).astype(np.intp)
        # the first transition of each kind
        self.first = np.array([0, 1, 1 + n, 1 + 2 * n], np.intp)

    def __len__(self) -> int:
        return len(self.kind)


class States:
    """Where B sentences stand. The unfinished are always the first rows: they are sorted, longest first.

    Places in a sentence: 0 is ROOT, 1..n its words; `none` (the last place of every row) stands for what is not
    there. Arrays, with places = longest + 2:

    stack, depth   : (B, places) places from the bottom up, (B,) how many of them
    front          : (B,) the first word of the buffer; n + 1 when it is empty
    heads          : (B, places) the place above each; -1: not attached yet
    rels           : (B, places) id of its relation in a Vocabulary: NONE, or FIRST + the relation's index
    left, right    : (B, places, 2) the two outermost dependents on either side, the outermost first; or `none`
    """

    def __init__(self, lengths: Sequence[int] | Whole, system: ArcStandard):
        self.lengths = np.asarray(lengths, np.intp)
        if not len(self.lengths) or self.lengths[-1] < 1 or np.any(np.diff(self.lengths) > 0):
            raise BadInput("states need the lengths of sentences, at least 1, in falling order")
        self.system = system
        rows, self.places = len(self.lengths), int(self.lengths[0]) + 2
        self.none = self.places - 1
        shape = (rows, self.places)
        self.stack = np.zeros(shape, np.int32)
        self.depth = np.ones(rows, np.intp)
        self.front = np.ones(rows, np.intp)
        self.heads = np.full(shape, -1, np.int32)
        self.rels = np.full(shape, NONE, np.int32)
        self.left = np.full((*shape, 2), self.none, np.int32)
        self.right = self.left.copy()
        self.step = 0

    @property
    def alive(self) -> int:
        """How many sentences are not finished: those that need more transitions than were made."""
        return int(np.searchsorted(-2 * self.lengths, -self.step, side="left"))

    def top(self, i: int) -> Whole:
        """(alive,) the i-th place of the stack from above, 0 for s1; `none` where the stack is not so deep."""
        m = self.alive
        at = self.depth[:m] - 1 - i
        return np.where(at >= 0, self.stack[np.arange(m), np.maximum(at, 0)], self.none)

    def next(self, i: int) -> Whole:
        """(alive,) the i-th place of the buffer, 0 for b1; a place without a word behind its end."""
        return np.minimum(self.front[: self.alive] + i, self.none)

    def legal_kinds(self) -> Bools:
        """(alive, 4) whether SHIFT, LEFT-ARC, RIGHT-ARC and ROOT-ARC are legal; one of them always is."""
        m = self.alive
        waiting = self.front[:m] <= self.lengths[:m]
        two_words = self.depth[:m] >= 3  # above ROOT
        return np.stack([waiting, two_words, two_words, ~waiting & (self.depth[:m] == 2)], axis=1)

    def legal(self) -> Bools:
        """(alive, transitions) the same for every transition. Those of one kind are legal together."""
        return self.legal_kinds()[:, self.system.kind]

    def apply(self, chosen: Whole) -> None:
        """Make one transition in every unfinished sentence: chosen (alive,), all of them legal."""
        kind, relation = self.system.kind[chosen], self.system.relation[chosen]
        rows = np.flatnonzero(kind == SHIFT)
        self.stack[rows, self.depth[rows]] = self.front[rows]
        self.front[rows] += 1
        self.depth[rows] += 1
        s1, s2 = self.top(0), self.top(1)
        # The dependent and the head change places. A new dependent is outermost: those nearer came before it.
        for which, rows in ((LEFT, np.flatnonzero(kind == LEFT)), (RIGHT, np.flatnonzero(kind >= RIGHT))):
            head, child, side = (s1, s2, self.left) if which == LEFT else (s2, s1, self.right)
            head, child = head[rows], child[rows]
            self.heads[rows, child] = head
            self.rels[rows, child] = relation[rows] + FIRST
            side[rows, head, 1] = side[rows, head, 0]
            side[rows, head, 0] = child
            self.depth[rows] -= 1
            self.stack[rows, self.depth[rows] - 1] = head
        self.step += 1
