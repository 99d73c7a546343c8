"""Schedules: the learning rate over the steps of a training, as a factor of the optimiser's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import check_int, unknown


def _step(t: float) -> float:
    return 1.0 if t < 0.5 else 0.1 if t < 0.75 else 0.01


SCHEDULES: dict[
    str, Callable[[float], float]
] = {  # t: how much of what follows the warm-up is done, in [0, 1)
    "constant": lambda t: 1.0,
    "linear": lambda t: 1 - t,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "step": _step,
}


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes over the steps of a training.

    Each step takes the optimiser's `lr` times a factor. During the warm-up the factor rises in a line, from
    1 / warmup at its first step to 1 at its last. Afterwards it depends on t, the part of the
    remaining steps that is done.

    Parameters
    ----------
    name : {"constant", "linear", "cosine", "step"}, default "constant"
        "constant" is 1. "linear" is 1 - t, and "cosine" is (1 + cos πt) / 2. Both fall from 1 towards 0, which they
        would reach one step after the last. "step" is 1, then 0.1 from t = 1/2 on, then 0.01 from t = 3/4 on.
    warmup : int, default 0
        Steps of the warm-up.

    Raises
    ------
    BadInput
        For an unknown name, and for a warm-up that is no whole number of at least 0.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> schedule = mbp.Schedule("linear", warmup=2)
    >>> [schedule.factor(done, steps=6) for done in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], backend="reference")
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters()), epochs=1, schedule=schedule)
    """

    name: str = "constant"
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.name not in tuple(SCHEDULES):  # a tuple also takes what has no hash
            raise unknown("schedule", self.name, SCHEDULES)
        object.__setattr__(self, "warmup", check_int("warmup", self.warmup))

    @property
    def ends(self) -> bool:
        """Whether the factor depends on the number of steps of the training."""
        return self.name != "constant"

    def factor(self, done: int, steps: int) -> float:
        """The factor of the step that follows `done` steps, in a training of `steps` steps, more than `warmup`."""
        if done < self.warmup:
            return (done + 1) / self.warmup
        return SCHEDULES[self.name]((done - self.warmup) / (steps - self.warmup))
