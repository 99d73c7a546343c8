"""Numbers as typed. What is not a number stays text, so that the settings can refuse it in their own words."""

from __future__ import annotations

from typing import Any


def int_or_text(text: str) -> Any:
    """The text as an int, if it is one."""
    try:
        return int(text)
    except ValueError:
        return text


def float_or_text(text: str) -> Any:
    """The text as a float, if it is one."""
    try:
        return float(text)
    except ValueError:
        return text
