"""The settings of a comparison: what the command line, a TOML file and run.json call by the same names."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from ..backend import BACKENDS, check_threads
from ..errors import BadInput, check_float, check_int, short, unknown
from ..layers.initialisers import INITIALISERS
from ..optim import OPTIMIZERS, ROWS
from ..select import SELECTORS, Dense, RandomK, Selector

SELECT = ("topk", "unified", "random", "random-scaled", "dense")
# Of the papers, but for a parser's Adam (theirs: 1e-3), which with dropout would take more epochs. SGD none uses
LEARNING_RATE = {
    "classify": {"adam": 1e-3, "adagrad": 0.1, "sgd": 0.1},
    "tagging": {"adam": 1e-3, "adagrad": 0.01, "sgd": 0.1},
    "parsing": {"adam": 2e-3, "adagrad": 0.01, "sgd": 0.1},
}
# What a task has of its own where nothing else is said: k and batch of the meProp paper (section 4); a parser's
# dropout is Chen and Manning's, without which top-k falls behind dense (docs/text.md)
DEFAULTS: dict[str, dict[str, Any]] = {
    "classify": {
        "data": "digits", "hidden": (500, 500), "k": "5%", "epochs": 20, "batch": 10, "evals": 8, "tags": None,
        "dropout": 0.0,
    },
    "tagging": {
        "data": "ud-english-ewt", "hidden": (500,), "k": 10, "epochs": 5, "batch": 1, "evals": 4, "tags": "xpos",
        "dropout": 0.0,
    },
    "parsing": {
        "data": "ud-english-ewt", "hidden": (500,), "k": 20, "epochs": 10, "batch": 10_000, "evals": 2,
        "tags": "xpos", "dropout": 0.5,
    },
}  # fmt: skip
TASKS = tuple(DEFAULTS)
TAGS = ("xpos", "upos")
_OWN: Any = None  # the task's own default


@dataclass(frozen=True)
class Settings:
    """Checked when made: raises BadInput for anything out of range, with the nearest known name.

    task: "classify" labelled arrays; "tagging" or "parsing" of a treebank, which `data` then names. What is not
    given is the task's own of DEFAULTS. k is a whole number or a percentage ("5%"); lr None stands for the
    optimiser's own in LEARNING_RATE; batch counts pictures, sentences or transitions;
    dropout is after each hidden layer, in a tagger after the embedding too; clip is the element-wise limit of
    gradients, None: off; evals are the looks at the dev set in an epoch.
    tags: the column that a tagger learns and a parser reads, "xpos" or "upos"; bidirectional: whether a tagger
    reads both ways.
    """

    task: str = "classify"
    data: str = _OWN
    hidden: tuple[int, ...] = _OWN
    k: int | str = _OWN
    select: str = "topk"
    optimizer: str = "adam"
    rows: str = "all"
    lr: float | None = None
    epochs: int = _OWN
    batch: int = _OWN
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

        if self.task not in TASKS:
            raise unknown("task", self.task, TASKS)
        for name, value in DEFAULTS[self.task].items():
            if getattr(self, name) is None:
                put(name, value)
        put("hidden", whole_list("hidden", self.hidden))
        put(
            "k", parse_k(self.k).get("k", "".join(str(self.k).split()))
        )  # 25 and "25" are one setting, "5 %" and "5%"
        for name, known in (("select", SELECT), ("optimizer", tuple(OPTIMIZERS)), ("rows", ROWS),
                            ("init", tuple(INITIALISERS)), ("backend", BACKENDS)):  # fmt: skip
            if getattr(self, name) not in known:
                raise unknown(name, getattr(self, name), known)
        if self.lr is None:
            put("lr", LEARNING_RATE[self.task][self.optimizer])
        put("lr", check_float("lr", self.lr, 0, open_low=True))
        for name, least in (("epochs", 1), ("batch", 1), ("evals", 1), ("seed", 0)):
            put(name, check_int(name, getattr(self, name), least))
        put("dropout", check_float("dropout", self.dropout, 0, 0.999))
        put("clip", None if self.clip is None else check_float("clip", self.clip, 0, open_low=True))
        put("threads", check_threads(self.threads))
        if not isinstance(self.data, str) or not self.data:
            raise BadInput(f"data must be the name of a data set or a path, not {self.data!r}")
        self._check_text()
        self.selector()

    def _check_text(self) -> None:
        """Refuse what has no meaning for the task."""
        if not isinstance(self.bidirectional, bool):
            raise BadInput(f"bidirectional must be true or false, not {self.bidirectional!r}")
        if self.bidirectional and self.task != "tagging":
            raise BadInput(f"bidirectional is for a tagger; leave it out with the task {self.task}")
        if self.task == "classify" and self.tags is not None:
            raise BadInput(
                "tags are for the tasks tagging and parsing; leave them out with the task classify"
            )
        if self.task != "classify" and self.tags not in TAGS:
            raise unknown("tags", self.tags, TAGS)
        if self.task == "parsing" and len(self.hidden) > 1:
            raise BadInput(f"a parser has one hidden layer, such as 500; hidden is {list(self.hidden)}")

    def selector(self) -> Selector:
        """The selector of the hidden layers."""
        if self.select == "dense":
            return Dense()
        if self.select == "random-scaled":
            return RandomK(**parse_k(self.k), scaled=True)
        return SELECTORS[self.select](**parse_k(self.k))

    def arm(self) -> str:
        """The name of the sparse run: "topk 5%"."""
        return "dense" if self.select == "dense" else f"{self.select} {self.k}"

    def as_json(self) -> dict[str, Any]:
        """The settings as run.json keeps them."""
        return asdict(self) | {"hidden": list(self.hidden)}

    def changed(self, **new: Any) -> Settings:
        """The same settings with some changed. Raises BadInput for a name that is none."""
        names = [f.name for f in fields(self)]
        for name in new:
            if name not in names:
                raise unknown("setting", name, names)
        return replace(self, **new)


def parse_k(k: Any) -> dict[str, Any]:
    """{"k": 25} for 25 or "25", {"ratio": 0.05} for "5%". Raises BadInput for all else."""
    text = str(k).strip()
    try:
        if text.endswith("%"):
            percent = float(text[:-1])
            if not 0 < percent <= 100:  # false for NaN too
                raise BadInput(f"k as a percentage must be above 0% and at most 100%, not {text}")
            return {"ratio": percent / 100}
        return {"k": check_int("k", int(text) if not isinstance(k, bool) else k, least=1)}
    except ValueError as e:
        if isinstance(e, BadInput):
            raise
        raise BadInput(
            f"k must be a whole number of at least 1, such as 25, or a percentage, such as 5%, not {short(k)}"
        ) from None


def whole_list(name: str, value: Any) -> tuple[int, ...]:
    """(500, 500) for "500,500", "500-500", [500, 500] or 500 500. Raises BadInput unless all are at least 1."""
    if isinstance(value, str):
        parts = value.replace("-", ",").split(",")
        if not all(p.strip().isdecimal() for p in parts):
            raise BadInput(f"{name} must be whole numbers such as 500,500, not {short(value)}")
        try:
            value = [int(p) for p in parts]
        except ValueError:  # more digits than Python reads
            raise BadInput(f"{name} must be whole numbers such as 500,500, not {short(value)}") from None
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, (list, tuple)) or not value:
        raise BadInput(f"{name} must be at least one whole number, such as 500,500, not {short(value)}")
    return tuple(check_int(f"each number in {name}", n, least=1) for n in value)


def read_toml(path: str | Path, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The settings in a TOML file, and what it holds of the names in `more`; no-compare is no_compare.

    Raises BadInput for a file that cannot be read, and for an unknown name.
    """
    try:
        with open(path, "rb") as f:
            found = tomllib.load(f)
    except OSError as e:
        raise BadInput(f"cannot read {path}: {e.strerror or e}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise BadInput(f"{path} is not valid TOML: {e}") from e
    found = {name.replace("-", "_"): value for name, value in found.items()}
    names = [*(f.name for f in fields(Settings)), *more]
    for name in found:
        if name not in names:
            raise unknown(f"setting in {path}", name, names)
    return found
