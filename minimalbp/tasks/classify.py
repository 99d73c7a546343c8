"""Classifying labelled arrays, such as pictures and tables."""

from __future__ import annotations

from ..data import Dataset, load_dataset
from ..errors import BadInput
from ..network import Sequential, mlp
from ..select import Selector
from .base import Choices, Task, common


class Classify(Task):
    """A multi-layer perceptron classifies labelled arrays. The encoding is the data set itself."""

    name = "classify"
    defaults = {
        "data": "digits", "hidden": (500, 500), "k": "5%", "epochs": 20, "batch": 10, "evals": 8, "tags": None,
        "dropout": 0.0,
    }  # fmt: skip
    data_help = (
        "digits (default), mnist, fashion-mnist, cifar10, or the path of a folder, .npz, .csv or .tar.gz"
    )
    learning_rates = {"adam": 1e-3, "adagrad": 0.1, "sgd": 0.1}  # of the papers, which do not use SGD
    first_run = {
        "arms": ({"select": "topk", "center": "off"}, {"select": "unified", "center": "forward"}), "rows": "chosen",
    }  # fmt: skip
    simplify_defaults = {"k": 160, "prune": 0.1}  # of meSimp's released configuration for MNIST

    def check(self, settings: Choices) -> None:
        if settings.tags is not None:
            raise BadInput(
                "tags are for the tasks tagging and parsing; leave them out with the task classify"
            )
        if settings.bidirectional:
            raise BadInput("bidirectional is for a tagger; leave it out with the task classify")

    def load(self, settings: Choices) -> Dataset:
        return load_dataset(settings.data)

    def encoding(self, data: Dataset) -> Dataset:
        return data

    def sizes(self, settings: Choices, encoding: Dataset) -> list[int]:
        return [encoding.n_inputs, *settings.hidden, encoding.n_classes]

    def build(self, settings: Choices, encoding: Dataset, select: Selector) -> Sequential:
        return mlp(self.sizes(settings, encoding), select=select, **common(settings))
