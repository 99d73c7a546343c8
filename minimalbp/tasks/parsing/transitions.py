"""The arc-standard system (Nivre 2004) for many sentences at once: stacks, buffers, arcs, and what is legal.

A sentence begins with ROOT on its stack and its n words in the buffer. s1 is the top of the stack, s2 is below it.

    SHIFT         the first word of the buffer moves to the stack
    LEFT-ARC(l)   s2 becomes a dependent of s1 with relation l, and leaves the stack
    RIGHT-ARC(l)  s1 becomes a dependent of s2 with relation l, and leaves the stack
    ROOT-ARC      s1 becomes the root

Once s1 is the only word left, ROOT-ARC is legal and nothing else is. Each word is shifted once and attached once,
so every sentence ends after exactly 2n transitions. ROOT-ARC is RIGHT-ARC(root) kept apart. So every legal sequence
builds a tree with one root, whatever the scores.
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

    Attributes
    ----------
    kind : array of int, shape (transitions,)
        SHIFT, LEFT, RIGHT or TO_ROOT.
    relation : array of int, shape (transitions,)
        Index of the relation, -1 where there is none.
    first : array of int, shape (4,)
        The first transition of each kind.
    """

    def __init__(self, n_relations: int):
        n = check_int("the number of relations", n_relations, least=1)
        self.kind = np.repeat(np.array([SHIFT, LEFT, RIGHT, TO_ROOT], np.intp), [1, n, n, 1])
        self.relation = np.concatenate([[-1], np.arange(n), np.arange(n), [-1]]).astype(np.intp)
        self.first = np.array([0, 1, 1 + n, 1 + 2 * n], np.intp)

    def __len__(self) -> int:
        return len(self.kind)


class States:
    """The states of B sentences. These are sorted, longest first, so that the unfinished ones are the first rows.

    Position 0 of a sentence is ROOT, and 1..n are its words. `none`, the last position of every row, stands for a
    word that does not exist. The arrays have positions = longest + 2.

    Attributes
    ----------
    stack : array of int, shape (B, positions)
        The positions on the stack, from the bottom up.
    depth : array of int, shape (B,)
        How many there are.
    front : array of int, shape (B,)
        The position of the first word of the buffer; n + 1 when it is empty.
    heads : array of int, shape (B, positions)
        The position of each word's head; -1 before it is attached.
    rels : array of int, shape (B, positions)
        Ids of the relations in a `Vocabulary`: FIRST + the index of the relation, or NONE.
    left, right : array of int, shape (B, positions, 2)
        The two outermost dependents on that side, the outermost first, or `none`.
    """

    def __init__(self, lengths: Sequence[int] | Whole, system: ArcStandard):
        self.lengths = np.asarray(lengths, np.intp)
        if not len(self.lengths) or self.lengths[-1] < 1 or np.any(np.diff(self.lengths) > 0):
            raise BadInput("states need the lengths of sentences, at least 1, in falling order")
        self.system = system
        rows, positions = len(self.lengths), int(self.lengths[0]) + 2
        self.none = positions - 1
        shape = (rows, positions)
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
        """How many sentences are unfinished."""
        return int(np.searchsorted(-2 * self.lengths, -self.step, side="left"))

    def top(self, i: int) -> Whole:
        """The i-th position of each stack from its top, 0 for s1, shape (alive,); `none` below the bottom."""
        m = self.alive
        at = self.depth[:m] - 1 - i
        return np.where(at >= 0, self.stack[np.arange(m), np.maximum(at, 0)], self.none)

    def next(self, i: int) -> Whole:
        """The i-th position of each buffer, 0 for b1, shape (alive,); past the end one without a word."""
        return np.minimum(self.front[: self.alive] + i, self.none)

    def legal_kinds(self) -> Bools:
        """Whether SHIFT, LEFT-ARC, RIGHT-ARC and ROOT-ARC are legal, shape (alive, 4). One always is."""
        m = self.alive
        waiting = self.front[:m] <= self.lengths[:m]
        two_words = self.depth[:m] >= 3  # above ROOT
        return np.stack([waiting, two_words, two_words, ~waiting & (self.depth[:m] == 2)], axis=1)

    def legal(self) -> Bools:
        """Whether each transition is legal, shape (alive, transitions). Those of one kind are legal together."""
        return self.legal_kinds()[:, self.system.kind]

    def apply(self, chosen: Whole) -> None:
        """Make one transition in every unfinished sentence: `chosen`, shape (alive,), all of them legal."""
        kind, relation = self.system.kind[chosen], self.system.relation[chosen]
        rows = np.flatnonzero(kind == SHIFT)
        self.stack[rows, self.depth[rows]] = self.front[rows]
        self.front[rows] += 1
        self.depth[rows] += 1
        s1, s2 = self.top(0), self.top(1)
        # LEFT-ARC and RIGHT-ARC differ in which is the head. A new dependent is outermost: nearer ones came
        # earlier.
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
