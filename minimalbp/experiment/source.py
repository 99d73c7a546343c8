"""A trained network to prune: a network of a run's folder, or a file of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput, short, unknown
from ..prune.folder import NETWORK
from .networks import DENSE, networks, read_report, weights_of
from .settings import Settings

SHAPES = ("task", "model", "hidden", "filters", "batchnorm", "cut", "center", "tags", "bidirectional")
FIRST = ("epochs", "schedule", "warmup", "k_schedule", "init")  # settings of the first training alone


@dataclass(frozen=True)
class Source:
    """What is pruned: the weights, None to train them first, and the settings to go on with.

    sha256: of the data that the network was trained on, where they are those of the settings; None if not known.
    """

    settings: Settings
    weights: Path | None = None
    sha256: str | None = None

    def check(self, data: Any) -> None:
        """Raise BadInput for other data than the network was trained on: its test part may have been learnt."""
        if self.sha256 is not None and data.describe()["sha256"] != self.sha256:
            raise BadInput(
                f"{self.weights} was trained on other data than {self.settings.data} holds now; prune it with "
                "those, or name others with --data"
            )


def prune_settings(**options: Any) -> Settings:
    """The settings of a pruning: dense gradients, unless k or a selector is given."""
    plain = {} if {"k", "select"} & options.keys() else {"select": "dense"}
    return Settings(**plain | options)


def read_source(path: str | Path | None, typed: Mapping[str, Any], arm: str | None = None) -> Source:
    """What `minimalbp prune [RUN|FILE.safetensors]` names.

    Parameters
    ----------
    path : str or Path, optional
        The folder of a run of `train`, `simplify` or `prune`, or a file of weights. None: the network is trained
        first.
    typed : mapping
        Settings by name. They override those of a run, unless they would change the shapes of its network.
    arm : str, optional
        Which network of a run; by default the dense one, or else the first. Of a run of `prune` that is "trained".

    Returns
    -------
    Source

    Raises
    ------
    BadInput
        For what is no run and no file of weights, a run of another kind, an unknown arm, and settings that the
        network cannot take.

    Examples
    --------
    >>> read_source(None, {"model": "lenet"}).settings.select
    'dense'
    """
    if path is not None and not isinstance(path, (str, Path)):
        raise BadInput(f"source must be the folder of a run, or a .safetensors file, not {short(path)}")
    path = None if path is None else Path(path)
    of_file = path is not None and (path.suffix == ".safetensors" or path.is_file())
    if (path is None or of_file) and arm is not None:
        raise BadInput(f"arm = {arm} is for the folder of a run; leave it out")
    if path is None:
        return Source(prune_settings(**typed))
    if of_file:
        _refuse_first(typed, path)
        if not path.is_file():
            raise BadInput(f"there is no file {path}; name the weights of a trained network")
        return Source(prune_settings(**typed), path)
    if not path.is_dir():
        raise BadInput(
            f"there is no run {path}; name the folder of minimalbp train --out, or a .safetensors file"
        )
    if (path / NETWORK).is_file():
        raise BadInput(f"{path} holds a packed network; prune that of its run (--arm pruned), or unpack it")
    report = read_report(path, f"make one with minimalbp train --model lenet --out {path}")
    found, _ = networks(report, path)
    name = (
        next((one for one in found if one.split(" seed ")[0] in DENSE), next(iter(found)))
        if arm is None
        else arm
    )
    if name not in found:
        raise unknown("arm", name, found)
    before = found[name]
    if not before.task_object.prunable:
        raise BadInput(
            f"prune is for networks of pictures and vectors; the run in {path} is of {before.task}"
        )
    weights = weights_of(name, path)
    facts = report.get("data", {})
    if not isinstance(facts, dict):
        raise BadInput(f"{path / 'run.json'} is not that of a training run; its data are {short(facts)}")
    known = facts.get("sha256")
    sha256 = known if typed.get("data", before.data) == before.data else None
    return Source(_changed(before, typed, path), weights, sha256)


def _changed(before: Settings, typed: Mapping[str, Any], path: Path) -> Settings:
    """The settings of a run with those that were typed."""
    _refuse_first(typed, path)
    typed = dict(typed)
    for name in SHAPES:
        if name in typed:
            _check_same(before, name, typed.pop(name), path)
    if (typed.get("dropout", before.dropout) == 0) != (before.dropout == 0):  # its layers count in the paths
        _check_same(before, "dropout", typed["dropout"], path)
    own: dict[str, Any] = {}
    if "k" in typed and before.select == "dense":
        own["select"] = "topk"
    if typed.get("optimizer", before.optimizer) != before.optimizer:
        own |= {"lr": None, "momentum": 0.0}  # they belong to the optimiser before
    return before.changed(**own | typed)


def _check_same(before: Settings, name: str, value: Any, path: Path) -> None:
    """Raise BadInput for a value that a network with trained weights cannot take."""
    known = getattr(before, name)
    same = value == known
    if not same and name in ("hidden", "filters") and known is not None:
        same = getattr(before.changed(**{name: value}), name) == known  # "8,16" is (8, 16)
    if not same:
        shown = ",".join(map(str, known)) if isinstance(known, tuple) else known
        raise BadInput(
            f"the network of {path} has {name} = {shown}, which its weights need, not {short(value)}; "
            f"leave {name} out"
        )


def _refuse_first(typed: Mapping[str, Any], path: Path) -> None:
    """Raise BadInput for settings of a training that is over."""
    for name in FIRST:
        if name in typed:
            raise BadInput(
                f"{name} is of the training before, and {path} is trained; leave it out (the rate of pruning is "
                "constant, and --retrain says how many epochs follow)"
            )
