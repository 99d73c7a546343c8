"""Selectors: which output units of a layer get a gradient in this step."""

from .base import Dense, Selector
from .text import parse_k, parse_k_schedule
from .units import SELECTORS, RandomK, TopK, UnifiedTopK

__all__ = [
    "SELECTORS",
    "Dense",
    "RandomK",
    "Selector",
    "TopK",
    "UnifiedTopK",
    "parse_k",
    "parse_k_schedule",
]
