"""Layers whose units can be counted and removed: what meSimp needs of a layer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from ..backend import Array
from ..param import Param
from .base import Layer


class Cut(NamedTuple):
    """What is kept of a parameter when units are removed.

    Parameters
    ----------
    param : Param
    axis : int
    kept : array of int
        The entries that are kept along the axis, ascending.
    """

    param: Param
    axis: int
    kept: Array


class Units(Layer):
    """A layer whose outputs are units, in groups of the same size.

    The groups are the directions of an LSTM; another layer has one. Output g * units + j is unit j of group g.
    Arrays over units are (groups, units).
    """

    groups: int = 1

    @property
    @abstractmethod
    def units(self) -> int:
        """The number of units in a group."""

    @property
    def width(self) -> int:
        """The number of units in all groups."""
        return self.groups * self.units

    @abstractmethod
    def count(self, hits: Array) -> int:
        """Add to hits int64 (groups, units) how often the last backward pass chose each with a non-zero gradient.

        Returns how often it could have done so: once for each example, in an LSTM once for each word and gate.
        """

    @abstractmethod
    def norms(self) -> Array:
        """The Euclidean norm of the weights into each unit, (groups, units)."""

    @abstractmethod
    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        """What is kept of the parameters with the units `kept` (groups, m), ascending."""

    @abstractmethod
    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        """What is kept of the parameters with the inputs `kept` (m,), ascending."""

    @abstractmethod
    def resize(self) -> None:
        """Update the sizes after the parameters were cut."""
