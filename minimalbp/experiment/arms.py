"""An arm is one of the networks that a command trains side by side: built once, checked, warmed up, trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import compiles, get_backend, kernel_cache
from ..layers import Units
from ..measure.machine import machine
from ..measure.meter import Meter
from ..network import weights
from ..optim import Schedule
from ..report.curves import curve
from ..select import Selector
from ..train.companion import Companion
from ..train.density import density_notes
from ..train.fit import prepare
from ..train.history import History, Record
from ..train.pace import Pace, clip_notes
from ..train.progress import tell
from ..train.scoring import last_scores
from ..train.trial import warm_up
from .build import build
from .folder import VOCABULARIES, Folder, run_name
from .settings import Settings


@dataclass(frozen=True)
class Arm:
    """A network by name, with the selector of its hidden layers, and the companion that changes it in training.

    several: whether other seeds have a network of this name, so that the seed is a part of file names.
    """

    name: str
    settings: Settings
    select: Selector
    companion: Companion | None = None
    several: bool = False

    @property
    def key(self) -> str:
        """What the network is called in its folder."""
        return run_name(self.name, self.settings.seed, self.several)

    def describe(self) -> dict[str, Any]:
        """How its entry in run.json begins."""
        settings = self.settings
        edges = {"name": settings.topology, "density": settings.density}
        topology = {} if settings.topology is None else {"topology": edges}
        return {
            "name": self.name, "seed": settings.seed, "select": self.select.describe(),
            "center": settings.center, **topology,
        }  # fmt: skip


class PreparedArm:
    """An arm whose network is built and fits the data. Raises BadInput where it does not.

    Nothing is written before `train`, so that a refusal leaves the folder as it was.
    """

    def __init__(self, arm: Arm, data: Any, folder: Folder):
        self.name, self.settings, settings = arm.name, arm.settings, arm.settings
        self.arm, self.data, self.folder = arm, data, folder
        self.net, self.optimizer = build(settings, data, arm.select)
        self.meter, self.resumed = Meter(), False
        self.run = prepare(
            self.net, data, self.optimizer,
            batch_size=settings.batch, rng=settings.seed, evals_per_epoch=settings.evals, meter=self.meter,
            augment=settings.augmentation(), companions=[_Keep(self), *([arm.companion] if arm.companion else [])],
            pace=Pace(settings.epochs, Schedule(settings.schedule, settings.warmup), settings.k_schedule),
        )  # fmt: skip

    def resume(self) -> None:
        """Go on from the checkpoint in the folder, if there is one. Raises BadInput for one that does not fit."""
        path = self.folder.checkpoint(self.arm.key)
        if path is not None and path.exists():
            self.run.load(path)
            self.resumed = True

    def train(self, *, progress: bool) -> dict[str, Any]:
        """Train the network to its last epoch. Returns what run.json says of it."""
        settings, key = self.settings, self.arm.key
        self._warm_up()
        history = self.run.train(
            settings.epochs, checkpoint=self.folder.checkpoint(key), threads=settings.threads,
            progress=key if progress else None,
        )  # fmt: skip
        self.folder.keep_history(key, history)
        return self._result(history)

    def _warm_up(self) -> None:
        """Compile, which must not count as training. A layer with fewer than k units runs dense kernels."""
        settings = self.arm.settings

        def count() -> None:
            for layer in self.net.layers():
                if isinstance(layer, Units):
                    layer.count(np.zeros((layer.groups, layer.units), np.int64))

        shrinks = self.arm.companion is not None
        warm_up(
            self.net, self.optimizer, self.data, settings.batch, threads=settings.threads,
            observe=count if shrinks else None, dense=shrinks, pace=self.run.pace,
        )  # fmt: skip

    def _result(self, history: History) -> dict[str, Any]:
        best = history.best
        assert best.test is not None
        return {
            **self.arm.describe(),
            **{f"dev_{name}": value for name, value in best.dev.items()},
            **{f"test_{name}": value for name, value in best.test.items()},
            **last_scores(self.net, self.data, history, self.settings.threads),
            "best_epoch": best.epoch,
            "dev_loss": best.dev_loss,
            "test_loss": best.test_loss,
            **({} if best.widths is None else {"widths": best.widths}),
            **({} if history.density is None else {"density": history.density}),
            "steps": self.meter.steps,
            "weights": sum(p.value.size for p in self.net.parameters()),
            **self.meter.totals(),
            "first_loss": history.first_loss,
            "curve": curve(history),
            "notes": [*self.notes(), *density_notes(self.net, history.density)],
        }

    def notes(self) -> list[str]:
        """What a user should know of the network."""
        return [*self.net.notes(), *clip_notes(self.net, self.settings.k_schedule)]


class _Keep(Companion):
    """Writes the history after each evaluation, and the weights after the best one."""

    def __init__(self, arm: PreparedArm):
        self.arm = arm

    def after_part(self, record: Record) -> None:
        folder, key = self.arm.folder, self.arm.arm.key
        folder.keep_history(key, self.arm.run.history)
        path = folder.weights(key)
        if path is not None and record.test is not None:
            weights.save(self.arm.net, path)


def fitted(settings: Settings, data: Any) -> tuple[Settings, list[str]]:
    """The settings with what these data change in them, and notes for the user."""
    changes, notes = settings.task_object.fitted(settings, data)
    return settings.changed(**changes), notes


def start_report(settings: Settings, data: Any) -> dict[str, Any]:
    """How run.json begins."""
    task = settings.task_object
    with get_backend(settings.backend).threads(settings.threads) as pools:
        return {
            "data": data.describe(),
            "config": settings.as_json(),
            "scores": task.scores,
            "examples": task.examples,
            "sizes": task.sizes(settings, task.encoding(data)),
            "machine": machine(),
            "threads": settings.threads,
            "pools": pools,
            "seed": settings.seed,
        }


def open_folder(
    folder: Folder, report: dict[str, Any], names: list[str], encoding: Any, resume: Callable[[], None] | None
) -> None:
    """Claim a new folder, or go on with the run in it.

    names: what all networks are called in the folder. encoding: the vocabularies to keep there, if any. resume:
    loads the checkpoints that there are; None for a new run. Raises BadInput, and changes nothing, for a folder in
    use, or a run that cannot be resumed.
    """
    if resume and folder.path is not None:
        folder.check(report, names)
        resume()
        folder.reopen(report)
        for name in names:
            folder.load_history(name)
    else:
        folder.open(report)
    if encoding is not None:
        folder.write(VOCABULARIES, encoding)


def tell_of_compiling(settings: Settings) -> None:
    """Say why nothing moves for a while, where no compiled kernels are found on this machine."""
    if compiles(settings.backend):
        often = "once on this machine" if kernel_cache() else "since no folder to keep them can be written"
        tell(f"compiling the kernels, {often}: about half a minute")
