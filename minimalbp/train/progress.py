"""What a training tells while it runs: a progress bar on a terminal, and plain lines; both on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


def tell(line: str) -> None:
    """Print a line about what is being done."""
    if sys.stderr is not None:
        print(f"minimalbp: {line}", file=sys.stderr, flush=True)


class Progress:
    """tqdm over the steps of a training, silent in a pipe.

    It is called at most ten times a second, since each call takes its time.

    label: None for no bar. total: steps in all. start: steps that are done already.
    """

    def __init__(self, label: str | None, *, total: int, start: int = 0):
        self._bar: Any = None
        self._waiting, self._next = 0, 0.0
        if label is not None:
            from tqdm import tqdm

            off = True if sys.stderr is None else None  # None: off where stderr is no terminal
            self._bar = tqdm(total=total, initial=start, desc=label, unit="step", disable=off, leave=False)

    def advance(self, loss: float | None = None, status: Callable[[], str] = str) -> None:
        """One more step is done, with that loss. `status` says what else to show, if anything."""
        if self._bar is None:
            return
        self._waiting += 1
        now = time.perf_counter()
        if now >= self._next:
            if loss is not None:
                words = [f"loss {loss:.4f}", status()]
                self._bar.set_postfix_str(", ".join(filter(None, words)), refresh=False)
            self._bar.update(self._waiting)
            self._waiting, self._next = 0, now + 0.1

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.update(self._waiting)
            self._bar.close()
