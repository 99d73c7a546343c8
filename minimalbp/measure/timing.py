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
class Timed:
    """What takes turns with others: a call, and the threads that it wants.

    Parameters
    ----------
    call : callable
        Runs once and returns the seconds of its parts, a tuple.
    threads : callable
        Returns a context in which the call has its threads, such as `backend.threads`.
    pool : str, default ""
        Whose threads they are, "" for ours: a change of them is followed by a rest.
    """

    call: Callable[..., tuple[float, ...]]
    threads: Callable[[], AbstractContextManager[Any]]
    pool: str = ""


def clocked(call: Callable[[], Any]) -> Callable[[], tuple[float, ...]]:
    """The call, which then returns its seconds, as `Timed` wants it.

    Parameters
    ----------
    call : callable
        Takes no arguments.

    Returns
    -------
    callable
        Returns (seconds,).
    """

    def timed() -> tuple[float, ...]:
        began = time.perf_counter()
        call()
        return (time.perf_counter() - began,)

    return timed


def blocks(seconds: float) -> int:
    """How many blocks to cut the seconds of one arm into: ten, or fewer of a hundredth of a second."""
    return max(2, min(10, int(seconds / 0.01)))


def take_turns(arms: Mapping[Any, Timed], rounds: int, block: Callable[[Any, int], None]) -> None:
    """Call `block(name, i)` of each arm in turn, in the threads it wants, once those of another library are asleep.

    Parameters
    ----------
    arms : mapping of object to Timed
        By name.
    rounds : int
        Turns of each arm.
    block : callable
        Takes the name of an arm and the number of its turn, from 0.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> turns = []
    >>> arms = {name: Timed(tuple, nullcontext) for name in ("ours", "theirs")}
    >>> take_turns(arms, 2, lambda name, i: turns.append((name, i)))
    >>> turns
    [('ours', 0), ('theirs', 0), ('ours', 1), ('theirs', 1)]
    """
    pool = None
    for i in range(rounds):
        for name, arm in arms.items():
            if arm.pool != pool:
                time.sleep(REST)
                pool = arm.pool
            with arm.threads():
                block(name, i)


def in_turns(
    arms: Mapping[Any, Timed], seconds: float, tick: Callable[[], None] = lambda: None
) -> dict[Any, np.ndarray]:
    """Time arms for so many seconds each, in a few blocks that take turns.

    Parameters
    ----------
    arms : mapping of object to Timed
        By name.
    seconds : float
        About how long each arm is timed. The first calls of a block do not count.
    tick : callable, optional
        Called without arguments after each of the `blocks(seconds)` blocks of each arm.

    Returns
    -------
    dict of object to array of float, shape (calls, parts)
        Seconds of the parts of each call, by the name of the arm.
    """
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
    arms: Mapping[Any, Timed], made: Sequence[tuple[Any, ...]], rounds: int, calls: int, skip: int
) -> dict[Any, np.ndarray]:
    """Time so many calls of each arm, in blocks that take turns.

    Parameters
    ----------
    arms : mapping of object to Timed
        By name.
    made : sequence of tuple
        The arguments of one call after another, the same for all arms. At their end it begins again.
    rounds : int
        Blocks of each arm.
    calls : int
        Calls in a block.
    skip : int
        Calls at the start of each block that do not count.

    Returns
    -------
    dict of object to array of float, shape (rounds * (calls - skip), parts)
        Seconds of the parts of each call, by the name of the arm.
    """
    found: dict[Any, list[tuple[float, ...]]] = {name: [] for name in arms}

    def block(name: Any, i: int) -> None:
        now = [made[n % len(made)] for n in range(i * calls, (i + 1) * calls)]
        found[name] += [arms[name].call(*arguments) for arguments in now][skip:]

    take_turns(arms, rounds, block)
    return {name: np.array(times) for name, times in found.items()}
