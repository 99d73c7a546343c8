"""The 48 features of Chen and Manning (2014): 18 words, their 18 tags and 12 relations, for many states at once.

A position is the index of a word in its sentence. These are the 18 positions, in the order of the columns: s1 is
the top of the stack and b1 the front of the buffer; lc1 and lc2 are the outermost dependent on the left and the
next one, rc1 and rc2 those on the right.

     0- 5   s1 s2 s3 b1 b2 b3
     6-11   lc1(s1) rc1(s1) lc2(s1) rc2(s1) lc1(lc1(s1)) rc1(rc1(s1))
    12-17   the same of s2

Columns 0-17 hold the words at these positions, columns 18-35 their tags. Columns 36-47 hold the relations of the
last twelve, which are dependents of another word.
"""

from __future__ import annotations

import numpy as np

from ..vocabulary import NONE
from .transitions import Ints, States, Whole

N_POSITIONS, N_ATTACHED = 18, 12
N_FEATURES = 2 * N_POSITIONS + N_ATTACHED


def feature_positions(states: States) -> Whole:
    """The positions of the features, in the order above, shape (alive, 18); `states.none` where there is none."""
    rows = np.arange(states.alive)
    positions = [states.top(0), states.top(1), states.top(2), *(states.next(i) for i in range(3))]
    for s in positions[:2]:
        lc1, rc1 = states.left[rows, s, 0], states.right[rows, s, 0]
        positions += [lc1, rc1, states.left[rows, s, 1], states.right[rows, s, 1]]
        positions += [states.left[rows, lc1, 0], states.right[rows, rc1, 0]]
    return np.stack(positions, axis=1)


def features(states: States, words: Ints, tags: Ints) -> Ints:
    """The features of all unfinished sentences, int32 (alive, 48).

    `words` and `tags` hold the ids at every position, shape (B, positions), as `by_position` makes them.
    """
    positions = feature_positions(states)
    rows = np.arange(len(positions))[:, None]
    out = np.empty((len(positions), N_FEATURES), np.int32)
    out[:, :N_POSITIONS] = words[rows, positions]
    out[:, N_POSITIONS : 2 * N_POSITIONS] = tags[rows, positions]
    out[:, 2 * N_POSITIONS :] = states.rels[rows, positions[:, N_POSITIONS - N_ATTACHED :]]
    return out


def by_position(states: States, ids: list[list[int]], root: int) -> Ints:
    """The ids of each sentence's words by position, int32 (B, positions): first `root`, after the words NONE."""
    out = np.full(states.heads.shape, NONE, np.int32)
    out[:, 0] = root
    for row, of_words in enumerate(ids):
        out[row, 1 : len(of_words) + 1] = of_words
    return out
