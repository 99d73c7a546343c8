"""Measuring: the clock and the exact counts of a training step, and the machine it ran on."""

from .counters import FORMULAS, PHASES, Count
from .machine import machine
from .meter import Meter

__all__ = ["FORMULAS", "PHASES", "Count", "Meter", "machine"]
