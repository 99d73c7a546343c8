"""Where the pruning of one layer stands: probabilities, what has left, and how much still has to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..backend import Array
from ..errors import BadInput
from .groups import Groups

ARRAYS = ("p", "gone", "fell")  # what a checkpoint keeps
NEARLY = 0.99  # the probability of a group that was to leave, when no more may


class PrunedLayer:
    """A layer whose groups leave.

    Parameters
    ----------
    groups : Groups
    ratio : float
        The share of the groups that leaves, rounded up to whole groups, of which at least one leaves.

    Attributes
    ----------
    target : int
        How many groups leave.
    p : array of float64, shape (n,)
        Their pruning probabilities: how likely each is masked in a forward pass.
    gone : array of bool, shape (n,)
        The groups that have left. Their p is 1 and their weights are zero.
    fell : array of bool, shape (n,)
        The groups whose p was lowered at some time.
    """

    def __init__(self, groups: Groups, ratio: float):
        self.groups, self.ratio, self.n = groups, ratio, groups.n
        self.target = max(math.ceil(ratio * groups.n - 1e-9), 1)
        self.p, self.fell = np.zeros(self.n), np.zeros(self.n, bool)
        self.gone = np.zeros(self.n, bool)

    @property
    def name(self) -> str:
        """The layer's path in the network."""
        return self.groups.name

    @property
    def pruned(self) -> int:
        """How many groups have left."""
        return int(self.gone.sum())

    @property
    def wanted(self) -> int:
        """How many groups have still to leave."""
        return max(self.target - self.pruned, 0)

    def start(self) -> None:
        """Count the groups whose weights are all zero as gone: they left before. For good, with all they have."""
        self.gone = self.groups.norms() == 0
        self.p[self.gone] = 1
        self.groups.scale(~self.gone)

    def ranks(self, score: Array, *, among_all: bool = False) -> Array:
        """The rank of each group, 0 for the weakest that is left; among all the groups that left come first.

        Groups that left have no rank among the others: theirs is n.
        """
        order = np.lexsort((score, ~self.gone if among_all else self.gone))
        rank = np.empty(self.n, int)
        rank[order] = np.arange(self.n)
        if not among_all:
            rank[self.gone] = self.n
        return rank

    def weakest(self, score: Array, count: int) -> Array:
        """The `count` groups of the lowest score among those that are left."""
        left = np.flatnonzero(~self.gone)
        return left[np.argsort(score[left], kind="stable")[:count]]

    def move(self, p: Array) -> None:
        """Give the groups that are left new probabilities."""
        p = np.where(self.gone, 1.0, np.clip(p, 0, 1))
        self.fell |= p < self.p
        self.p = p

    def remove(self, which: Array) -> None:
        """Let groups leave for good. Never more than the target asks; those with the lower L1 norms go first."""
        if len(which) > self.wanted:
            which = which[np.argsort(self.groups.norms()[which], kind="stable")]
            self.p[which[self.wanted :]] = NEARLY
            which = which[: self.wanted]
        self.gone[which] = True
        self.p[self.gone] = 1
        self.groups.scale(~self.gone)

    def settle(self, *, rescale: bool) -> None:
        """The groups that are left stay. rescale: each is first multiplied by its chance 1 - p to be in a pass."""
        if rescale:
            chance = np.where(self.p < NEARLY, 1 - self.p, 1.0)  # those that were to leave are as they were
            self.groups.scale_outputs(np.where(self.gone, 0.0, chance))
        self.p = self.gone.astype(float)

    def recovered(self) -> float:
        """The share of the groups left whose probability had risen and fell again."""
        left = ~self.gone
        return float((self.fell & left).sum() / max(left.sum(), 1))


def check_targets(layers: Sequence[PrunedLayer], kind: str, goal: str | None) -> None:
    """Raise BadInput for a layer of which nothing would be left. goal: what was asked, by default its ratio."""
    fitting = [one.name for one in layers if one.target < one.n]
    for one in layers:
        if one.target >= one.n:
            every = f"all {one.n} {kind}" if one.n > 1 else f"the only {kind[:-1]}"
            remedy = ["give a smaller one"] if one.n > 1 else []
            remedy += [f"name other layers, with layers = {','.join(fitting)}"] if fitting else []
            raise BadInput(
                f"{goal or f'ratio = {one.ratio:.15g}'} would take {every} of {one.groups.layer.label}; "
                f"{', or '.join(remedy) or 'prune other groups'}"
            )
