"""Selectors: which output units of a layer get a gradient in this step."""

from .base import Dense, Selector
from .units import SELECTORS, RandomK, TopK, UnifiedTopK

__all__ = ["SELECTORS", "Dense", "RandomK", "Selector", "TopK", "UnifiedTopK"]
