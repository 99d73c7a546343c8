"""The same work on many things, in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any


def run_many(
    work: Callable[..., Any], todo: Sequence[tuple[Any, ...]], jobs: int = 1
) -> Iterator[tuple[int, Any]]:
    """Call `work` with each of the arguments, several at a time.

    Parameters
    ----------
    work : callable
        For more than one job it must be importable by name, as for any pool of processes, and the program that
        calls this needs `if __name__ == "__main__":` around what it does.
    todo : sequence of tuple
        The arguments of each call.
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
    with ProcessPoolExecutor(min(jobs, len(todo)) or 1, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, *arguments): i for i, arguments in enumerate(todo)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
