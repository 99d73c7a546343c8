"""What settings ask for: the data, the network, the optimiser."""

from __future__ import annotations

from typing import Any

from ..network import Sequential
from ..optim import OPTIMIZERS, Optimizer
from ..select import Selector
from .settings import Settings


def load_data(settings: Settings) -> Any:
    """The data set, or the treebank as its task wants it. Raises BadInput as the loaders do."""
    return settings.task_object.load(settings)


def network(settings: Settings, data: Any, select: Selector) -> Sequential:
    """The network for these data, with `select` in every hidden layer."""
    return settings.task_object.network(settings, settings.task_object.encoding(data), select)


def build(settings: Settings, data: Any, select: Selector) -> tuple[Sequential, Optimizer]:
    """The network and the optimiser that `settings` ask for."""
    net = network(settings, data, select)
    options: dict[str, Any] = {"lr": settings.lr, "rows": settings.rows}
    if settings.clip is not None:
        options["clip"] = settings.clip
    return net, OPTIMIZERS[settings.optimizer](net.parameters(), **options)
