"""Timing in turns: every arm a block, then the next, so that a slow moment of the machine hits all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

REST = 0.05  # seconds after which the threads of any library are asleep, not looking for work
WARM = 0.003  # seconds, and at least two calls, at the start of a block that do not count: caches fill


@dataclass(frozen=True)
class Arm:
    """What is timed in turns: calls, in the threads they want."""

    call: Callable[..., tuple[float, ...]]  # runs once; seconds of its parts
    threads: Callable[[], AbstractContextManager[Any]]
    pool: str = ""  # whose threads: a change of them is followed by a rest


def blocks(seconds: float) -> int:
    """How many blocks to cut the seconds of one arm into: ten, or fewer of a hundredth of a second."""
    return max(2, min(10, int(seconds / 0.01)))


def take_turns(arms: Mapping[Any, Arm], rounds: int, block: Callable[[Any, int], None]) -> None:
    """Call `block(name, round)` of each arm in turn, in the threads it wants, once another library's are asleep."""
    pool = None
    for i in range(rounds):
        for name, arm in arms.items():
            if arm.pool != pool:
                time.sleep(REST)
                pool = arm.pool
            with arm.threads():
                block(name, i)


def in_turns(arms: Mapping[Any, Arm], seconds: float, tick: Callable[[], None]) -> dict[Any, np.ndarray]:
    """{arm: (calls, parts) seconds}: about `seconds` for each arm, in `blocks(seconds)` with a tick after each."""
    found: dict[Any, list[tuple[float, ...]]] = {name: [] for name in arms}
    rounds = blocks(seconds)

    def block(name: Any, i: int) -> None:
        call = arms[name].call
        ready = time.perf_counter() + WARM
        call()
        call()
        while time.perf_counter() < ready:
            call()
        end = time.perf_counter() + seconds / rounds
        while True:
            found[name].append(call())
            if time.perf_counter() >= end:
                break
        tick()

    take_turns(arms, rounds, block)
    return {name: np.array(times) for name, times in found.items()}


def in_blocks(
    arms: Mapping[Any, Arm], made: Sequence[tuple[Any, ...]], rounds: int, calls: int, skip: int
) -> dict[Any, np.ndarray]:
    """{arm: (calls, parts) seconds}: for each arm `rounds` blocks of `calls`, whose first `skip` do not count.

    made: the arguments of one call after another, the same for all arms; at their end it begins again.
    """
    found: dict[Any, list[tuple[float, ...]]] = {name: [] for name in arms}

    def block(name: Any, i: int) -> None:
        now = [made[n % len(made)] for n in range(i * calls, (i + 1) * calls)]
        found[name] += [arms[name].call(*arguments) for arguments in now][skip:]

    take_turns(arms, rounds, block)
    return {name: np.array(times) for name, times in found.items()}
