"""What changes from step to step by a plan made beforehand: the learning rate, and k."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..errors import BadInput, short
from ..network import Sequential
from ..optim import Optimizer, Schedule
from ..select import parse_k_schedule
from ..select.base import SomeUnits


class Pace:
    """The schedules of a training of so many epochs: parameters of `fit`, which are checked here.

    A `Run` calls `begin` once, then `step` before each step, and `end` when it stops for any reason. So a resumed
    run needs only the number of its steps to go on, and what comes after a run finds everything as it was before.
    """

    def __init__(self, epochs: int = 1, schedule: Schedule | None = None, k_schedule: str | None = None):
        self.epochs, self.schedule = epochs, schedule or Schedule()
        if not isinstance(self.schedule, Schedule):
            raise BadInput(f"schedule must be one such as Schedule('linear'), not {short(schedule)}")
        self.rates = self.schedule != Schedule()
        self.changes = [] if k_schedule is None else parse_k_schedule(k_schedule)
        self.k_schedule = "".join((k_schedule or "").split())

    def begin(self, net: Sequential, optimizer: Optimizer, steps: int) -> None:
        """Take what is to change; `steps` are those of an epoch. Raises BadInput for too short a training."""
        self.optimizer, self.steps = optimizer, self.epochs * steps
        if self.schedule.warmup and self.schedule.warmup >= self.steps:
            raise BadInput(
                f"warmup = {self.schedule.warmup} must be below the {self.steps} steps of the training; "
                "give a shorter one"
            )
        self.selecting = _selecting(net)
        self.at, self.next = [max(1, round(epoch * steps)) for epoch, _ in self.changes], 0
        if self.at and self.at[-1] >= self.steps:
            raise BadInput(
                f"k_schedule changes k after {self.changes[-1][0]:g} epochs, but the training has {self.epochs}; "
                "give more epochs or leave that change out"
            )

    def step(self, done: int) -> None:
        """A step begins, after so many that are done."""
        if self.rates:
            self.optimizer.factor = self.schedule.factor(done, self.steps)
        while self.next < len(self.at) and self.at[self.next] <= done:
            self._put(self.changes[self.next][1])
            self.next += 1

    def end(self) -> None:
        """Put back what was changed."""
        self.optimizer.factor = 1.0
        for layer, select in self.selecting if self.next else ():
            layer.select = select
        self.next = 0

    def each_k(self) -> Iterator[None]:
        """Give the layers every later k in turn; the caller undoes it."""
        for _, units in self.changes:
            self._put(units)
            yield

    def settings(self) -> dict[str, Any]:
        """What must be the same when a training resumes, as JSON; nothing without schedules, as in older files."""
        schedule = self.schedule
        found: dict[str, Any] = {}
        if self.rates:
            found |= {"schedule": schedule.name, "warmup": schedule.warmup}
        if schedule.ends:
            found["schedule_epochs"] = self.epochs
        return found if not self.changes else found | {"k_schedule": self.k_schedule}

    def _put(self, units: dict[str, Any]) -> None:
        for layer, select in self.selecting:
            layer.select = _changed(select, units)


def clip_notes(net: Sequential, k_schedule: str | None) -> list[str]:
    """Notes for the user, one for each layer and each later k that is clipped to its width."""
    notes = []
    for layer, select in _selecting(net):
        for _, units in parse_k_schedule(k_schedule) if k_schedule else ():
            layer.select = _changed(select, units)
            notes += [note] if (note := layer.note()) else []
        layer.select = select
    return notes


def _selecting(net: Sequential) -> list[tuple[Any, SomeUnits]]:
    """The layers that choose some of their units, with their selectors."""
    layers = [(layer, getattr(layer, "select", None)) for layer in net.layers()]
    return [(layer, select) for layer, select in layers if isinstance(select, SomeUnits)]


def _changed(select: SomeUnits, units: dict[str, Any]) -> SomeUnits:
    """The same selector with the k or the ratio in `units`."""
    return replace(select, **{"k": None, "ratio": None} | units)
