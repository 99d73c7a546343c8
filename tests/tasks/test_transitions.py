"""The arc-standard system for many sentences in step, against one that walks a single sentence with lists."""

import numpy as np
import pytest
from helpers import refused
from hypothesis import given
from hypothesis import strategies as st
from trees import any_tree, projective_tree

from minimalbp.data.treebank.sentence import is_projective, tree_fault
from minimalbp.tasks.parsing.decoding import best_legal, groups
from minimalbp.tasks.parsing.features import feature_positions
from minimalbp.tasks.parsing.oracle import Oracle
from minimalbp.tasks.parsing.transitions import LEFT, RIGHT, SHIFT, TO_ROOT, ArcStandard, States
from minimalbp.tasks.vocabulary import FIRST, NONE

SYSTEM = ArcStandard(2)
lists_of_trees = st.lists(projective_tree(), min_size=1, max_size=6).map(
    lambda t: sorted(t, key=len, reverse=True)
)


def run(states, choose):
    while states.alive:
        states.apply(choose(states))


class Slow:
    """One sentence, one list for the stack, one for the buffer, and a dictionary of arcs."""

    def __init__(self, n):
        self.stack, self.buffer, self.heads, self.rels = [0], list(range(1, n + 1)), {}, {}

    def legal(self):
        kinds = set()
        if self.buffer:
            kinds.add(SHIFT)
        if len(self.stack) > 2:
            kinds |= {LEFT, RIGHT}
        if len(self.stack) == 2 and not self.buffer:
            kinds.add(TO_ROOT)
        return kinds

    def apply(self, kind, relation):
        if kind == SHIFT:
            self.stack.append(self.buffer.pop(0))
            return
        child, head = (self.stack[-2], self.stack[-1]) if kind == LEFT else (self.stack[-1], self.stack[-2])
        self.stack.remove(child)
        self.heads[child], self.rels[child] = head, relation

    def positions(self, none):
        """The 18 positions, by their definition: dependents sorted by their own positions."""

        def get(values, i):
            return values[i] if len(values) > i else none

        def lc(word, i):
            return get(sorted(c for c, h in self.heads.items() if h == word and c < word), i)

        def rc(word, i):
            return get(sorted((c for c, h in self.heads.items() if h == word and c > word), reverse=True), i)

        top = self.stack[::-1]
        found = [get(top, i) for i in range(3)] + [get(self.buffer, i) for i in range(3)]
        for s in found[:2]:
            found += [lc(s, 0), rc(s, 0), lc(s, 1), rc(s, 1), lc(lc(s, 0), 0), rc(rc(s, 0), 0)]
        return found


def test_the_classes():
    assert len(SYSTEM) == 6
    assert SYSTEM.kind.tolist() == [SHIFT, LEFT, LEFT, RIGHT, RIGHT, TO_ROOT]
    assert SYSTEM.relation.tolist() == [-1, 0, 1, 0, 1, -1]
    assert SYSTEM.first.tolist() == [0, 1, 3, 5]
    refused(lambda: ArcStandard(0), "the number of relations must be at least 1")
    for lengths in ([], [2, 3], [1, 0]):
        refused(lambda lengths=lengths: States(lengths, SYSTEM), "in falling order")


def test_by_hand():
    """ "the dog barks": shift, shift, left (det), shift, left (nsubj), root."""
    states = States([3], SYSTEM)
    for chosen in (0, 0, 1, 0, 2, 5):
        assert states.legal()[0, chosen]
        states.apply(np.array([chosen]))
    assert states.alive == 0
    assert states.heads[0, 1:4].tolist() == [2, 3, 0]
    assert states.rels[0, 1:3].tolist() == [FIRST, FIRST + 1]
    assert states.left[0, 3].tolist() == [2, states.none]
    assert states.right[0, 0].tolist() == [3, states.none]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 2**32))
def test_every_walk_is_that_of_the_slow_one(lengths, seed):
    """Random legal transitions: the same legal ones, the same positions, the same arcs, a tree after 2n steps."""
    lengths = sorted(lengths, reverse=True)
    rng = np.random.default_rng(seed)
    states, slow = States(lengths, SYSTEM), [Slow(n) for n in lengths]
    for step in range(2 * lengths[0]):
        assert states.alive == sum(2 * n > step for n in lengths)
        legal, positions = states.legal(), feature_positions(states)
        assert legal.shape == (states.alive, 6) and positions.shape == (states.alive, 18)
        chosen = np.empty(states.alive, np.intp)
        for row in range(states.alive):
            assert {int(k) for k in SYSTEM.kind[legal[row]]} == slow[row].legal()
            expected = slow[row].positions(states.none)
            # behind the end of the buffer stands any position without a word
            found = [p if p <= lengths[row] else states.none for p in positions[row].tolist()]
            assert found == expected
            chosen[row] = rng.choice(np.flatnonzero(legal[row]))
            slow[row].apply(SYSTEM.kind[chosen[row]], SYSTEM.relation[chosen[row]])
        states.apply(chosen)
    assert states.alive == 0
    for row, n in enumerate(lengths):
        heads = states.heads[row, 1 : n + 1].tolist()
        assert heads == [slow[row].heads[w] for w in range(1, n + 1)]
        assert tree_fault(heads) is None
        assert is_projective(heads)
        rels = [states.rels[row, w] - FIRST for w in range(1, n + 1) if heads[w - 1]]
        assert rels == [slow[row].rels[w] for w in range(1, n + 1) if heads[w - 1]]
        assert (states.rels[row, n + 1 :] == NONE).all()


@given(lists_of_trees)
def test_the_oracle_builds_every_projective_tree(trees):
    states = States([len(heads) for heads in trees], SYSTEM)
    relations = [[(i * i) % 2 for i in range(len(heads))] for heads in trees]
    run(states, Oracle(states, trees, relations))
    for row, heads in enumerate(trees):
        n = len(heads)
        assert tuple(states.heads[row, 1 : n + 1].tolist()) == heads
        found = (states.rels[row, 1 : n + 1] - FIRST).tolist()
        assert [r for r, h in zip(found, heads) if h] == [r for r, h in zip(relations[row], heads) if h]


@given(any_tree(most=7))
def test_the_oracle_refuses_every_other_tree(heads):
    states = States([len(heads)], SYSTEM)
    oracle = Oracle(states, [heads], [[0] * len(heads)])
    if is_projective(heads):
        run(states, oracle)
    else:
        refused(lambda: run(states, oracle), "sentence 0 of the batch is not projective")


@given(st.lists(st.integers(1, 50)), st.integers(1, 9))
def test_groups_hold_every_sentence_once_longest_first(lengths, most):
    found = list(groups(lengths, most))
    assert sorted(i for group in found for i in group) == list(range(len(lengths)))
    falling = [lengths[i] for group in found for i in group]
    assert falling == sorted(lengths, reverse=True)
    assert all(len(group) == most for group in found[:-1])


def test_a_long_sentence_walks_in_a_smaller_group(monkeypatch):
    monkeypatch.setattr("minimalbp.tasks.parsing.decoding.POSITIONS", 20)
    assert list(groups([9, 1, 50, 10, 3, 2], 4)) == [[2], [3, 0], [4, 5, 1]]


# --- the choice among scores ----------------------------------------------------------------------------------

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    "scores, legal, best",
    [
        ([1, 3, 2], [1, 1, 1], 1),
        ([1, 3, 2], [1, 0, 1], 2),
        ([2, 3, 2], [1, 0, 1], 0),  # equal: the lower class
        ([NAN, 3, -5], [1, 0, 1], 2),
        ([NAN, INF, NAN], [0, 0, 1], 2),
        ([NAN, NAN, NAN], [0, 1, 1], 1),
        ([-INF, -INF, -INF], [0, 1, 1], 1),
        ([NAN, -INF, INF], [1, 1, 0], 0),
        ([INF, INF, INF], [0, 1, 0], 1),
    ],
)
def test_the_best_legal_transition(scores, legal, best):
    chosen = best_legal(np.array([scores], np.float32), np.array([legal], bool))
    assert chosen.tolist() == [best]


def test_scores_of_another_shape():
    legal = np.ones((2, 3), bool)
    refused(
        lambda: best_legal(np.zeros((2, 4)), legal),
        "float64 of shape (2, 4); it must return numbers of shape (2, 3)",
    )
    refused(lambda: best_legal(np.zeros((2, 3), complex), legal), "complex128")
    assert best_legal([[0, 2, 1], [5, 0, 5]], legal).tolist() == [1, 0]
