"""The networks that classify labelled arrays, by the names of `minimalbp train --model NAME`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ..data import Dataset
from ..errors import BadInput
from ..network import Sequential, convnet, lenet, mlp, sparse_mlp
from ..network.pictures import KERNEL, picture_shapes
from ..select import Selector
from ..train.scoring import PICTURES
from . import edges
from .base import PER_WEIGHT, Choices, common

OF_PICTURES = ("filters", "batchnorm", "cut")  # settings that mean something for pictures only
MAPS = 6  # how often a network for pictures holds each map: outputs and gradients of a convolution and what follows


class Model(ABC):
    """A network for labelled arrays: its defaults, its sizes, its memory.

    Attributes
    ----------
    name : str
        The name that users type.
    defaults : dict
        Defaults of settings that are not those of the task.
    first_run, simplify_defaults : dict
        As for `Task`.
    remedy : str
        What makes a network that does not fit into memory smaller.
    """

    name: str
    defaults: dict[str, Any]
    first_run: dict[str, Any]
    simplify_defaults: dict[str, Any] = {}
    remedy: str

    @abstractmethod
    def check(self, settings: Choices) -> None:
        """Raise BadInput for settings that have no meaning for this network."""

    @abstractmethod
    def sizes(self, settings: Choices, data: Dataset) -> list[int]:
        """Inputs, filters if there are any, hidden units and outputs."""

    @abstractmethod
    def weights(self, settings: Choices, data: Dataset) -> int:
        """How many weights it has, without biases."""

    @abstractmethod
    def memory(self, settings: Choices, data: Dataset) -> int:
        """The bytes that it takes in a training."""

    @abstractmethod
    def build(self, settings: Choices, data: Dataset, select: Selector) -> Sequential:
        """The network, with `select` in its hidden layers, of a network for pictures in its convolutions."""


class Mlp(Model):
    """The papers' multi-layer perceptron, which takes pictures as vectors."""

    name = "mlp"
    defaults: dict[str, Any] = {}
    first_run = {
        "arms": ({"select": "topk", "center": "off"}, {"select": "unified", "center": "forward"}), "rows": "chosen",
    }  # fmt: skip
    remedy = "a smaller hidden"

    def check(self, settings: Choices) -> None:
        for name in OF_PICTURES:
            if getattr(settings, name) not in (None, False, "after"):
                models = " and ".join(other for other in MODELS if other != self.name)
                raise BadInput(f"{name} is for the models {models}; leave it out with the model {self.name}")
        edges.check(settings)

    def sizes(self, settings: Choices, data: Dataset) -> list[int]:
        return [data.n_inputs, *edges.hidden_of(settings, data.n_classes), data.n_classes]

    def weights(self, settings: Choices, data: Dataset) -> int:
        *layers, last = (a * b for a, b in pairwise(self.sizes(settings, data)))
        return round(edges.share(settings) * sum(layers)) + last

    def memory(self, settings: Choices, data: Dataset) -> int:
        return PER_WEIGHT * self.weights(settings, data)

    def build(self, settings: Choices, data: Dataset, select: Selector) -> Sequential:
        if settings.topology is None:
            return mlp(self.sizes(settings, data), select=select, **common(settings))
        net, notes = edges.topology_of(settings, data.n_inputs, data.n_classes)
        options = common(settings)
        del options["center"]  # off, as `check` says
        follows = len(net.sizes) < len(self.sizes(settings, data))
        built = sparse_mlp(net, outputs=data.n_classes if follows else None, select=select, **options)
        built.remarks += notes
        return built


class ForPictures(Model):
    """A convolutional network, made by `lenet` or `convnet`."""

    first_run = {
        "arms": ({"select": "sample", "center": "off"}, {"select": "threshold-batch", "center": "forward"}),
        "rows": "chosen",
    }
    simplify_defaults = {"k": "10%", "prune": 0.05, "select": "threshold-batch", "center": "forward"}
    remedy = "fewer filters, a smaller hidden or a smaller batch"

    def __init__(self, make: Callable[..., Sequential], **defaults: Any):
        self.make, self.name, self.defaults = make, make.__name__, defaults

    def check(self, settings: Choices) -> None:
        if settings.topology is not None:
            raise BadInput(f"topology is for the model mlp; leave it out with the model {self.name}")
        if settings.cut == "before" and not settings.batchnorm:
            raise BadInput(
                "cut = before means before batch normalisation; give batchnorm too, or leave it out"
            )

    def sizes(self, settings: Choices, data: Dataset) -> list[int]:
        return [data.n_inputs, *settings.filters, *settings.hidden, data.n_classes]

    def weights(self, settings: Choices, data: Dataset) -> int:
        maps = self._maps(settings, data)
        channels, height, width = maps[-1]
        sizes = [channels * height * width, *settings.hidden, data.n_classes]
        convolutions = sum(KERNEL**2 * a[0] * b[0] for a, b in pairwise(maps))
        return convolutions + sum(a * b for a, b in pairwise(sizes))

    def memory(self, settings: Choices, data: Dataset) -> int:
        entries = sum(b[0] * a[1] * a[2] for a, b in pairwise(self._maps(settings, data)))
        pictures = max(settings.batch, PICTURES)
        return PER_WEIGHT * self.weights(settings, data) + 4 * MAPS * entries * pictures

    def build(self, settings: Choices, data: Dataset, select: Selector) -> Sequential:
        return self.make(
            data.shape, data.n_classes, filters=settings.filters, units=settings.hidden, select=select,
            batchnorm=settings.batchnorm, cut=settings.cut, **common(settings),
        )  # fmt: skip

    def _maps(self, settings: Choices, data: Dataset) -> list[tuple[int, int, int]]:
        return picture_shapes(data.shape, settings.filters, self.name)


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Mlp(),
        ForPictures(lenet, filters=(32, 64), hidden=(512,), batch=32, epochs=10, evals=2),
        ForPictures(convnet, filters=(32, 32, 64), hidden=(), batch=64, epochs=10, evals=2),
    )
}
