"""A layer of ours whose backward pass is measured: what the measurement asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..network import Sequential
from ..optim import Optimizer
from ..select import Selector
from .peers import Products

FLOAT = 4  # bytes


class Subject(ABC):
    """One layer in a network of its own, with its input and its gradient.

    Attributes
    ----------
    selectors : dict of str to callable
        Selectors by name, made with k.
    shape : tuple of int
        As users type it.
    layer : Layer
        Its `select` may be changed between calls.
    """

    selectors: ClassVar[Mapping[str, Callable[[int], Selector]]]
    shape: tuple[int, ...]
    layer: Any
    net: Sequential
    dy: Any
    optimizer: Optimizer

    def backward(self) -> None:
        """select, dW, dx."""
        self.layer.backward(self.dy)

    def units(self, select: str) -> int:
        """How many units there are for a selector to choose from."""
        return self.shape[-1]

    @abstractmethod
    def verify(self, select: Selector) -> None:
        """Raise RuntimeError unless dW and dx are those of a dense backward pass of the chosen gradients."""

    @abstractmethod
    def peers(self) -> dict[str, Products]:
        """The dense code to compare with: {name: (dW, dx)}. What follows a comma in a name is no library's."""

    @staticmethod
    @abstractmethod
    def peers_there() -> int:
        """How many peers there are on this machine."""

    @abstractmethod
    def whole(self, rows: int) -> int:
        """The bytes of all arrays together, where so many rows of W have a gradient."""
