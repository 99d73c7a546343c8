"""meSimp: networks that shrink by the activeness of their units, and the controls to compare them with."""

from .controls import Follower
from .shrinker import Shrinker
from .simplifier import Plan, Simplifier

__all__ = ["Follower", "Plan", "Shrinker", "Simplifier"]
