"""minimalbp: minimal-effort back propagation, taught, reproduced and measured.

Nothing heavy is imported before it is used: a name below brings its module with it.
"""

from __future__ import annotations

import importlib
from typing import Any

from ._version import __version__

_HOME = {
    "backend": ("get_backend",),
    "annotate": ("load_annotator",),
    "assembly": ("load_data",),
    "checkpoint": ("load_checkpoint", "save_checkpoint"),
    "comparison": ("compare",),
    "data": (
        "Dataset",
        "Sentence",
        "Split",
        "Treebank",
        "load_dataset",
        "load_treebank",
        "read_conllu",
        "write_conllu",
    ),
    "errors": ("BadInput", "Diverged"),
    "frozen": ("Frozen",),
    "gradcheck": ("directional_error",),
    "layers": (
        "LSTM",
        "Cube",
        "Dropout",
        "Embedding",
        "Flatten",
        "Layer",
        "Linear",
        "ReLU",
        "Residual",
        "Sigmoid",
        "Tanh",
    ),
    "losses": ("SoftmaxCrossEntropy",),
    "measure": ("Meter", "machine"),
    "network": ("Sequential", "mlp"),
    "optim": ("SGD", "AdaGrad", "Adam", "Optimizer"),
    "param": ("Param", "RowGrad"),
    "select": ("Dense", "RandomK", "TopK", "UnifiedTopK"),
    "settings": ("Settings",),
    "simplify": ("Simplifier",),
    "scoring": ("History", "Record", "Score", "evaluate"),
    "tasks": ("MostFrequentTag", "Parsing", "Tagging", "attachment", "tag_accuracy"),
    "text": ("ParsingData", "TaggingData", "parser", "tagger"),
    "training": ("fit",),
    "weights": ("load", "save"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
_PACKAGES = ("simplify",)  # reached as minimalbp.simplify without an import of its own
__all__ = ["__version__", *sorted(_MODULE), *_PACKAGES]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'minimalbp' has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE.get(name, name)}")
    value = module if name in _PACKAGES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
