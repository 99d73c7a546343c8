"""Every decision about Numba in one place, so that a kernel file holds arithmetic only.

Who owns the cores: two pools of threads that take turns on the same cores spin against each other and cost
milliseconds a step. So inside `threads(n)` the one pool is Numba's, which cuts the work into n pieces, and the
engine holds BLAS to one thread; each piece of a large product is one BLAS call. Outside it n is 1, and BLAS keeps
whatever threads it has.
"""

from contextlib import contextmanager

import numba

# Not in the set: nnan and ninf, which would delete the handling of NaN and infinity.
FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}
PARALLEL_WORK = 1 << 15  # element operations below which waking a second thread costs more than it saves

_threads = 1


@contextmanager
def threads(n):
    """Cut large work into n pieces inside the block; Numba has the threads it had before afterwards."""
    global _threads
    before, pool = _threads, numba.get_num_threads()
    try:
        _threads = n
        most = getattr(numba.config, "NUMBA_NUM_THREADS", n)  # the variable of that name may say fewer
        numba.set_num_threads(min(n, most))
        yield
    finally:
        _threads = before
        numba.set_num_threads(pool)


def pieces(work):
    """How many pieces to cut `work` element operations into."""
    return _threads if work >= PARALLEL_WORK else 1


def kernel(function=None, *, parallel=False, inline=False):
    """numba.njit as every kernel here wants it; cached on disk where a folder for that is writable.

    error_model="numpy": a division that may raise cannot be vectorised (7x slower Adam, measured).
    """
    if function is None:
        return lambda f: kernel(f, parallel=parallel, inline=inline)
    options = {"fastmath": FAST, "error_model": "numpy", "nogil": True, "parallel": parallel}
    if inline:
        options["inline"] = "always"
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no writable folder for the cache: compile anew in each process
        return numba.njit(**options)(function)
