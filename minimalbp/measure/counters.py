"""The counts of all kernels by name, and the phases of a training step that they belong to."""

from __future__ import annotations

from collections.abc import Callable

from .counts import (
    Count,
    Counts,
    activation,
    conv,
    embedding,
    linear,
    loss,
    lstm,
    norm,
    packed,
    pool,
    select,
    sparse,
    sparse_conv,
    update,
)

PHASES = ("forward", "select", "dw", "dx", "other", "update")

_MODULES = {
    "linear": linear, "sparse": sparse, "conv": conv, "packed": packed, "sparse_conv": sparse_conv,
    "pool": pool, "norm": norm, "select": select,
    "activation": activation, "embedding": embedding, "lstm": lstm, "loss": loss, "update": update,
}  # fmt: skip
# "linear.forward": what a call of that kernel costs, from its arguments
FORMULAS: dict[str, Callable[..., Count | Counts]] = {
    f"{space}.{name}": getattr(module, name) for space, module in _MODULES.items() for name in module.__all__
}
