"""Counts of normalisation: each difference, product, sum, quotient or power of an entry is one operation."""

from __future__ import annotations

from typing import Any

from . import Count, size_in_bytes

__all__ = ["batch_dw", "batch_dx", "batch_forward", "moments", "response_backward", "response_forward"]


def moments(mean: Any, var: Any, running_mean: Any, running_var: Any, x: Any, rate: float) -> Count:
    """The sum, the difference, and the sum of its squares."""
    return Count(
        "forward", 3 * x.size, size_in_bytes(x, mean, var) + 2 * size_in_bytes(running_mean, running_var)
    )


def batch_forward(y: Any, x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Count:
    """The difference, and the multiply-add."""
    return Count("forward", 2 * x.size, size_in_bytes(y, x, mean, var, weight, bias))


def batch_dw(dw: Any, db: Any, dy: Any, x: Any, mean: Any, var: Any, eps: float) -> Count:
    """The difference and its multiply-add, and the sum of dy."""
    return Count("other", 3 * x.size, size_in_bytes(dw, db, dy, x, mean, var))


def batch_dx(
    dx: Any, dy: Any, x: Any, mean: Any, var: Any, weight: Any, dw: Any, db: Any, eps: float
) -> Count:
    """Two differences, a multiply-add, and the product."""
    return Count("other", 4 * x.size, size_in_bytes(dx, dy, x, mean, var, weight, dw, db))


def response_forward(y: Any, scale: Any, x: Any, box: Any, alpha: float, beta: float, k: float) -> Count:
    """The square, its sum over the box, the multiply-add, the power, and the product."""
    return Count("forward", _entries(x, box) + 4 * x.size, size_in_bytes(y, scale, x))


def response_backward(
    dx: Any, dy: Any, y: Any, scale: Any, x: Any, box: Any, alpha: float, beta: float, work: Any
) -> Count:
    """The ratio (2), its sum over the box, the power and its product, and the rest (2)."""
    return Count("other", _entries(x, box) + 6 * x.size, size_in_bytes(dx, dy, y, scale, x))


def _entries(x: Any, box: Any) -> int:
    """The entries of all boxes together, inside the pictures."""
    total = len(x)
    for n, size in zip(x.shape[1:], box):
        total *= sum(min(i + (size - 1) // 2 + 1, n) - max(i - size // 2, 0) for i in range(n))
    return int(total)
