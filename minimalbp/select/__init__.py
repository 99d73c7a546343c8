"""Selectors: which output units of a layer get a gradient in this step."""

from .base import Choice, Dense, Lists, Selector, Whole, even, masked
from .lists import BottomK, Signs, Systematic, Threshold
from .maps import Channels, Positions
from .text import parse_k, parse_k_schedule
from .units import RandomK, TopK, UnifiedTopK

SELECTORS: dict[str, type[Selector]] = {
    s.name: s
    for s in (Dense, TopK, UnifiedTopK, RandomK, Systematic, Threshold, Signs, BottomK, Positions, Channels)
}

__all__ = [
    "SELECTORS", "BottomK", "Channels", "Choice", "Dense", "Lists", "Positions", "RandomK", "Selector", "Signs",
    "Systematic", "Threshold", "TopK", "UnifiedTopK", "Whole", "even", "masked", "parse_k", "parse_k_schedule",
]  # fmt: skip
