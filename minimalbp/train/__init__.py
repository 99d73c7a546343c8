"""Training: one step, the loop around it, and what it reads and leaves.

The loop itself is `minimalbp.fit`. Nothing is imported before it is used: a name below brings its module with it.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "augment": ("Augment", "parse_augment"),
    "batches": ("Feed", "Rows"),
    "checkpoint": ("load_checkpoint", "save_checkpoint"),
    "companion": ("Companion",),
    "history": ("History", "Record"),
    "scoring": ("Score", "evaluate"),
    "step": ("train_step",),
    "trial": ("warm_up",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE)


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
