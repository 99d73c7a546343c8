"""The two ceilings of a machine, measured: a large matrix product, and a streaming copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .peers import peer_threads, product

SIZE = 2048  # of the square product: its three matrices fill no second-level cache
STREAM = 1 << 28  # bytes of the array that is copied: above the caches of most machines
REPEATS = 7


def ceilings(threads: int, *, size: int = SIZE, stream: int = STREAM) -> dict[str, float]:
    """{"gflops", "gbps"} on `threads` cores, the best of several: a ceiling is what can be reached.

    gflops counts two operations for a multiply-add, of the fastest product at hand (NumPy's, PyTorch's); gbps
    counts the bytes read and those written.
    """
    rng = np.random.default_rng(0)
    a, b = (rng.random((size, size), dtype=np.float32) for _ in range(2))
    with peer_threads(threads):
        fastest = min(_best(call) for call in product(np.empty_like(a), a, b).values())
    return {"gflops": 2 * size**3 / fastest / 1e9, "gbps": _copy(threads, stream)}


def _copy(threads: int, stream: int) -> float:
    source, target = np.ones(stream // 4, np.float32), np.zeros(stream // 4, np.float32)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    with ThreadPoolExecutor(threads) as pool:  # a copy does not hold the interpreter's lock
        fastest = _best(lambda: list(pool.map(lambda part: np.copyto(*part), parts)))
    return 2 * source.nbytes / fastest / 1e9


def _best(call: Callable[[], object]) -> float:
    """Seconds of the fastest call but for the first, which warms up."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times[1:])
