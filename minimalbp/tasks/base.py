"""What a task says of itself, so that no other module needs to ask which task it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any, ClassVar, Protocol

from ..measure.machine import check_memory
from ..network import Sequential
from ..select import Selector

PER_WEIGHT = 24  # bytes: float32 w, dw, m, v, and w in float64 when drawn


class Choices(Protocol):
    """The settings of a run that a task reads; `minimalbp.Settings` documents them."""

    @property
    def data(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def topology(self) -> str | None: ...
    @property
    def density(self) -> str | None: ...
    @property
    def hidden(self) -> tuple[int, ...]: ...
    @property
    def filters(self) -> tuple[int, ...]: ...
    @property
    def batchnorm(self) -> bool: ...
    @property
    def cut(self) -> str: ...
    @property
    def augment(self) -> str | None: ...
    @property
    def batch(self) -> int: ...
    @property
    def dropout(self) -> float: ...
    @property
    def center(self) -> str: ...
    @property
    def init(self) -> str: ...
    @property
    def tags(self) -> str | None: ...
    @property
    def bidirectional(self) -> bool: ...
    @property
    def seed(self) -> int: ...
    @property
    def backend(self) -> str: ...


class Task(ABC):
    """A task of `minimalbp train --task NAME`: its defaults, its data, its network, and what its scores are called.

    A new task is one subclass and one line in `minimalbp.tasks.TASKS`. An *encoding* is whatever a network must
    know of the data, such as the vocabularies of a tagger.

    Attributes
    ----------
    name : str
        The name that users type.
    defaults : dict
        This task's defaults of the settings data, hidden, k, epochs, batch, evals, tags and dropout.
    data_help : str
        What `data` may be, in words for the command line.
    learning_rates : dict of str to float
        The default learning rate of each optimiser.
    simplify_defaults : dict
        The prune rate "prune" of `minimalbp simplify`, and the settings whose defaults it has instead of
        `defaults`.
    first_run : dict
        What `minimalbp train` compares with dense where neither a selector nor centring is asked for: its "arms",
        each with select and center, and the "rows" that the optimiser updates.
    scores : dict of str to str
        Names of the scores and their titles in tables. The first one decides which evaluation is the best.
    examples : str
        What an example is called in tables, such as "sentences"; may be empty.
    dropout_silences : bool
        Whether a hidden unit that dropout has switched off has no gradient, so that it counts as inactive.
    prunable : bool
        Whether `minimalbp prune` takes its networks.
    """

    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]]
    data_help: ClassVar[str]
    learning_rates: ClassVar[dict[str, float]]
    simplify_defaults: ClassVar[dict[str, Any]]
    first_run: ClassVar[dict[str, Any]] = {"arms": ({"select": "topk", "center": "off"},), "rows": "all"}
    scores: ClassVar[dict[str, str]] = {"accuracy": "accuracy"}
    examples: ClassVar[str] = ""
    dropout_silences: ClassVar[bool] = True
    prunable: ClassVar[bool] = False

    def defaults_of(self, settings: Choices) -> dict[str, Any]:
        """`defaults`, or those of the network that `settings.model` names."""
        return self.defaults

    def first_run_of(self, model: str) -> dict[str, Any]:
        """`first_run`, or that of the network with this name; an unknown name is for Settings to refuse."""
        return self.first_run

    @abstractmethod
    def check(self, settings: Choices) -> None:
        """Raise BadInput for settings that have no meaning for this task."""

    @abstractmethod
    def load(self, settings: Choices) -> Any:
        """The data, as `fit` takes them. Raises BadInput as the loaders do."""

    @abstractmethod
    def encoding(self, data: Any) -> Any:
        """What the network must know of the data."""

    @abstractmethod
    def sizes(self, settings: Choices, encoding: Any) -> list[int]:
        """Inputs, hidden units and outputs of the network. After an embedding, the inputs are its outputs."""

    @abstractmethod
    def build(self, settings: Choices, encoding: Any, select: Selector) -> Sequential:
        """The network, with `select` in every hidden layer."""

    def weights(self, settings: Choices, encoding: Any) -> int:
        """How many weights the network has, without biases."""
        return sum(a * b for a, b in pairwise(self.sizes(settings, encoding)))

    def simplify_defaults_of(self, model: str) -> dict[str, Any]:
        """`simplify_defaults`, or those of the network with this name; an unknown one is for Settings to refuse."""
        return self.simplify_defaults

    def widths(self, settings: Choices) -> list[int]:
        """The units of each layer that can shrink."""
        return [(1 + settings.bidirectional) * width for width in settings.hidden]

    def resized(self, settings: Choices, widths: list[int]) -> dict[str, list[int]]:
        """The settings of a network with these `widths`."""
        return {"hidden": [width // (1 + settings.bidirectional) for width in widths]}

    def memory(self, settings: Choices, encoding: Any) -> tuple[int, str]:
        """How many bytes the network takes in a training, and what would make it smaller."""
        return PER_WEIGHT * self.weights(settings, encoding), "a smaller hidden"

    def network(self, settings: Choices, encoding: Any, select: Selector) -> Sequential:
        """The network of `build`. Raises BadInput if what it needs for a training does not fit into memory."""
        sizes = "-".join(map(str, self.sizes(settings, encoding)))
        need, remedy = self.memory(settings, encoding)
        check_memory(need, f"a network of {sizes}", remedy)
        return self.build(settings, encoding, select)

    def fitted(self, settings: Choices, data: Any) -> tuple[dict[str, Any], list[str]]:
        """The settings that these data change, such as a batch above the training part, and notes for the user."""
        return {}, []

    def vocabularies(self, data: Any) -> dict[str, Any] | None:
        """The encoding as JSON, for a file beside the weights; None where the weights alone suffice."""
        return None


def common(settings: Choices) -> dict[str, Any]:
    """The options of every network, from the settings."""
    return {
        "center": settings.center, "dropout": settings.dropout, "init": settings.init, "rng": settings.seed,
        "backend": settings.backend,
    }  # fmt: skip
