"""Counts of pooling: one operation for each entry of each window, without the padding, and one for each mean."""

from __future__ import annotations

from typing import Any

from . import Count, size_in_bytes

__all__ = ["average_backward", "average_forward", "max_backward", "max_forward", "max_only"]


def max_forward(y: Any, winner: Any, x: Any, window: Any) -> Count:
    return Count("forward", _entries(y, x, window), size_in_bytes(y, winner, x))


def max_only(y: Any, x: Any, window: Any) -> Count:
    return Count("forward", _entries(y, x, window), size_in_bytes(y, x))


def max_backward(dx: Any, dy: Any, winner: Any) -> Count:
    """One operation for each winner."""
    return Count("other", dy.size, size_in_bytes(dx, dy, winner))


def average_forward(y: Any, x: Any, window: Any) -> Count:
    return Count("forward", _entries(y, x, window) + y.size, size_in_bytes(y, x))


def average_backward(dx: Any, dy: Any, window: Any) -> Count:
    return Count("other", _entries(dy, dx, window) + dy.size, size_in_bytes(dx, dy))


def _entries(y: Any, x: Any, window: Any) -> int:
    """The entries of all windows together, inside the pictures."""
    sizes = [_inside(y.shape[1 + i], x.shape[1 + i], *window[i::2]) for i in (0, 1)]
    return int(len(x) * x.shape[3] * sizes[0] * sizes[1])


def _inside(outputs: int, length: int, size: int, stride: int, padding: int) -> int:
    """The same along one axis."""
    starts = [i * stride - padding for i in range(outputs)]
    return sum(min(start + size, length) - max(start, 0) for start in starts)
