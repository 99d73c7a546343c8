"""What changes from step to step by a plan made beforehand: the learning rate."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput, short
from ..network import Sequential
from ..optim import Optimizer, Schedule


class Pace:
    """The schedule of a training of so many epochs; it needs them only where the schedule depends on the length.

    A `Run` calls `begin` once, then `step` before each step, and `end` when it stops for any reason.
    """

    def __init__(self, epochs: int = 1, schedule: Schedule | None = None):
        self.epochs, self.schedule = epochs, schedule or Schedule()
        if not isinstance(self.schedule, Schedule):
            raise BadInput(f"schedule must be one such as Schedule('linear'), not {short(schedule)}")

    def begin(self, net: Sequential, optimizer: Optimizer, steps: int) -> None:
        """Take what is to change. `steps` are those of an epoch. Raises BadInput where the warm-up is too long."""
        self.optimizer, self.steps = optimizer, self.epochs * steps
        warmup = self.schedule.warmup
        if warmup and warmup >= self.steps:
            raise BadInput(
                f"warmup = {warmup} must be below the {self.steps} steps of the training; give a shorter one"
            )

    def step(self, done: int) -> None:
        """A step begins, after so many that are done."""
        if self.schedule != Schedule():
            self.optimizer.factor = self.schedule.factor(done, self.steps)

    def end(self) -> None:
        """Put everything back as it was at the beginning."""
        self.optimizer.factor = 1.0

    def settings(self) -> dict[str, Any]:
        """What must be the same when a training resumes, as JSON; nothing without a schedule, as in older files."""
        schedule = self.schedule
        if schedule == Schedule():
            return {}
        return {"schedule": schedule.name, "warmup": schedule.warmup} | (
            {"schedule_epochs": self.epochs} if schedule.ends else {}
        )
