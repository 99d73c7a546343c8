"""Measuring: the clock and the exact counts of a training step, and the machine it ran on."""

from .counters import FORMULAS, PHASES, Count
from .gradcheck import directional_error
from .machine import machine, version
from .meter import Meter
from .timing import Timed, clocked, in_blocks, in_turns, take_turns

__all__ = [
    "FORMULAS", "PHASES", "Count", "Meter", "Timed", "clocked", "directional_error", "in_blocks", "in_turns",
    "machine", "take_turns", "version",
]  # fmt: skip
