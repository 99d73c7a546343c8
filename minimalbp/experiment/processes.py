"""The same work on many things, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def run_many(
    work: Callable[..., Any], todo: Sequence[tuple[Any, ...]], jobs: int = 1
) -> Iterator[tuple[int, Any]]:
    """Call `work` with each of the arguments, several at a time.

    Ctrl-C, an error in one of the calls, and a caller that wants no more end the other processes at once.

    Parameters
    ----------
    work : callable
        What to call.
    todo : sequence of tuple
        The arguments of each call. Large arrays in them are written to a file once, which all processes map.
    jobs : int, default 1
        Calls at a time, each in a process of its own; 1: one after another, in this process.

    Yields
    ------
    tuple of (int, object)
        The index in `todo` and what the call returned, in the order in which the calls end.

    Examples
    --------
    >>> list(run_many(max, [(1, 2), (4, 3)]))
    [(0, 2), (1, 4)]
    """
    if jobs == 1:
        yield from ((i, work(*arguments)) for i, arguments in enumerate(todo))
        return
    from joblib import Parallel, delayed

    # Mapped arrays may be written to, as those of this process may: kernels are compiled for arrays of that kind.
    pool = Parallel(min(jobs, len(todo)) or 1, return_as="generator_unordered", mmap_mode="c")
    yield from pool(delayed(_numbered)(i, work, arguments) for i, arguments in enumerate(todo))


def _numbered(i: int, work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[int, Any]:
    return i, work(*arguments)
