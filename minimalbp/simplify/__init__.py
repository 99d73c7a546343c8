"""meSimp: networks that shrink themselves by the activeness of their units, and the controls of it."""

from .compact import compact, hidden_layers
from .follower import Follower
from .gates import GATE_G, drop_zero_rows, first_rows
from .shrinker import Shrinker
from .simplifier import Plan, Simplifier

__all__ = [
    "GATE_G", "Follower", "Plan", "Shrinker", "Simplifier", "compact", "drop_zero_rows",
    "first_rows", "hidden_layers",
]  # fmt: skip
