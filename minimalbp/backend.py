"""A backend: namespaces of kernels, the way in and out of its memory, and its threads.

Only this module imports `minimalbp.kernels`. The docstring of that package says what the kernels promise.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInput, check_int, unknown

Array = np.ndarray
NAMESPACES = (
    "linear", "sparse", "conv", "packed", "sparse_conv", "pool", "norm", "select", "activation", "embedding",
    "lstm", "loss", "update",
)  # fmt: skip
BACKENDS = ("reference", "cpu")
DTYPES = ("float32", "float64")
LINE = 64  # bytes of a line of the cache


@dataclass(frozen=True)
class Backend:
    """The kernels of one kind; `get_backend` makes it.

    `linear`, `select` and so on are modules. Every backend has the same, with the same functions in them.
    """

    name: str
    linear: Any
    sparse: Any
    conv: Any
    packed: Any
    sparse_conv: Any
    pool: Any
    norm: Any
    select: Any
    activation: Any
    embedding: Any
    lstm: Any
    loss: Any
    update: Any

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return get_backend, (self.name,)  # modules cannot be copied

    def put(self, array: Any, dtype: str) -> Array:
        """A NumPy array as the kernels of this backend want it: contiguous, of `dtype`. Copies only if it must."""
        return np.ascontiguousarray(array, dtype)

    def get(self, array: Array) -> Array:
        """A copy as a NumPy array."""
        return np.array(array)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        """Memory for a kernel to write into. Zeroed, so that a bug shows in the same way each time.

        It begins a line of the cache: vectors of 64 bytes would otherwise each lie in two of them. Behind it there
        is a line more, so that a kernel may read whole vectors up to its end.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        memory = np.zeros(size + 2 * LINE, np.uint8)
        first = -memory.ctypes.data % LINE
        return memory[first : first + size].view(dtype).reshape(shape)

    @contextmanager
    def threads(self, n: int | None = None) -> Iterator[dict[str, int]]:
        """Use n cores inside the block (None: all that this process may use); yields the threads of each pool.

        Only one pool gets threads, since two pools would spin against each other for the cores: Numba on `cpu`,
        where BLAS has one thread, and BLAS on `reference`. Raises BadInput unless 1 <= n <= cores.
        """
        from threadpoolctl import threadpool_limits

        n = check_threads(n)
        if self.name == "reference":
            with threadpool_limits(n, user_api="blas"):
                yield {"numba": 0, "blas": n}
            return
        policy = importlib.import_module("minimalbp.kernels.cpu.policy")
        import scipy.linalg.cython_blas  # noqa: F401  only a BLAS that is loaded can be limited; Numba calls this one

        with policy.threads(n) as used, threadpool_limits(1, user_api="blas"):
            yield {"numba": used, "blas": 1}


class Buffers:
    """The memory of one layer: arrays by name and shape, allocated once and used again at every step.

    Arrays of one name which differ in their first axis only (batches or sentences of any length) share one piece
    of memory, as long as the longest of them.
    """

    def __init__(self, backend: Backend, dtype: str):
        self.backend, self.dtype = backend, dtype
        self._whole: dict[tuple[str, tuple[int, ...]], Array] = {}
        self._parts: dict[tuple[str, tuple[int, ...]], Array] = {}

    def __reduce__(self) -> tuple[type, tuple[Backend, str]]:
        return Buffers, (self.backend, self.dtype)  # a copy has memory of its own, and nothing in it

    def get(self, name: str, shape: tuple[int, ...], dtype: str | None = None) -> Array:
        """The array of that name and shape, with whatever was written there last."""
        try:
            return self._parts[name, shape]
        except KeyError:
            found = self._part(name, shape, dtype or self.dtype)
            self._parts[name, shape] = found
            return found

    def clear(self) -> None:
        """Give the memory back: from now on the layer has other sizes."""
        self._whole, self._parts = {}, {}

    def _part(self, name: str, shape: tuple[int, ...], dtype: str) -> Array:
        key = (name, shape[1:])
        whole = self._whole.get(key)
        if whole is None or len(whole) < shape[0]:
            whole = self._whole[key] = self.backend.empty(shape, dtype)
            self._parts = {k: part for k, part in self._parts.items() if (k[0], k[1][1:]) != key}
        return whole[: shape[0]]


def cores() -> int:
    """How many cores this process may use."""
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
    """The backend of that name. Its kernels are imported at the first call.

    Parameters
    ----------
    name : {"reference", "cpu"}
        "reference" is plain NumPy, the specification of all kernels. "cpu" is Numba and BLAS, for speed.

    Returns
    -------
    Backend

    Raises
    ------
    BadInput
        When no backend has that name.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> backend = mbp.get_backend("reference")
    >>> x = np.array([-1.0, 2.0])
    >>> y = backend.empty(x.shape, "float64")
    >>> backend.activation.relu(y, x)
    >>> y
    array([0., 2.])
    """
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    if name not in _loaded:
        modules = {m: importlib.import_module(f"minimalbp.kernels.{name}.{m}") for m in NAMESPACES}
        _loaded[name] = Backend(name, **modules)
    return _loaded[name]


def kernel_cache() -> str | None:
    """The folder of the compiled cpu kernels; None where none can be written, so that each process compiles."""
    folder: str | None = importlib.import_module("minimalbp.kernels.cpu.policy").cache_folder()
    return folder


def compiles(name: str) -> bool:
    """Whether the kernels of a backend have to be compiled first, since no folder holds any."""
    if name == "reference" or not importlib.import_module("minimalbp.kernels.cpu.policy").JIT:
        return False
    folder = kernel_cache()
    return folder is None or next(Path(folder).glob("*.nbi"), None) is None


def check_dtype(name: str) -> str:
    """`name`, if it is a floating type that the kernels know. Raises BadInput for others."""
    if name not in DTYPES:
        raise unknown("dtype", name, DTYPES)
    return name
