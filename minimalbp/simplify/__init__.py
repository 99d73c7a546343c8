"""meSimp: networks that shrink themselves by the activeness of their units, and the controls of it."""

from .controls import Follower
from .shrinker import Shrinker
from .simplifier import Plan, Simplifier

__all__ = ["Follower", "Plan", "Shrinker", "Simplifier"]
