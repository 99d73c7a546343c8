"""A backend: seven namespaces of kernels, the way in and out of its memory, and its threads.

The only importer of `minimalbp.kernels`. What the kernels promise stands in that package's docstring.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .errors import BadInput, check_int, unknown

Array = np.ndarray
NAMESPACES = ("linear", "select", "activation", "embedding", "lstm", "loss", "update")
BACKENDS = ("reference", "cpu")
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Backend:
    """Kernels of one kind. `linear`, `select`, ... are modules with the same names in every backend."""

    name: str
    linear: Any
    select: Any
    activation: Any
    embedding: Any
    lstm: Any
    loss: Any
    update: Any

    def put(self, array: Any, dtype: str) -> Array:
        """A host array as this backend's kernels want it: contiguous, of `dtype`. Copies only if it must."""
        return np.ascontiguousarray(array, dtype)

    def get(self, array: Array) -> Array:
        """A copy on the host."""
        return np.array(array)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Memory for a kernel to write into. Zeroed, so that a bug shows the same face every time."""
        return np.zeros(shape, dtype)

    @contextmanager
    def threads(self, n: int | None = None) -> Iterator[dict[str, int]]:
        """Use n cores (default: all this process may use) inside the block; yields who got how many.

        One pool owns the cores, or they spin against each other: on `cpu` Numba has n threads and BLAS one, on
        `reference` BLAS has them. Raises BadInput for n < 1 or more than there are.
        """
        from threadpoolctl import threadpool_limits

        n = check_threads(n)
        if self.name == "reference":
            with threadpool_limits(n, user_api="blas"):
                yield {"numba": 0, "blas": n}
            return
        policy = importlib.import_module("minimalbp.kernels.cpu.policy")
        import scipy.linalg.cython_blas  # noqa: F401  the BLAS that Numba calls must be there to be limited

        with policy.threads(n) as used, threadpool_limits(1, user_api="blas"):
            yield {"numba": used, "blas": 1}


class Buffers:
    """Memory of one layer. A name has one piece of memory, as long as the longest array asked for under it.

    Arrays of one name that differ in their first axis only (batches, sentences of any length) share it.
    """

    def __init__(self, backend: Backend, dtype: str):
        self.backend, self.dtype = backend, dtype
        self._whole: dict[tuple[str, tuple[int, ...]], Array] = {}
        self._parts: dict[tuple[str, tuple[int, ...]], Array] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: str | None = None) -> Array:
        """The array of that name and shape; what it holds is what was last written there."""
        found = self._parts.get((name, shape))
        if found is None:
            found = self._parts[name, shape] = self._part(name, shape, dtype or self.dtype)
        return found

    def clear(self) -> None:
        """Give the memory back: the layer has other sizes from now on."""
        self._whole, self._parts = {}, {}

    def _part(self, name: str, shape: tuple[int, ...], dtype: str) -> Array:
        key = (name, shape[1:])
        whole = self._whole.get(key)
        if whole is None or len(whole) < shape[0]:
            whole = self._whole[key] = self.backend.empty(shape, dtype)
            self._parts = {k: part for k, part in self._parts.items() if (k[0], k[1][1:]) != key}
        return whole[: shape[0]]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_threads(n: int | None) -> int:
    """n, or every core for None. Raises BadInput outside 1..cores."""
    if n is None:
        return cores()
    n = check_int("threads", n, least=1)
    if n > cores():
        raise BadInput(f"threads must be at most {cores()}, the cores this process may use, not {n}")
    return n


_loaded: dict[str, Backend] = {}


def get_backend(name: str) -> Backend:
    """The backend called `name`: "reference" or "cpu". Its kernels are imported at the first call."""
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    if name not in _loaded:
        modules = {m: importlib.import_module(f"minimalbp.kernels.{name}.{m}") for m in NAMESPACES}
        _loaded[name] = Backend(name, **modules)
    return _loaded[name]


def kernel_cache() -> str | None:
    """The folder of the compiled cpu kernels; None where they cannot be kept and are compiled in each process."""
    folder: str | None = importlib.import_module("minimalbp.kernels.cpu.policy").cache_folder()
    return folder


def check_dtype(name: str) -> str:
    """`name` if it is a floating type that the kernels know."""
    if name not in DTYPES:
        raise unknown("dtype", name, DTYPES)
    return name
