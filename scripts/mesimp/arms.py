"""The runs of the meSimp paper (arXiv 1711.06528) as settings, and what it prints."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meprop.arms import BASE
from meprop.text import PARSING, TAGGING

from minimalbp import Settings
from minimalbp.simplify import Plan


@dataclass(frozen=True)
class Case:
    """A run of `minimalbp simplify`."""

    title: str
    settings: Settings
    plan: Plan

    def seeded(self, seed: int) -> Case:
        """The same with another seed."""
        return replace(self, settings=self.settings.changed(seed=seed))


# The released configuration: k 160, p 0.1, cycles of 5 epochs, 8 parts, batch 100; clip 5 of sums over the batch.
_MNIST = BASE.changed(select="topk", k=160, batch=100, clip=0.05)
_PLAN = Plan(prune=0.1, cycle=5, window=1, min_width=10)
TABLES = {
    # Counted over an epoch, and no further than to the authors' size: shrunk to less, it loses accuracy.
    "mnist": Case(
        "MNIST, 784-500-500-10, k = 160, p = 0.1, restart, an epoch's window, at least 150 units", _MNIST,
        replace(_PLAN, restart=True, window=8, min_width=150),
    ),
    "mnist-plain": Case(
        "MNIST, k = 160, p = 0.1, no restart, a window of one evaluation, at least 10 units", _MNIST, _PLAN
    ),
    "mnist-faithful": Case(
        "MNIST, k = 160, p = 0.1, as the released code does it, its wide initial weights too",
        _MNIST.changed(init="meprop_wide"), replace(_PLAN, faithful=True, min_width=1),
    ),
    "tagging": Case(
        "POS tagging, EWT, LSTM 500, k = 20", TAGGING.changed(select="topk", k=20, epochs=6),
        Plan(prune=0.08, cycle=3, window=1, min_width=10),
    ),
    "parsing": Case(
        "Dependency parsing, EWT, 500 units, k = 20, dropout 0.2",
        PARSING.changed(select="topk", k=20, dropout=0.2, epochs=16),
        Plan(prune=0.035, cycle=4, window=1, min_width=10),
    ),
}  # fmt: skip
_PAPER = {  # its README: units on average, test %; those of the dense network
    "mnist": (154, 98.31, 98.20), "tagging": (60, 97.25, 97.22), "parsing": (51, 90.11, 89.80),
}  # fmt: skip


def paper_of(name: str) -> dict[str, float]:
    """What the authors print of this table."""
    width, test, dense = _PAPER[name.split("-")[0]]
    return {"average_width": width, "test": test, "dense": dense}


def of_smoke(case: Case, data: str) -> Case:
    """The same in seconds: digits instead of MNIST, else `data`, four epochs, few units."""
    settings = case.settings.changed(
        data="digits" if case.settings.data == "mnist" else data, epochs=4, evals=2,
        batch=min(20, case.settings.batch), hidden=tuple(h // 20 for h in case.settings.hidden),
        k=int(case.settings.k) // 20 or 1,
    )  # fmt: skip
    return replace(case, settings=settings, plan=replace(case.plan, cycle=1, window=1, min_width=2))
