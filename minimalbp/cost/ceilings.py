"""The ceilings of a machine, measured: a large matrix product, a streaming copy, a copy within the caches.

Together they give the least time of a backward pass (the roofline model of Williams, Waterman and Patterson,
2009).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from .peers import peer_threads, product

SIZE = 2048  # of the square product: its three matrices fill no second-level cache
STREAM = 1 << 28  # bytes of the array that is copied: above the caches of most machines
NEAR = (
    1 << 21
)  # bytes for each thread of the array copied within the caches; with fewer, Python's lock is timed
REPEATS = 7


def ceilings(threads: int) -> dict[str, float]:
    """{"gflops", "gbps", "cache_gbps"} on `threads` cores, each the best of several runs.

    "gflops" is the faster product of NumPy's and PyTorch's, with two operations for a multiply-add. "gbps" and
    "cache_gbps" count the bytes read and the bytes written, in memory and within the caches.
    """
    rng = np.random.default_rng(0)
    a, b = (rng.random((SIZE, SIZE), dtype=np.float32) for _ in range(2))
    with peer_threads(threads):
        fastest = min(_best(call) for call in product(np.empty_like(a), a, b).values())
    return {
        "gflops": 2 * SIZE**3 / fastest / 1e9,
        "gbps": _copy(threads, STREAM, 1),
        "cache_gbps": _copy(threads, NEAR * threads, 30),
    }


def roof(limits: dict[str, float], whole: int, ops: int, moved: int) -> dict[str, float | str]:
    """{"seconds", "by"}: the least time of one backward pass, and the ceiling that sets it.

    `ops` and `moved` are the operations and bytes counted for selection, dW and dx; "arithmetic" and "cache"
    are the times for these. "memory" matters where all arrays together, of so many bytes in `whole`, exceed the
    last cache: then each of them crosses the memory bus once.
    """
    least = {
        "arithmetic": 2 * ops / limits["gflops"] / 1e9,
        "cache": moved / limits["cache_gbps"] / 1e9,
        "memory": whole / limits["gbps"] / 1e9 if whole > _last_cache() else 0.0,
    }
    by = max(least, key=least.__getitem__)
    return {"seconds": least[by], "by": by}


def _last_cache() -> int:
    """Bytes of the largest cache; 32 MiB where the system does not say."""
    sizes = [1 << 25]
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text(encoding="ascii").strip()
        if text.endswith("K"):
            sizes.append(1024 * int(text[:-1]))
    return max(sizes[1:] or sizes)


def _copy(threads: int, stream: int, times: int) -> float:
    """GB/s of copying `stream` bytes in equal parts, each part `times` times over."""
    source, target = np.ones(stream // 4, np.float32), np.zeros(stream // 4, np.float32)
    parts = list(zip(np.array_split(target, threads), np.array_split(source, threads)))
    with ThreadPoolExecutor(threads) as pool:  # a copy does not hold the interpreter's lock
        fastest = _best(lambda: list(pool.map(lambda part: _copy_part(part, times), parts)))
    return 2 * source.nbytes * times / fastest / 1e9


def _copy_part(part: tuple[np.ndarray, np.ndarray], times: int) -> None:
    target, source = part
    for _ in range(times):
        np.copyto(target, source)


def _best(call: Callable[[], object]) -> float:
    """Seconds of the fastest call, not counting the first, which warms up."""
    times = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times[1:])
