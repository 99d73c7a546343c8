"""What settings ask for: the data, the network, the optimiser."""

from __future__ import annotations

from typing import Any

from ..network import Sequential
from ..optim import OPTIMIZERS, Optimizer
from ..select import Selector
from .settings import Settings


def load_data(settings: Settings) -> Any:
    """The data of a run, as `fit` and `compare` take them.

    Parameters
    ----------
    settings : Settings
        Of these, `task`, `data` and `tags` matter.

    Returns
    -------
    Dataset, TaggingData or ParsingData
        As the task has it.

    Raises
    ------
    BadInput
        As `load_dataset` and `load_treebank` do.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> data = mbp.load_data(mbp.Settings(data="digits"))
    >>> data.n_inputs, data.n_classes
    (64, 10)
    """
    return settings.task_object.load(settings)


def network(settings: Settings, data: Any, select: Selector) -> Sequential:
    """The network for these data, with `select` in every hidden layer. Raises BadInput where it is too large."""
    return settings.task_object.network(settings, settings.task_object.encoding(data), select)


def build(settings: Settings, data: Any, select: Selector) -> tuple[Sequential, Optimizer]:
    """Build the network and the optimiser that settings ask for.

    Parameters
    ----------
    settings : Settings
        Sizes, initial weights, optimiser and so on.
    data : Dataset or data of a task
        As `load_data(settings)` brings them.
    select : Selector
        The selector of every hidden layer, such as `settings.selector()`.

    Returns
    -------
    tuple of Sequential and Optimizer

    Raises
    ------
    BadInput
        For a network that does not fit into memory.
    """
    net = network(settings, data, select)
    options: dict[str, Any] = {"lr": settings.lr, "rows": settings.rows}
    if settings.momentum:
        options["momentum"] = settings.momentum
    if settings.clip is not None:
        options["clip"] = settings.clip
    return net, OPTIMIZERS[settings.optimizer](net.parameters(), **options)
