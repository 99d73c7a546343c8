"""Structured pruning: SPP, what it is compared with, and the small network that is left, proved equal and timed."""

from .clock import measure
from .delta import delta, linear_delta
from .folder import load_packed, save_packed
from .groups import Groups
from .layer import PrunedLayer
from .pack import pack
from .plan import PrunePlan
from .proof import Unequal, prove
from .pruner import Pruner
from .rules import METHODS, Rule
from .speed import speedup, theoretical
from .unpack import state_dict, unpack

__all__ = [
    "METHODS", "Groups", "PrunePlan", "PrunedLayer", "Pruner", "Rule", "Unequal", "delta", "linear_delta",
    "load_packed", "measure", "pack", "prove", "save_packed", "speedup", "state_dict", "theoretical",
    "unpack",
]  # fmt: skip
