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


def floats_or_text(text: str) -> Any:
    """The text as a float, or as a list of them if there are commas."""
    parts = [float_or_text(part) for part in text.split(",")]
    if any(isinstance(part, str) for part in parts):
        return text
    return parts if len(parts) > 1 else parts[0]
