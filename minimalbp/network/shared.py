"""One network asked by several threads: its own memory for one at a time, copies for the others."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from ..backend import Array
from ..errors import BadInput
from ..param import Param

Whole = TypeVar("Whole")


class Shared:
    """Who uses the memory of a network.

    The thread that takes `lock` does. Another one gets a twin: a copy with memory of its own and the same arrays of
    parameters, made once for each thread and again when the network got other arrays, as after a removal of units.
    """

    def __init__(self) -> None:
        self.lock, self.trained = threading.RLock(), False
        self._mine = threading.local()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Shared, ()  # a copy is used by nobody

    def take(self) -> bool:
        """Take the lock, unless another thread has it."""
        return self.lock.acquire(blocking=False)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Have the network for a training. Raises BadInput while it is trained elsewhere."""
        while self.trained or not self.lock.acquire(timeout=0.01):  # a question takes less
            if self.trained:
                raise BadInput(
                    "this network is being trained already; train a copy of it, copy.deepcopy(net), or wait"
                )
        self.trained = True
        try:
            yield
        finally:
            self.trained = False
            self.lock.release()

    def twin(self, whole: Whole, params: list[Param], arrays: list[Array] | None = None) -> Whole:
        """The copy of `whole` for this thread, which has the parameters, and other `arrays`, in common with it."""
        arrays = [p.value for p in params] + (arrays or [])
        found = getattr(self._mine, "found", None)
        if found is None or len(found[1]) != len(arrays) or any(a is not b for a, b in zip(found[1], arrays)):
            found = copy.deepcopy(whole, {id(one): one for one in [*params, *arrays]}), arrays
            self._mine.found = found
        twin: Whole = found[0]
        return twin
