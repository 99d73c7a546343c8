"""The 48 features of Chen and Manning (2014): 18 words, their 18 tags and 12 relations, for many states at once.

Place by place, in the order of the columns (s: stack from above, b: buffer; lc, rc: outermost dependents on the
left and right, 1 the outermost, 2 the next):

     0- 5   s1 s2 s3 b1 b2 b3
     6-11   lc1(s1) rc1(s1) lc2(s1) rc2(s1) lc1(lc1(s1)) rc1(rc1(s1))
    12-17   the same of s2

Columns 0-17 hold the words of these 18 places, 18-35 their tags, and 36-47 the relations of places 6-17, which are
the attached ones.
"""

from __future__ import annotations

import numpy as np

from ..vocabulary import NONE
from .transitions import Ints, States, Whole

N_PLACES, N_ATTACHED = 18, 12
N_FEATURES = 2 * N_PLACES + N_ATTACHED


def feature_places(states: States) -> Whole:
    """(alive, 18) the places of the features, in the order above; `states.none` where there is no word."""
    rows = np.arange(states.alive)
    places = [states.top(0), states.top(1), states.top(2), *(states.next(i) for i in range(3))]
    for s in places[:2]:
        lc1, rc1 = states.left[rows, s, 0], states.right[rows, s, 0]
        places += [lc1, rc1, states.left[rows, s, 1], states.right[rows, s, 1]]
        places += [states.left[rows, lc1, 0], states.right[rows, rc1, 0]]
    return np.stack(places, axis=1)


def features(states: States, words: Ints, tags: Ints) -> Ints:
    """(alive, 48) ids, int32.

    words, tags : (B, places) the ids of every place, ROOT first, NONE behind the last word: see `by_place`
    """
    places = feature_places(states)
    rows = np.arange(len(places))[:, None]
    out = np.empty((len(places), N_FEATURES), np.int32)
    out[:, :N_PLACES] = words[rows, places]
    out[:, N_PLACES : 2 * N_PLACES] = tags[rows, places]
    out[:, 2 * N_PLACES :] = states.rels[rows, places[:, N_PLACES - N_ATTACHED :]]
    return out


def by_place(states: States, ids: list[list[int]], root: int) -> Ints:
    """(B, places) from the ids of each sentence's words: `root` at place 0, NONE behind the last word."""
    out = np.full(states.heads.shape, NONE, np.int32)
    out[:, 0] = root
    for row, of_words in enumerate(ids):
        out[row, 1 : len(of_words) + 1] = of_words
    return out
