"""Counts of element-wise functions: one operation for each entry of the output, forward and backward."""

from __future__ import annotations

from typing import Any

from . import Count, size_in_bytes

__all__ = [
    "add", "copy", "cube", "cube_backward", "dropout", "dropout_backward", "relu", "relu_backward", "scale",
    "sigmoid", "sigmoid_backward", "tanh", "tanh_backward",
]  # fmt: skip


def _forward(y: Any, x: Any, *rest: Any) -> Count:
    return Count("forward", y.size, size_in_bytes(y, x, *rest))


def _backward(dx: Any, dy: Any, *rest: Any) -> Count:
    return Count("other", dx.size, size_in_bytes(dx, dy, *rest))


relu = tanh = sigmoid = cube = dropout = _forward
relu_backward = tanh_backward = sigmoid_backward = cube_backward = dropout_backward = _backward
add = copy = scale = _backward  # of gradients; the meter counts those of a forward pass there
