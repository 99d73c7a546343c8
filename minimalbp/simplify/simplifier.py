"""meSimp: units that are seldom chosen are removed from the network during training (Sun et al. 2017b)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..backend import Array, get_backend
from ..errors import BadInput, check_float, check_int, short
from ..layers import Linear
from ..network import Sequential
from ..optim import Optimizer
from ..select import TopK
from ..train.companion import State
from ..train.history import History, Record
from .shrinker import Shrinker, most


@dataclass(frozen=True)
class Plan:
    """When units are removed.

    Parameters
    ----------
    prune : float, default 0.1
        The prune rate p, 0..1. A unit is removed when it was active in less than this share of the examples.
    cycle : int, default 5
        Epochs of a cycle. The first cycle and then every other one are simplification cycles, which remove units.
        The cycles between them train what is left.
    window : int, default 1
        Evaluations on the dev set over which activeness is counted. It must be 1 in the faithful mode.
    min_width : int, default 1
        Units that stay in each layer, in an LSTM in each direction, however seldom they are chosen.
    restart : bool, default False
        Whether to zero the optimiser's moments after each evaluation in the last epoch of a cycle, as the released
        code does. The large steps that follow switch units off, which are then removed.
    faithful : bool, default False
        Whether to do what the authors' released code does (see `Simplifier`).

    Raises
    ------
    BadInput
        For anything out of range.

    Examples
    --------
    >>> from minimalbp.simplify import Plan
    >>> Plan(prune=0.05, cycle=2).restarts
    0
    >>> Plan(faithful=True).restarts
    5
    """

    prune: float = 0.1
    cycle: int = 5
    window: int = 1
    min_width: int = 1
    restart: bool = False
    faithful: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "prune", check_float("prune", self.prune, 0, 1))
        for name in ("cycle", "window", "min_width"):
            object.__setattr__(self, name, check_int(name, getattr(self, name), least=1))
        for name in ("restart", "faithful"):
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"{name} must be true or false, not {getattr(self, name)!r}")
        if self.faithful and self.window != 1:
            raise BadInput(
                f"faithful counts since the last removal and takes no window = {self.window}; leave one out"
            )

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Plan:
        """The plan that run.json holds. Raises BadInput for one that this version does not have."""
        if not isinstance(plan, dict) or plan.get("per_gate"):  # a setting of 0.1.0
            raise BadInput("per_gate is gone" if isinstance(plan, dict) else f"it is {short(plan)}")
        try:
            return cls(**{name: value for name, value in plan.items() if name != "per_gate"})
        except TypeError as e:
            raise BadInput(str(e)) from None

    @property
    def restarts(self) -> int:
        """The epochs of a cycle, in the last of which moments are zeroed; 0 where they never are."""
        return self.cycle if self.restart or self.faithful else 0


class Simplifier(Shrinker):
    """A companion of `fit` that shrinks the hidden layers of a network by the activeness of their units.

    A unit is removed when it was chosen less often than a threshold, floor(chances p), since the count began. Both
    directions of an LSTM keep equally many units, as many as are active in the fuller one.
    Removals follow an evaluation and are made when the training goes on, so that the network in memory and in the
    checkpoint is the one that was scored.

    There are two modes:

    - Corrected (the default): only choices with a non-zero gradient count. The count begins anew with each window.
      The threshold is at least 1 where p is not zero. Moments stay with their weights. The best evaluation is the
      best one of the last sizes.
    - Faithful (what the released code does): top-k runs over all first units. The removed ones have the gradient
      zero, and where fewer than k gradients are non-zero, zeros are chosen too, the lower units first. Every choice
      counts, in training cycles too. Moments are zeroed after each evaluation in the last epoch of a cycle. The
      best evaluation is that of the whole run.

    Parameters
    ----------
    plan : Plan, optional
        When units are removed.
    **options
        The fields of a `Plan`, instead of `plan`.

    Raises
    ------
    BadInput
        For anything out of range. When `fit` begins: for a network without a layer that can shrink; for a window
        that is longer than a cycle; for a min_width above the units of a layer; in the faithful mode, unless every
        hidden layer is a Linear with TopK(k), k a number, since nothing else was released.

    References
    ----------
    Sun et al. (2017b), "Training Simplification and Model Simplification for Deep Learning: A Minimal Effort Back
    Propagation Method", arXiv:1711.06528.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 100, 10], select=mbp.TopK(10), backend="reference")
    >>> simplifier = mbp.Simplifier(prune=0.08, cycle=1, min_width=10)
    >>> optimizer = mbp.Adam(net.parameters(), lr=0.01)
    >>> history = mbp.fit(net, data, optimizer, epochs=2, evals_per_epoch=2, companions=[simplifier])
    >>> 10 <= history.best.widths[0] < 100
    True
    """

    def __init__(self, plan: Plan | None = None, **options: Any):
        if plan is not None and (options or not isinstance(plan, Plan)):
            raise BadInput("Simplifier takes a Plan or its settings by name, not both")
        self.plan = plan or Plan(**options)

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        super().begin(net, optimizer, parts)
        self.passed, self.full = 0, [False] * len(self.layers)
        if self.plan.window > self.plan.cycle * parts:
            raise BadInput(
                f"window = {self.plan.window} is more than the {self.plan.cycle * parts} evaluations of a cycle, "
                "so that no unit would ever be removed; give a smaller one"
            )
        if self.plan.faithful:
            for hidden in self.layers:
                _check_faithful(hidden.layer)
        for hidden in self.layers:
            if hidden.layer.units < self.plan.min_width:
                raise BadInput(
                    f"min_width = {self.plan.min_width} is above the {hidden.layer.units} units of "
                    f"{hidden.layer.label}; give a smaller one"
                )

    def observe(self) -> None:
        if not self.plan.faithful:
            return super().observe()
        for i, hidden in enumerate(self.layers):
            assert isinstance(hidden.layer, Linear)
            self.chances[i] += self._count_all(i, hidden.layer)
        return None

    def _count_all(self, i: int, layer: Linear) -> int:
        """Count the choices among all first units. Those that were removed have the gradient zero."""
        n, dy, be = self.first[i][1], layer.last_dy, layer.be
        wide = layer.buf.get("wide", (len(dy), n))
        wide.fill(0)
        wide[:, self.left[i][0]] = dy
        chosen = layer.buf.get("wide_chosen", (len(dy), layer.select.units(n)), "int32")
        get_backend(be.name).select.top_k(chosen, wide)  # on the plain backend, so that no meter counts it
        self.hits[i][0] += np.bincount(chosen.ravel(), minlength=n)[self.left[i][0]]
        return len(dy)

    def after_part(self, record: Record) -> None:
        super().after_part(record)
        self.passed += 1

    def before_part(self, part: int, history: History) -> None:
        if part == 0:
            return
        plan, epoch = self.plan, (part - 1) // self.parts  # the epoch of the part before this one
        if plan.restarts:
            self.restart_moments(part, plan.restarts)
        simplifying = epoch // plan.cycle % 2 == 0
        if simplifying and self.passed >= plan.window:
            if self.shrink([self._active(i) for i in range(len(self.layers))]) and not plan.faithful:
                history.begins = len(history.records)
            self.clear()
            self.passed = 0
        elif not simplifying and not plan.faithful:
            self.clear()
            self.passed = 0

    def _active(self, i: int) -> Array:
        """The units of a layer that stay. All groups keep as many as are active in the group with the most."""
        threshold = int(self.chances[i] * self.plan.prune)
        if self.plan.prune and not self.plan.faithful:
            threshold = max(1, threshold)  # with few chances too, a unit that was never chosen is removed
        hits, units = self.hits[i], self.hits[i].shape[1]
        active = int((hits >= threshold).sum(axis=1).max())
        stay = max(active, self.plan.min_width)
        if stay > active and not self.full[i]:
            self.full[i] = True
            label = self.layers[i].layer.label
            self.notes.append(
                f"{label} keeps its {stay} most active units, the minimum width, though only {active} reach "
                f"the prune rate {self.plan.prune:g}; it shrinks no further"
            )
        return most(hits, min(stay, units))

    def settings(self) -> dict[str, Any]:
        # Checkpoints from before 0.2.0 hold a setting per_gate. A run that had it on cannot resume
        return super().settings() | {"simplifier": asdict(self.plan) | {"per_gate": False}}

    def state(self) -> State:
        state, arrays = super().state()
        return state | {"passed": self.passed, "full": self.full}, arrays

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        super().restore(state, arrays)
        self.passed, self.full = state["passed"], list(state["full"])


def _check_faithful(layer: Any) -> None:
    select = layer.select
    own = isinstance(select, TopK) and select.over == "example"
    if not isinstance(layer, Linear) or not own or select.k is None:
        raise BadInput(
            "the faithful mode is for Linear layers with TopK(k), k a number, "
            f"not for {layer.label} with {select}; "
            "leave faithful out"
        )
