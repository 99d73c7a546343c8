"""Timing in turns: every arm a block, then the next, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

REST = 0.05  # seconds after which the threads of any library are asleep, not looking for work
WARM = 0.003  # seconds, and at least two calls, at the start of a block that do not count: caches fill


@dataclass(frozen=True)
class Arm:
    """What is timed in turns: calls, in the threads they want."""

    call: Callable[[], tuple[float, ...]]  # runs once; seconds of its parts
    threads: Callable[[], AbstractContextManager[Any]]
    pool: str = ""  # whose threads: a change of them is followed by a rest


def blocks(seconds: float) -> int:
    """How many blocks to cut the seconds of one arm into: ten, or fewer of a hundredth of a second."""
    return max(2, min(10, int(seconds / 0.01)))


def in_turns(arms: dict[Any, Arm], seconds: float, tick: Callable[[], None]) -> dict[Any, np.ndarray]:
    """{arm: (calls, parts) seconds}: about `seconds` for each arm, in `blocks(seconds)` with a tick after each."""
    found: dict[Any, list[tuple[float, ...]]] = {name: [] for name in arms}
    rounds, pool = blocks(seconds), None
    for _ in range(rounds):
        for name, arm in arms.items():
            if arm.pool != pool:
                time.sleep(REST)
                pool = arm.pool
            with arm.threads():
                ready = time.perf_counter() + WARM
                arm.call()
                arm.call()
                while time.perf_counter() < ready:
                    arm.call()
                end = time.perf_counter() + seconds / rounds
                while True:
                    found[name].append(arm.call())
                    if time.perf_counter() >= end:
                        break
            tick()
    return {name: np.array(times) for name, times in found.items()}
