"""The rules that say which groups leave: SPP and what it is compared with. A new criterion is one small class."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..backend import Array
from .delta import delta, linear_delta
from .layer import PrunedLayer

Plan = Any  # a PrunePlan, whose file imports this one


class Rule:
    """Which groups of a layer leave at each update, in one step or little by little; the base of all rules.

    A rule of its own gives each group a `score`; the groups of the lowest score leave, spread evenly over the
    updates of the plan's span. Rules that need more override `update`.

    Parameters
    ----------
    plan : PrunePlan
    layer : PrunedLayer
        Each layer has a rule of its own.
    rng : numpy.random.Generator
        For rules that draw.
    """

    name: ClassVar[str]
    only: ClassVar[str | None] = None  # the kind of groups that it is about, None for any
    at_once: ClassVar[bool] = False  # whether all groups leave at the first update
    least_updates: ClassVar[int] = 1  # before the rule knows enough
    options: tuple[str, ...] = ("span",)  # the options of a plan that it reads

    def __init__(self, plan: Plan, layer: PrunedLayer, rng: np.random.Generator):
        self.plan, self.layer = plan, layer

    def score(self) -> Array:
        """The score of each group, (n,): by default its L1 norm."""
        return self.layer.groups.norms()

    def observe(self, rate: float) -> None:
        """Called after each backward pass, before the update of the weights with the learning rate `rate`."""

    def update(self, number: int) -> Array:
        """The groups that leave at update `number`, counted from 1."""
        span = 1 if self.at_once else self.plan.span
        due = math.ceil(self.layer.target * min(1, number / span) - 1e-9)
        return self.layer.weakest(self.score(), max(due - self.layer.pruned, 0))

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint keeps, by name; changed in place when a run resumes."""
        return {}


class SPP(Rule):
    """Structured probabilistic pruning (arXiv 1709.06994v3, Algorithm 1): weak groups are masked ever more often.

    Each update adds Delta(rank) to the pruning probability of each group; one whose probability reaches 1 leaves.
    """

    name = "spp"
    options: tuple[str, ...] = ("a", "u", "margin", "ranks")

    def change(self, rank: Array, zero: float) -> Array:
        """What is added to the probabilities."""
        return delta(rank, zero, self.plan.a, self.plan.u)

    def update(self, number: int) -> Array:
        layer, plan = self.layer, self.plan
        literal = plan.ranks == "all"
        rank = layer.ranks(self.score(), among_all=literal)
        goal = math.ceil((layer.ratio + plan.margin_of(layer.ratio)) * layer.n - 1e-9)
        zero = layer.ratio * layer.n if literal else max(goal - layer.pruned, 1)
        layer.move(layer.p + self.change(rank.astype(float), zero))
        return np.flatnonzero((layer.p >= 1) & ~layer.gone)


class NoRecovery(SPP):
    """SPP whose probabilities never fall."""

    name = "spp-norecovery"

    def change(self, rank: Array, zero: float) -> Array:
        return np.maximum(super().change(rank, zero), 0)


class LinearDelta(SPP):
    """SPP with a straight line in the place of the exponential."""

    name = "spp-linear"
    options = ("a", "margin", "ranks")

    def change(self, rank: Array, zero: float) -> Array:
        return linear_delta(rank, zero, self.plan.a)


class L1Columns(Rule):
    """The columns with the smallest L1 norms, little by little."""

    name, only = "columns-l1", "columns"


class L1AtOnce(Rule):
    """The columns with the smallest L1 norms, all at the first update."""

    name, only, at_once = "columns-l1-oneshot", "columns", True
    options = ()


class L1Filters(Rule):
    """The filters with the smallest L1 norms, little by little (Li et al. 2017, arXiv 1608.08710)."""

    name, only = "filters-l1", "filters"


class Random(Rule):
    """Random groups, little by little."""

    name = "random"

    def __init__(self, plan: Plan, layer: PrunedLayer, rng: np.random.Generator):
        super().__init__(plan, layer, rng)
        self.order = rng.permutation(layer.n).astype(float)

    def score(self) -> Array:
        return self.order


class Taylor(Rule):
    """The filters whose removal changes the loss least to first order (Molchanov et al. 2017, arXiv 1611.06440).

    The score is the sum of |output times its gradient| over pictures and positions since the update before.
    """

    name, only, least_updates = "taylor", "filters", 2

    def __init__(self, plan: Plan, layer: PrunedLayer, rng: np.random.Generator):
        super().__init__(plan, layer, rng)
        self.sums = np.zeros(layer.n)

    def observe(self, rate: float) -> None:
        layer = self.layer.groups.layer
        self.sums += np.abs(layer.last_y * layer.last_dy).reshape(-1, self.layer.n).sum(axis=0, dtype=float)

    def score(self) -> Array:
        return self.sums

    def update(self, number: int) -> Array:
        if number == 1:  # nothing is known before the first step
            return np.empty(0, int)
        found = super().update(number)
        self.sums[:] = 0
        return found

    def arrays(self) -> dict[str, Array]:
        return {"sums": self.sums}


class SSL(Rule):
    """Structured sparsity learning (Wen et al. 2016, arXiv 1608.03665): a group lasso draws columns towards zero.

    Each step takes `rate` times `strength` times w / ||w|| from a column w, never beyond zero. It is done beside
    the update of the optimiser, as a decay of weights is, so that Adam does not scale it. Columns that it took to
    zero in the step before an update leave; at the end of the span the smallest ones follow.
    """

    name, only, options = "ssl", "columns", ("span", "strength")

    def __init__(self, plan: Plan, layer: PrunedLayer, rng: np.random.Generator):
        super().__init__(plan, layer, rng)
        self.zero = np.zeros(layer.n, bool)

    def observe(self, rate: float) -> None:
        if not self.layer.wanted:
            return
        w, shape = self.layer.groups.parts[0]
        norms = np.sqrt((w.value.reshape(shape) ** 2).sum(axis=(0, 2), dtype=float))
        step = rate * self.plan.strength
        self.zero[:] = norms <= step
        self.layer.groups.scale(np.where(self.zero, 0.0, 1 - step / np.maximum(norms, step)))

    def update(self, number: int) -> Array:
        if number >= self.plan.span:
            return self.layer.weakest(self.score(), self.layer.wanted)
        return np.flatnonzero(self.zero & ~self.layer.gone)

    def arrays(self) -> dict[str, Array]:
        return {"zero": self.zero}


METHODS: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (SPP, NoRecovery, LinearDelta, L1Columns, L1AtOnce, L1Filters, Taylor, SSL, Random)
}
