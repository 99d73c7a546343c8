"""Numbers as typed: what is none stays text, for the settings to refuse in their own words."""

from __future__ import annotations

from typing import Any


def as_whole(text: str) -> Any:
    """An int where the text is one."""
    try:
        return int(text)
    except ValueError:
        return text


def as_number(text: str) -> Any:
    """A float where the text is one."""
    try:
        return float(text)
    except ValueError:
        return text
