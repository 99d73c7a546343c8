"""Where a training step goes: seconds, operations and bytes of each phase.

A Meter wraps the kernels of a network's backend, so that layers need no code for being measured.
"""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from ..backend import NAMESPACES, Backend
from ..losses import SoftmaxCrossEntropy
from ..network import Sequential
from ..optim import Optimizer
from .counters import FORMULAS, PHASES, Count
from .counts import Counts

_TIMED = ("select", "dw", "dx")  # phases known from their kernels; the others from the marks of the step


class Meter:
    """Adds up what training steps cost, phase by phase.

    The phases are those of `PHASES`. forward lasts from taking the batch to the logits, and update is the
    optimiser, both with their Python. select, dw and dx are the time of their kernels. other is the rest between
    logits and update: loss, biases, activations, the drawing of random choices, Python. So the seconds of all
    phases add up to the whole step. The backward loop of an LSTM is one kernel: its seconds count as dx, and its
    operations count in the phases of its parts.

    Attributes
    ----------
    steps : int
        Steps so far.
    seconds, ops, bytes : dict of str to number
        Of each phase: seconds, operations (multiply-adds and element-wise steps), and bytes read and written.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([4, 8, 3], backend="reference")
    >>> meter = mbp.Meter()
    >>> with meter.attached(net, mbp.SoftmaxCrossEntropy(), mbp.SGD(net.parameters())):
    ...     meter.start()
    ...     logits = net.forward(np.ones((10, 4), np.float32))
    ...     meter.mark("forward")
    >>> meter.ops["forward"]  # two products, and ReLU
    640
    """

    def __init__(self) -> None:
        self.steps = 0
        self.seconds = dict.fromkeys(PHASES, 0.0)
        self._ops = dict.fromkeys(PHASES, 0)
        self._bytes = dict.fromkeys(PHASES, 0)
        self._calls: list[tuple[Callable[..., Any], tuple[Any, ...], bool]] = []  # that are not counted yet
        self._kernels = dict.fromkeys(_TIMED, 0.0)
        self._last = 0.0
        self._on = self._forward = False

    @property
    def ops(self) -> dict[str, int]:
        """Operations of each phase."""
        self.count()
        return self._ops

    @property
    def bytes(self) -> dict[str, int]:
        """Bytes read and written in each phase."""
        self.count()
        return self._bytes

    def clear(self) -> None:
        """Set everything back to zero."""
        self.steps = 0
        self._calls.clear()
        for counts in (self.seconds, self.ops, self.bytes):
            counts.update(dict.fromkeys(counts, 0))

    def start(self) -> None:
        """Begin a step."""
        self._kernels.update(dict.fromkeys(_TIMED, 0.0))
        self._on = self._forward = True
        self._last = time.perf_counter()

    def mark(self, phase: str) -> None:
        """End the part "forward", "backward" or "update" of a step; "update" ends the step."""
        now = time.perf_counter()
        took, self._last = now - self._last, now
        if phase == "backward":
            for part, seconds in self._kernels.items():
                self.seconds[part] += seconds
                took -= seconds
            phase = "other"
        self.seconds[phase] += took
        self._forward = False
        if phase == "update":
            self.steps += 1
            self._on = False
        elif phase == "forward":
            self.count()
            self._last = time.perf_counter()

    def count(self) -> None:
        """Count the calls since the last time, while no clock runs.

        That is once a step, after the forward pass. Counting takes as long as a small backward pass. Before the
        forward pass, the threads that wait for it would fall asleep meanwhile, as they do not without a meter.
        Beside shapes, counts depend on lists that the next backward pass overwrites, no sooner.
        """
        for formula, args, forward in self._calls:
            for count in _parts(formula(*args)):
                phase = "forward" if forward else count.phase  # an addition may belong to either
                self._ops[phase] += count.ops
                self._bytes[phase] += count.bytes
        self._calls.clear()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Inside the block nothing counts, though a step is on: an evaluation in its middle."""
        on, began = self._on, time.perf_counter()
        self._on = False
        try:
            yield
        finally:
            self._on = on
            self._last += time.perf_counter() - began

    @contextmanager
    def attached(self, net: Sequential, loss: SoftmaxCrossEntropy, optimizer: Optimizer) -> Iterator[None]:
        """Measure these three inside the block. Kernels called outside a step, as in evaluation, do not count."""
        before = net.be
        self.attach(net, loss, optimizer)
        try:
            yield
        finally:
            _give(before, net, loss, optimizer)

    def attach(self, net: Sequential, loss: SoftmaxCrossEntropy, optimizer: Optimizer) -> None:
        """Measure these three from now on."""
        _give(self.watch(net.be), net, loss, optimizer)

    def watch(self, be: Backend) -> Backend:
        """A backend whose kernels are timed and counted here while a step is on."""
        spaces: dict[str, Any] = {}
        for space in NAMESPACES:
            module = getattr(be, space)
            names = {n: getattr(module, n) for n in dir(module) if not n.startswith("_")}
            spaces[space] = SimpleNamespace(
                **{
                    n: self._wrap(f"{space}.{n}", f) if f"{space}.{n}" in FORMULAS else f
                    for n, f in names.items()
                }
            )
        return dataclasses.replace(be, **spaces)

    def _wrap(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        formula, calls, spent, clock = FORMULAS[name], self._calls, self._kernels, time.perf_counter
        phase: str | None = None  # that its seconds belong to in a backward pass, which the first count says

        def measured(*args: Any) -> Any:
            nonlocal phase
            if not self._on:
                return kernel(*args)
            if phase is not None and (self._forward or phase not in spent):  # the marks of the step will do
                calls.append((formula, args, self._forward))
                return kernel(*args)
            began = clock()
            returned = kernel(*args)
            ended = clock()
            calls.append((formula, args, self._forward))
            if phase is None:
                phase = _parts(formula(*args))[0].phase
                self._last += clock() - ended
            if phase in spent and not self._forward:
                spent[phase] += ended - began
            return returned

        measured.__signature__ = inspect.signature(kernel)  # type: ignore[attr-defined]
        return measured

    def totals(self) -> dict[str, dict[str, float]]:
        """{"seconds", "ops", "bytes"}: each a dictionary over the phases and "total"."""
        parts: dict[str, dict[str, Any]] = {"seconds": self.seconds, "ops": self.ops, "bytes": self.bytes}
        return {key: {**values, "total": sum(values.values())} for key, values in parts.items()}

    def state(self) -> dict[str, Any]:
        """What has been added up, for a checkpoint."""
        return {"steps": self.steps, "seconds": self.seconds, "ops": self.ops, "bytes": self.bytes}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.steps = state["steps"]
        for key in ("seconds", "ops", "bytes"):
            getattr(self, key).update(state[key])


def _parts(counts: Count | Counts) -> Counts:
    """The counts of a kernel's parts."""
    return (counts,) if isinstance(counts, Count) else counts


def _give(be: Backend, net: Sequential, loss: SoftmaxCrossEntropy, optimizer: Optimizer) -> None:
    owners: list[Any] = [*net.layers(), loss, optimizer]
    for owner in owners:
        owner.be = be
