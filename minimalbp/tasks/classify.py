"""Classifying labelled arrays, such as pictures and tables."""

from __future__ import annotations

from typing import Any

from ..data import Dataset, load_dataset
from ..errors import BadInput
from ..network import Sequential
from ..select import Selector
from . import edges
from .base import Choices, Task
from .models import MODELS


class Classify(Task):
    """A network of one of the `MODELS` classifies labelled arrays. The encoding is the data set itself."""

    name = "classify"
    defaults = {
        "data": "digits", "hidden": (500, 500), "k": "5%", "epochs": 20, "batch": 10, "evals": 8, "tags": None,
        "dropout": 0.0,
    }  # fmt: skip
    data_help = (
        "digits (default), mnist, fashion-mnist, cifar10, or the path of a folder, .npz, .csv or .tar.gz"
    )
    learning_rates = {"adam": 1e-3, "adagrad": 0.1, "sgd": 0.1}  # of the papers, which do not use SGD
    first_run = MODELS["mlp"].first_run
    prunable = True
    simplify_defaults = {"k": 160, "prune": 0.1}  # of meSimp's released configuration for MNIST

    def defaults_of(self, settings: Choices) -> dict[str, Any]:
        return self.defaults | MODELS[settings.model].defaults | edges.defaults_of(settings)

    def fitted(self, settings: Choices, data: Dataset) -> tuple[dict[str, Any], list[str]]:
        """A file of edges may say what the hidden layers are."""
        hidden = edges.hidden_of(settings, data.n_classes)
        return ({} if hidden == settings.hidden else {"hidden": hidden}), []

    def first_run_of(self, model: str) -> dict[str, Any]:
        return MODELS[model].first_run if model in MODELS else self.first_run

    def simplify_defaults_of(self, model: str) -> dict[str, Any]:
        return self.simplify_defaults | (MODELS[model].simplify_defaults if model in MODELS else {})

    def widths(self, settings: Choices) -> list[int]:
        return [*(settings.filters or ()), *settings.hidden]

    def resized(self, settings: Choices, widths: list[int]) -> dict[str, list[int]]:
        n = len(settings.filters or ())
        return ({"filters": widths[:n]} if n else {}) | {"hidden": widths[n:]}

    def check(self, settings: Choices) -> None:
        if settings.tags is not None:
            raise BadInput(
                "tags are for the tasks tagging and parsing; leave them out with the task classify"
            )
        if settings.bidirectional:
            raise BadInput("bidirectional is for a tagger; leave it out with the task classify")
        MODELS[settings.model].check(settings)

    def load(self, settings: Choices) -> Dataset:
        return load_dataset(settings.data)

    def encoding(self, data: Dataset) -> Dataset:
        return data

    def sizes(self, settings: Choices, encoding: Dataset) -> list[int]:
        return MODELS[settings.model].sizes(settings, encoding)

    def weights(self, settings: Choices, encoding: Dataset) -> int:
        return MODELS[settings.model].weights(settings, encoding)

    def memory(self, settings: Choices, encoding: Dataset) -> tuple[int, str]:
        model = MODELS[settings.model]
        return model.memory(settings, encoding), model.remedy

    def build(self, settings: Choices, encoding: Dataset, select: Selector) -> Sequential:
        return MODELS[settings.model].build(settings, encoding, select)
