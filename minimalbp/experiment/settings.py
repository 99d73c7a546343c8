"""The settings of a comparison: what the command line, a TOML file and run.json call by the same names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..backend import BACKENDS, check_threads
from ..errors import BadInput, check_float, check_int, short, unknown
from ..layers.centering import CENTER
from ..layers.initialisers import INITIALISERS
from ..network.pictures import CUT
from ..optim import OPTIMIZERS, ROWS, Schedule
from ..select import (
    SELECTORS,
    Dense,
    RandomK,
    Selector,
    Systematic,
    Threshold,
    TopK,
    parse_k,
    parse_k_schedule,
)
from ..tasks import MODELS, TASKS, Task
from ..tasks.edges import parse_density
from ..train.augment import Augment, parse_augment
from .numbers import check_ints

SELECT: dict[str, Callable[..., Selector]] = {
    **SELECTORS,
    "sample": TopK,
    "batch": partial(TopK, over="batch"),
    "random-scaled": partial(RandomK, scaled=True),
    "systematic-batch": partial(Systematic, over="batch"),
    "threshold-batch": partial(Threshold, over="batch"),
}
NONE = "none"  # no hidden layer, no topology
_OWN: Any = None  # the task's own default


@dataclass(frozen=True)
class Settings:
    """The settings of a run, by the names of the command line, checked when they are made.

    Parameters
    ----------
    task : str, default "classify"
        A name in `minimalbp.tasks.TASKS`: "classify" for labelled arrays, "tagging" or "parsing" for a treebank.
        The defaults of optional settings depend on the task (`Task.defaults`).
    data : str, optional
        The name of a data set or treebank, or a path.
    model : {"mlp", "lenet", "convnet"}, default "mlp"
        The network of the task "classify"; the last two are for pictures. Some defaults depend on it.
    topology : str, optional
        Sparse hidden layers of an mlp: "radix", "random", "regular", "bernoulli" or "cayley", as `named_topology`
        makes them, or a file or a folder of edges, which `read_topology` reads. The output layer is dense.
    density : str or float, optional
        The share of edges of a topology by name, such as "10%" (the default) or 0.1.
    hidden : sequence of int, or str, optional
        Units of each hidden layer: ``(500, 500)`` or ``"500,500"``. Of lenet and convnet, those of the Linear
        layers; there may be none: ``()`` or ``"none"``. With a file of edges these are its own by default, and
        where smaller sizes are given, the first nodes are dropped.
    filters : sequence of int, or str, optional
        Filters of each convolution of lenet or convnet.
    batchnorm : bool, default False
        Whether batch normalisation follows each convolution.
    cut : {"after", "before"}, default "after"
        Whether a convolution's gradient is cut after the backward pass of batch normalisation, or before it.
    k : int or str, optional
        Units of a layer that get a gradient, as a number or a percentage ("5%"); in an LSTM, units of each gate.
    k_schedule : str, optional
        When k changes: "10%@2,5%@5" is 10 % after two epochs and 5 % after five, and k until then.
    select : str, default "topk"
        The selector of the hidden layers, in lenet and convnet of the convolutions: "topk" or "sample" (the same),
        "batch", "unified", "random", "random-scaled", "systematic", "systematic-batch", "threshold",
        "threshold-batch", "signs", "bottom" (a control) or "dense"; of convolutions also "positions", "channels".
    center : {"off", "dw", "forward"}, default "off"
        What the hidden layers do with the running mean of their inputs; see Linear.
    optimizer : {"adam", "adagrad", "sgd"}, default "adam"
    momentum : float, default 0.0
        Of the optimiser sgd; the others have none.
    rows : {"all", "chosen"}, default "all"
        Rows that the optimiser updates.
    lr : float, optional
        Learning rate; by default that of the optimiser for this task (`Task.learning_rates`).
    schedule : {"constant", "linear", "cosine", "step"}, default "constant"
        How the learning rate changes over the training; see Schedule.
    warmup : int, default 0
        Steps of the training in which the learning rate rises to that of the schedule.
    epochs : int, optional
    batch : int, optional
        Examples in a mini-batch: pictures, sentences or transitions.
    augment : str, optional
        What happens to the pictures of the training part: "crop4,flip" moves each by up to four pixels, and mirrors
        half of them.
    dropout : float, optional
        Probability after each hidden layer, in a tagger after the embedding too.
    clip : float, optional
        Limit of each entry of a gradient; by default there is none.
    init : str, default "glorot_uniform"
        Initial weights, by the name of an initialiser.
    evals : int, optional
        Evaluations on the dev set in each epoch.
    tags : {"xpos", "upos"}, optional
        The column that a tagger learns and a parser reads.
    bidirectional : bool, default False
        Whether a tagger reads sentences in both directions.
    seed : int, default 0
        Of the initial weights, the order of examples, dropout and random-k.
    backend : {"cpu", "reference"}, default "cpu"
    threads : int, optional
        Cores to use; by default all that this process may use.

    Raises
    ------
    BadInput
        For a value out of range, and for an unknown name, with the nearest known one.

    Examples
    --------
    >>> from minimalbp import Settings
    >>> Settings(k="10%", center="dw").arm()
    'topk 10% dw'
    >>> Settings(task="parsing", threads=1).dropout
    0.5
    """

    task: str = "classify"
    data: str = _OWN
    model: str = "mlp"
    topology: str | None = None
    density: str | None = None
    hidden: tuple[int, ...] = _OWN
    filters: tuple[int, ...] = _OWN
    batchnorm: bool = False
    cut: str = "after"
    k: int | str = _OWN
    k_schedule: str | None = None
    select: str = "topk"
    center: str = "off"
    optimizer: str = "adam"
    momentum: float = 0.0
    rows: str = "all"
    lr: float | None = None
    schedule: str = "constant"
    warmup: int = 0
    epochs: int = _OWN
    batch: int = _OWN
    augment: str | None = None
    dropout: float = _OWN
    clip: float | None = None
    init: str = "glorot_uniform"
    evals: int = _OWN
    tags: str | None = None
    bidirectional: bool = False
    seed: int = 0
    backend: str = "cpu"
    threads: int | None = None

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        if self.task not in tuple(TASKS):  # a tuple also takes what has no hash
            raise unknown("task", self.task, TASKS)
        if self.model not in tuple(MODELS):
            raise unknown("model", self.model, MODELS)
        if self.topology is not None and (not isinstance(self.topology, str) or not self.topology):
            raise BadInput(f"topology must be a name or a path, not {short(self.topology)}")
        if self.topology == NONE:
            put("topology", None)
        usual = self.task_object.defaults_of(self)
        for name, value in usual.items():
            if getattr(self, name) is None:
                put(name, value)
        if self.filters is not None:
            put("filters", check_ints("filters", self.filters))
        without = (
            not usual["hidden"] or "filters" in usual
        )  # where a file says them, or there are convolutions
        without = without and self.hidden in ((), [], NONE)
        put("hidden", () if without else check_ints("hidden", self.hidden))
        if self.density is not None:
            put("density", parse_density(self.density))
        # 25 and "25" are one setting, and so are "5 %" and "5%"
        put("k", parse_k(self.k).get("k", "".join(str(self.k).split())))
        if self.k_schedule is not None:
            parse_k_schedule(self.k_schedule)
            put("k_schedule", "".join(self.k_schedule.split()))
        for name, known in (("select", tuple(SELECT)), ("center", CENTER), ("optimizer", tuple(OPTIMIZERS)),
                            ("rows", ROWS), ("init", tuple(INITIALISERS)), ("backend", BACKENDS),
                            ("cut", CUT)):  # fmt: skip
            if getattr(self, name) not in known:
                raise unknown(name, getattr(self, name), known)
        if self.lr is None:
            put("lr", self.task_object.learning_rates[self.optimizer])
        put("lr", check_float("lr", self.lr, 0, open_low=True))
        for name, least in (("epochs", 1), ("batch", 1), ("evals", 1), ("seed", 0)):
            put(name, check_int(name, getattr(self, name), least))
        put("warmup", Schedule(self.schedule, self.warmup).warmup)
        put("momentum", check_float("momentum", self.momentum, 0, 0.999))
        if self.momentum and self.optimizer != "sgd":
            raise BadInput(f"momentum is for the optimizer sgd; leave it out with {self.optimizer}")
        put("dropout", check_float("dropout", self.dropout, 0, 0.999))
        put("clip", None if self.clip is None else check_float("clip", self.clip, 0, open_low=True))
        put("threads", check_threads(self.threads))
        if not isinstance(self.data, str) or not self.data:
            raise BadInput(f"data must be the name of a data set or a path, not {self.data!r}")
        for name in ("bidirectional", "batchnorm"):
            if not isinstance(getattr(self, name), bool):
                raise BadInput(f"{name} must be true or false, not {getattr(self, name)!r}")
        if self.augment is not None:
            put("augment", str(parse_augment(self.augment)))
        self.task_object.check(self)
        self.selector()

    @property
    def task_object(self) -> Task:
        """The task that `task` names."""
        return TASKS[self.task]

    def selector(self) -> Selector:
        """The selector of the hidden layers."""
        if self.select == "dense":
            return Dense()
        return SELECT[self.select](**parse_k(self.k))

    def augmentation(self) -> Augment | None:
        """What happens to the pictures of the training part."""
        return None if self.augment is None else parse_augment(self.augment)

    def arm(self) -> str:
        """The name of a network with these settings: "topk 5%", "unified 25 dw", "radix 10%", "dense"."""
        words = (
            []
            if self.topology is None
            else [Path(self.topology).name, *([self.density] if self.density else [])]
        )
        if self.select != "dense":
            words += [self.select, str(self.k)]
        words = words or [self.select]
        return " ".join(words if self.center == "off" else [*words, self.center])

    def as_json(self) -> dict[str, Any]:
        """The settings as run.json keeps them."""
        lists = {
            name: list(value) for name in ("hidden", "filters") if (value := getattr(self, name)) is not None
        }
        return asdict(self) | lists

    def changed(self, **new: Any) -> Settings:
        """The same settings with some changed. Raises BadInput for an unknown name."""
        names = [f.name for f in fields(self)]
        for name in new:
            if name not in names:
                raise unknown("setting", name, names)
        return replace(self, **new)
