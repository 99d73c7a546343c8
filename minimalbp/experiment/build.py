"""What settings ask for: the data, the network, the optimiser."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..data import Dataset, load_dataset, load_treebank
from ..measure.machine import check_memory
from ..network import Sequential
from ..network.mlp import mlp
from ..optim import OPTIMIZERS, Optimizer
from ..select import Selector
from ..tasks import Parsing, ParsingData, Tagging, TaggingData, parser, tagger
from ..tasks.parsing.network import PLACE
from ..tasks.tagging.network import FEATURE, WORD
from .settings import Settings

AnyData = Dataset | TaggingData | ParsingData
AnyTask = Dataset | Tagging | Parsing  # all of the data that a network depends on
PER_WEIGHT = 24  # bytes: float32 w, dw, m, v, and w in float64 when drawn


def load_data(settings: Settings) -> AnyData:
    """The data set, or the treebank as its task wants it. Raises BadInput as the loaders do."""
    if settings.task == "classify":
        return load_dataset(settings.data)
    bank = load_treebank(settings.data, trees=settings.task == "parsing")
    kind = TaggingData if settings.task == "tagging" else ParsingData
    return kind(bank, column=settings.tags or "xpos")


def build(settings: Settings, data: AnyData, select: Selector) -> tuple[Sequential, Optimizer]:
    """The network and the optimiser that `settings` ask for, with `select` in every hidden layer."""
    net = network(settings, task_of(data), select)
    options: dict[str, Any] = {"lr": settings.lr, "rows": settings.rows}
    if settings.clip is not None:
        options["clip"] = settings.clip
    return net, OPTIMIZERS[settings.optimizer](net.parameters(), **options)


def task_of(data: AnyData) -> AnyTask:
    """What a network must know of the data: the data set itself, or what a tagger or parser has learnt of words."""
    return data if isinstance(data, Dataset) else data.task


def network(settings: Settings, task: AnyTask, select: Selector) -> Sequential:
    """The network alone, from the data set or from what a tagger or parser knows."""
    common: dict[str, Any] = {
        "select": select, "dropout": settings.dropout, "init": settings.init, "rng": settings.seed,
        "backend": settings.backend,
    }  # fmt: skip
    _check_memory(settings, task)
    if isinstance(task, Tagging):
        return tagger(task, hidden=settings.hidden, bidirectional=settings.bidirectional, **common)
    if isinstance(task, Parsing):
        return parser(task, hidden=settings.hidden[0], **common)
    return mlp(sizes_of(settings, task), **common)


def sizes_of(settings: Settings, task: AnyTask) -> list[int]:
    """Inputs, hidden layers and outputs of the network: of text, the inputs are those after the embedding."""
    if isinstance(task, Tagging):
        ends = WORD + FEATURE * (len(task.sizes) - 1), len(task.tags)
    elif isinstance(task, Parsing):
        ends = PLACE * sum(task.widths), len(task.system)
    else:
        ends = task.n_inputs, task.n_classes
    return [ends[0], *settings.hidden, ends[1]]


def _check_memory(settings: Settings, task: AnyTask) -> None:
    """Refuse a network whose weights, moments and gradients do not fit."""
    sizes = sizes_of(settings, task)
    weights = sum(a * b for a, b in pairwise(sizes))
    if isinstance(
        task, Tagging
    ):  # four gates, which read their own layer as well; in both directions twice that
        weights = (1 + settings.bidirectional) * 4 * (weights + sum(h * h for h in settings.hidden))
    if not isinstance(task, Dataset):
        weights += PLACE * sum(task.sizes)
    check_memory(PER_WEIGHT * weights, f"a network of {'-'.join(map(str, sizes))}", "a smaller hidden")
