"""Selectors: which output units of a layer get a gradient in this step."""

from .base import Choice, Dense, Lists, Selector, Whole, even, masked
from .lists import Signs, Systematic, Threshold
from .text import parse_k, parse_k_schedule
from .units import RandomK, TopK, UnifiedTopK

SELECTORS: dict[str, type[Selector]] = {
    s.name: s for s in (Dense, TopK, UnifiedTopK, RandomK, Systematic, Threshold, Signs)
}

__all__ = [
    "SELECTORS", "Choice", "Dense", "Lists", "RandomK", "Selector", "Signs", "Systematic", "Threshold", "TopK",
    "UnifiedTopK", "Whole", "even", "masked", "parse_k", "parse_k_schedule",
]  # fmt: skip
