"""meSimp: networks that shrink themselves by the activeness of their units, and the controls of it."""

from .compact import Hidden, compact, hidden_layers
from .follower import RULES, Follower
from .simplifier import Plan, Simplifier

__all__ = ["RULES", "Follower", "Hidden", "Plan", "Simplifier", "compact", "hidden_layers"]
