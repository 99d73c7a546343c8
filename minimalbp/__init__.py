"""minimalbp: minimal-effort back propagation, taught, reproduced and measured.

Nothing heavy is imported before it is needed: each name below imports its module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.2.0"

_HOME = {
    "backend": ("get_backend",),
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
    "experiment.annotate": ("load_annotator",),
    "experiment.build": ("load_data",),
    "experiment.compare": ("compare",),
    "experiment.settings": ("Settings",),
    "layers": (
        "LSTM",
        "AvgPool2d",
        "BatchNorm1d",
        "BatchNorm2d",
        "Conv2d",
        "Cube",
        "Dropout",
        "Embedding",
        "Flatten",
        "Layer",
        "Linear",
        "LocalResponseNorm",
        "MaxPool2d",
        "PackedConv2d",
        "PackedLinear",
        "ReLU",
        "Residual",
        "Sigmoid",
        "SparseConv2d",
        "SparseLinear",
        "Sparsify",
        "Tanh",
    ),
    "losses": ("SoftmaxCrossEntropy",),
    "measure": ("Meter", "machine"),
    "measure.gradcheck": ("directional_error",),
    "network": ("Sequential", "convnet", "lenet", "mlp", "sparse_mlp"),
    "network.frozen": ("Frozen",),
    "network.weights": ("load", "save"),
    "optim": ("SGD", "AdaGrad", "Adam", "Optimizer", "Schedule"),
    "param": ("Param", "RowGrad"),
    "select": (
        "BottomK",
        "Channels",
        "Dense",
        "Positions",
        "RandomK",
        "Signs",
        "Systematic",
        "Threshold",
        "TopK",
        "UnifiedTopK",
    ),
    "simplify": ("Simplifier",),
    "tasks": (
        "MostFrequentTag",
        "Parsing",
        "ParsingData",
        "Tagging",
        "TaggingData",
        "attachment",
        "parser",
        "tag_accuracy",
        "tagger",
    ),
    "train.augment": ("Augment",),
    "train.checkpoint": ("load_checkpoint", "save_checkpoint"),
    "train.companion": ("Companion",),
    "train.fit": ("fit",),
    "train.history": ("History", "Record"),
    "train.scoring": ("Score", "evaluate"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
_PACKAGES = ("prune", "simplify", "topology")  # reached as minimalbp.simplify without an import of their own
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
