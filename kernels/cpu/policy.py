"""Every decision about Numba in one place, so that a kernel file holds arithmetic only.

Who owns the cores: two pools of threads that take turns on the same cores spin against each other and cost
milliseconds a step. So inside `threads(n)` the one pool is Numba's, which cuts the work into n pieces, and the
engine holds BLAS to one thread; each piece of a large product is one BLAS call. Outside it n is 1, and BLAS keeps
whatever threads it has.
"""

import os
import threading
import warnings
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numba

from .cache import stamp

JIT = not getattr(numba.config, "DISABLE_JIT", False)  # without it kernels are plain Python, for coverage
# Not in the set: nnan and ninf, which would delete the handling of NaN and infinity.
FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}
SPINS = (
    "20000"  # a sparse backward pass and its update, without parallel loops, must not let threads fall asleep
)
PIECE = 1 << 14  # element operations: waking a thread for less costs more than it saves


class _Here(threading.local):
    """Of each thread of Python: into how many pieces it cuts large work."""

    threads = 1


_here = _Here()
_forked = False  # whether this process is a child of one whose pool had started
FORKED = (
    "this process was forked from one whose threads had started, which OpenMP's do not live through: it computes "
    'on one thread; multiprocessing.get_context("spawn") and joblib give processes with threads'
)


@contextmanager
def threads(n):
    """Cut large work into n pieces inside the block, or fewer: yields how many threads Numba really has there.

    Afterwards Numba has the threads it had before.
    """
    if _forked:
        n = _alone(n)
    _start_pool()
    before, pool = _here.threads, numba.get_num_threads()
    most = getattr(numba.config, "NUMBA_NUM_THREADS", n)  # the variable of that name may say fewer
    try:
        _here.threads = min(n, most)
        numba.set_num_threads(_here.threads)
        yield _here.threads
    finally:
        _here.threads = before
        numba.set_num_threads(pool)


def _after_fork():
    global _forked
    _forked = _start_pool.cache_info().currsize > 0
    _here.threads = 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _alone(n):
    """One thread, which needs no pool. Says so once where more are asked for."""
    if n > 1:
        _say_forked()
    return 1


@cache
def _say_forked():
    warnings.warn(FORKED, RuntimeWarning, stacklevel=5)


@cache
def _start_pool():
    """Start Numba's threads, and let them wait awake for some 200 us only, unless the user has said how long.

    GNU's OpenMP lets a thread without work spin for milliseconds. Where another program wants the same core that
    makes a step several times slower; without any spinning each parallel loop would have to wake a thread (50
    times slower, measured). The variables are read once, when the pool starts.
    """
    ours = not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}
    if ours:
        os.environ["GOMP_SPINCOUNT"] = SPINS
    numba.get_num_threads()
    if ours:
        del os.environ["GOMP_SPINCOUNT"]  # PyTorch's threads, if any, are none of our business


def pieces(work):
    """How many pieces to cut `work` element operations into."""
    return (
        1 if work < 2 * PIECE else min(_here.threads, work // PIECE)
    )  # quick for small work: every kernel asks


def kernel(function=None, *, parallel=False, inline=False):
    """numba.njit as every kernel here wants it; cached on disk where a folder for that is writable.

    inline: for a function with many arrays, which is called for every example: a call costs some 30 ns then.

    error_model="numpy": a division that may raise cannot be vectorised (7x slower Adam, measured).
    """
    if function is None:
        return lambda f: kernel(f, parallel=parallel, inline=inline)
    options = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "parallel": parallel}
    options |= {"inline": "always"} if inline else {}
    try:
        compiled = numba.njit(cache=True, **options)(function)
        if stamp(compiled, Path(function.__code__.co_filename)):
            return compiled
    except (RuntimeError, OSError):  # no writable folder for the cache, or no text to judge it by
        pass
    return numba.njit(**options)(function)  # compile anew in each process


@kernel
def _kept():
    """A dummy kernel whose cache folder is that of all kernels."""


def cache_folder():
    """Where compiled kernels are kept on disk; None where nowhere: no folder can be written, or the JIT is off."""
    return getattr(getattr(_kept, "stats", None), "cache_path", None)
