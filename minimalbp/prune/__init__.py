"""Structured pruning: SPP and what it is compared with, and the small network that is left."""

from .delta import delta, linear_delta
from .groups import Groups
from .layer import PrunedLayer
from .plan import PrunePlan
from .pruner import Pruner
from .rules import METHODS, Rule
from .theory import multiply_adds, speedup

__all__ = [
    "METHODS", "Groups", "PrunePlan", "PrunedLayer", "Pruner", "Rule", "delta", "linear_delta", "multiply_adds",
    "speedup",
]  # fmt: skip
