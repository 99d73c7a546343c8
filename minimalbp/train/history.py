"""The history of a training: one record for each evaluation on the dev set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadInput, check_float, check_int, short

PARTS = ("dev", "test")
NUMBERS = ("epoch", "step", "train_loss", "dev_loss", "test_loss")  # of every record, whatever its scores
OPTIONAL = ("widths", "seconds", "density")


@dataclass(frozen=True)
class Record:
    """What one evaluation during training found.

    The scores are attributes too: `record.dev_accuracy` is `record.dev["accuracy"]`, and `record.test_accuracy` is
    `record.test["accuracy"]`, or None where the test set was not evaluated.

    Parameters
    ----------
    epoch : int
        The epoch in which the evaluation took place, counted from 1.
    step : int
        Training steps done so far.
    train_loss : float
        Mean loss of the training batches since the evaluation before.
    dev : dict of str to float
        Scores on the dev set by name. The first one decides which evaluation is the best.
    dev_loss : float
        Mean loss on the dev set.
    test : dict of str to float, optional
        Scores on the test set. None unless this was the best evaluation so far.
    test_loss : float, optional
        Mean loss on the test set.
    widths : list of int, optional
        Units of each hidden layer, where a companion of the training changes them.
    seconds : float, optional
        Seconds of training steps so far: all parts before this evaluation, without evaluations and checkpoints, and
        those before a resume count. None in records of earlier versions. Records that differ in it only are equal.
    density : list of float, optional
        The natural share of non-zeros of each convolution: how many entries of the gradient that enters it were not
        zero in the last step, before anything is chosen. None for a network without convolutions.

    Examples
    --------
    >>> record = Record(1, 100, 0.5, {"accuracy": 0.9}, 0.4)
    >>> record.dev_accuracy, record.test_accuracy
    (0.9, None)
    """

    epoch: int
    step: int
    train_loss: float
    dev: dict[str, float]
    dev_loss: float
    test: dict[str, float] | None = None
    test_loss: float | None = None
    widths: list[int] | None = None
    seconds: float | None = field(default=None, compare=False)
    density: list[float] | None = None

    def __post_init__(self) -> None:
        if self.test is not None and self.test.keys() != self.dev.keys():
            raise BadInput(
                f"dev and test need scores of the same names, not {short(self.dev)} and {short(self.test)}"
            )

    @property
    def main(self) -> float:
        """The dev score that decides which evaluation is the best: the first."""
        return next(iter(self.dev.values()))

    def __getattr__(self, name: str) -> Any:
        part, _, score = name.partition("_")
        dev = vars(self).get("dev", {})  # a copy asks before it has any fields
        if part not in PARTS or score not in dev:
            known = "".join(f", dev_{known}, test_{known}" for known in dev)
            raise AttributeError(f"a record has no {name!r}; its scores are {known[2:]}")
        return dev[score] if part == "dev" else None if self.test is None else self.test[score]

    def as_json(self) -> dict[str, Any]:
        """The record as one flat object, as metrics.jsonl and checkpoints hold it."""
        flat: dict[str, Any] = {"epoch": self.epoch, "step": self.step, "train_loss": self.train_loss}
        flat |= {f"dev_{name}": value for name, value in self.dev.items()} | {"dev_loss": self.dev_loss}
        test = dict.fromkeys(self.dev) if self.test is None else self.test
        flat |= {f"test_{name}": value for name, value in test.items()} | {"test_loss": self.test_loss}
        more = {name: getattr(self, name) for name in OPTIONAL}
        return flat | {name: value for name, value in more.items() if value is not None}

    @classmethod
    def from_json(cls, value: Any) -> Record:
        """The record that `as_json` made, or version 0.1.0. Raises BadInput for anything else."""
        if not isinstance(value, dict):
            raise BadInput(f"a record must be an object such as {{'epoch': 1, ...}}, not {short(value)}")
        flat = _renamed(value)
        split = [str(key).split("_", 1) for key in flat if key not in NUMBERS]
        names = list(dict.fromkeys(words[1] for words in split if words[0] in PARTS and words[1:]))
        expected = {*NUMBERS, *(f"{part}_{name}" for part in PARTS for name in names)}
        faults = sorted(map(str, expected ^ flat.keys() - set(OPTIONAL)))
        if faults or not names:
            raise BadInput(f"a record needs {', '.join(sorted(expected))} and at least one score; "
                           f"{short(value)} differs in {', '.join(faults) or 'having none'}")  # fmt: skip
        return cls(
            check_int("epoch", flat["epoch"], least=1),
            check_int("step", flat["step"], least=1),
            _number(flat, "train_loss"),
            {name: _number(flat, f"dev_{name}") for name in names},
            _number(flat, "dev_loss"),
            *_test(flat, names),
            _widths(flat.get("widths")),
            check_seconds(flat.get("seconds")),
            _density(flat.get("density")),
        )


def _renamed(value: dict[Any, Any]) -> dict[Any, Any]:
    """The names of today. In 0.1.0 every record had dev_las; for a parser, dev_accuracy was its UAS."""
    if {key for key in value if str(key).startswith("dev_")} != {"dev_accuracy", "dev_las", "dev_loss"}:
        return value
    flat = {key: entry for key, entry in value.items() if key not in ("dev_las", "test_las")}
    if value["dev_las"] is None:
        return flat
    flat = {key.replace("_accuracy", "_uas"): entry for key, entry in flat.items()}
    return flat | {"dev_las": value["dev_las"], "test_las": value.get("test_las")}


def _number(flat: dict[str, Any], key: str) -> float:
    return check_float(key, flat[key], -math.inf)


def _test(flat: dict[str, Any], names: list[str]) -> tuple[dict[str, float] | None, float | None]:
    """Scores and loss on the test set: all of them, or none."""
    keys = [*(f"test_{name}" for name in names), "test_loss"]
    if all(flat[key] is None for key in keys):
        return None, None
    *scores, loss = (_number(flat, key) for key in keys)
    return dict(zip(names, scores)), loss


def _widths(value: Any) -> list[int] | None:
    if not isinstance(value, list | None):
        raise BadInput(f"widths must be a list of units, one number for each layer, not {short(value)}")
    return None if value is None else [check_int("a width", width) for width in value]


def _density(value: Any) -> list[float] | None:
    if not isinstance(value, list | None):
        raise BadInput(f"density must be a list of shares, one for each convolution, not {short(value)}")
    return None if value is None else [check_float("a density", share, 0, 1) for share in value]


def check_seconds(value: Any) -> float | None:
    """Seconds of training, checked; None where an earlier version did not count them."""
    return None if value is None else check_float("seconds", value, 0)


@dataclass
class History:
    """All records of a training, in order.

    Parameters
    ----------
    records : list of Record
        One for each evaluation on the dev set.
    begins : int, default 0
        The first record that may be the best. The records before it belong to a network with more units.
    first_loss : float, optional
        The loss of the very first step. None before it, and after a checkpoint of an earlier version.

    Examples
    --------
    >>> history = History([Record(1, 10, 0.9, {"accuracy": 0.7}, 0.8), Record(2, 20, 0.5, {"accuracy": 0.8}, 0.6)])
    >>> history.best.step, history.best.dev_accuracy
    (20, 0.8)
    >>> history
    History(2 records, epoch 2, best in epoch 2: dev accuracy 0.8000)
    >>> [record.step for record in history]
    [10, 20]
    """

    records: list[Record] = field(default_factory=list)
    begins: int = 0
    first_loss: float | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __bool__(self) -> bool:
        return True  # also without records

    def __repr__(self) -> str:
        if not self.counted:
            return f"History({len(self)} records)"
        best = self.best
        scores = {f"{part} {name}": v for part in PARTS for name, v in (getattr(best, part) or {}).items()}
        words = ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
        return f"History({len(self)} records, epoch {self.records[-1].epoch}, best in epoch {best.epoch}: {words})"

    def to_dict(self) -> dict[str, list[Any]]:
        """The records as columns, as pandas.DataFrame takes them; None where a record has no such number."""
        rows = [record.as_json() for record in self.records]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}

    @property
    def counted(self) -> list[Record]:
        """The records that may be the best."""
        return self.records[self.begins :]

    @property
    def density(self) -> list[float] | None:
        """The mean of `Record.density` over the records, for each convolution; None without convolutions."""
        found = [record.density for record in self.records if record.density is not None]
        return [sum(shares) / len(found) for shares in zip(*found)] if found else None

    @property
    def best(self) -> Record:
        """The first record with the best dev score: the one that is reported. Raises BadInput if there is none."""
        if not self.counted:
            raise BadInput("nothing was trained: there is no record yet")
        return max(self.counted, key=lambda record: record.main)
