"""Layers of units, which can be counted and taken away: what meSimp needs of a layer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

from ..backend import Array
from ..param import Param
from .base import Layer


class Cut(NamedTuple):
    """What stays of a parameter: its entries `kept` along `axis`, ascending."""

    param: Param
    axis: int
    kept: Array


class Units(Layer):
    """A layer whose outputs are units, in `groups` of equally many: the directions of an LSTM, else one group.

    Output g * units + j is unit j of group g. Arrays over units are (groups, units).
    """

    groups: int = 1

    @property
    @abstractmethod
    def units(self) -> int:
        """How many units there are in a group."""

    @property
    def width(self) -> int:
        """The units of all groups."""
        return self.groups * self.units

    @abstractmethod
    def count(self, hits: Array) -> int:
        """Add to hits int64 (groups, units) how often the last backward pass chose each with a gradient not zero.

        Returns how often it could have: once for each example, for an LSTM once for each word and gate.
        """

    @abstractmethod
    def norms(self) -> Array:
        """The Euclidean norm of the weights that lead into each unit."""

    @abstractmethod
    def unit_cuts(self, kept: Array) -> Iterator[Cut]:
        """What stays where only the units kept (groups, m), ascending, do."""

    @abstractmethod
    def input_cuts(self, kept: Array) -> Iterator[Cut]:
        """What stays where only the inputs kept (m,), ascending, do."""

    @abstractmethod
    def resize(self) -> None:
        """Take on the sizes that the parameters have now."""
