"""What goes along with a training and may change the network between its parts, as meSimp does."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from ..network import Sequential
from ..optim import Optimizer
from .history import History, Record

State = tuple[dict[str, Any], dict[str, Array]]  # as JSON, and arrays by name


class Companion:
    """The base. A part is what is trained between two looks at the dev set; `fit` calls these in turn:

    begin once, then for each part: before_part, observe after every backward pass, look at its end. A checkpoint
    is written after look, so that it holds the network that was scored; a resumed run goes on with before_part.
    """

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        """A training begins, with so many parts in each epoch."""

    def before_part(self, part: int, history: History) -> None:
        """Part number `part`, counted from 0, begins: the time to change the network."""

    def observe(self) -> None:
        """A backward pass is done, and nothing is updated yet."""

    def look(self, record: Record) -> None:
        """The network was scored."""

    def widths(self) -> list[int] | None:
        """Of the layers that change, for the records; None where none does."""
        return None

    def settings(self) -> dict[str, Any]:
        """What must be the same for a run to go on, as JSON."""
        return {}

    def state(self) -> State:
        """What a checkpoint keeps."""
        return {}, {}

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Go on from what `state` returned: bring the network to the sizes it had then. Weights come afterwards."""
