"""The networks that a command trains side by side, and the training of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Dataset
from ..layers import Units
from ..losses import SoftmaxCrossEntropy
from ..measure.machine import machine
from ..measure.meter import Meter
from ..network import Sequential, weights
from ..seeds import Streams
from ..select import Dense, Selector
from ..train.batches import feed
from ..train.companion import Companion
from ..train.fit import check_fit, check_resume, fit
from ..train.history import Record
from ..train.step import train_step
from .build import AnyData, build, sizes_of, task_of
from .folder import VOCABULARIES, Folder
from .settings import Settings


@dataclass(frozen=True)
class Arm:
    """A network by name, with the selector of its hidden layers, and what goes along with its training."""

    name: str
    settings: Settings
    select: Selector
    companion: Companion | None = None

    @property
    def companions(self) -> list[Companion]:
        return [] if self.companion is None else [self.companion]


class _Keeper(Companion):
    """Writes the metrics of each evaluation, and the weights of the best one."""

    def __init__(self, arm: Arm, net: Sequential, folder: Folder):
        self.arm, self.net, self.folder = arm, net, folder

    def look(self, record: Record) -> None:
        self.folder.metrics[self.arm.name].records.append(record)
        self.folder.write_metrics()
        path = self.folder.weights(self.arm.name)
        if path is not None and record.test is not None:
            weights.save(self.net, path)


def start_report(settings: Settings, data: AnyData) -> dict[str, Any]:
    """How run.json begins. Raises BadInput where data and settings do not fit: before anything is written."""
    net = build(settings, data, Dense())[0]
    check_fit(net, data, settings.batch)
    with net.be.threads(settings.threads) as pools:
        return {
            "data": data.describe(),
            "config": settings.as_json(),
            "sizes": sizes_of(settings, task_of(data)),
            "machine": machine(),
            "threads": settings.threads,
            "pools": pools,
            "seed": settings.seed,
        }


def open_folder(
    folder: Folder, report: dict[str, Any], data: AnyData, arms: list[Arm], later: list[str], resume: bool
) -> None:
    """Claim a new folder, or see that it can be gone on with. later: names of networks that are no arms yet.

    Raises BadInput before anything there is touched.
    """
    if resume and folder.path is not None:
        kept = folder.check(report, [*(arm.name for arm in arms), *later])
        for arm in arms:
            if arm.name in kept:
                _check_arm(arm, data, folder)
        folder.reopen(report)
    else:
        folder.open(report)
    if not isinstance(data, Dataset):
        folder.write(VOCABULARIES, data.task.as_json())


def train_arm(arm: Arm, data: AnyData, folder: Folder, *, resume: bool, progress: bool) -> dict[str, Any]:
    """Train it, or go on with its checkpoint where there is one; what run.json says of it."""
    settings = arm.settings
    _warm_up(arm, data)
    net, optimizer = build(settings, data, arm.select)
    meter, checkpoint = Meter(), folder.checkpoint(arm.name)
    history = fit(
        net, data, optimizer,
        epochs=settings.epochs, batch_size=settings.batch, rng=settings.seed, evals_per_epoch=settings.evals,
        companions=[*arm.companions, _Keeper(arm, net, folder)], meter=meter, checkpoint=checkpoint,
        resume=resume and checkpoint is not None and checkpoint.exists(), threads=settings.threads,
        progress=arm.name if progress else None,
    )  # fmt: skip
    folder.metrics[arm.name] = history
    folder.write_metrics()
    best = history.best
    return {
        "name": arm.name,
        "select": arm.select.describe(),
        "dev_accuracy": best.main,
        "test_accuracy": next(iter((best.test or {}).values())),  # of a parser, UAS
        "best_epoch": best.epoch,
        "dev_loss": best.dev_loss,
        "test_loss": best.test_loss,
        **({} if "las" not in best.dev else {"dev_las": best.dev_las, "test_las": best.test_las}),
        **({} if best.widths is None else {"widths": best.widths}),
        "steps": meter.steps,
        **meter.totals(),
        "notes": net.notes(),
    }


def clipped(settings: Settings, data: AnyData) -> tuple[Settings, list[str]]:
    """A parser's mini-batch is no larger than the data, which a treebank of a user's own may be: with a note."""
    n = len(data.train)
    if settings.task != "parsing" or settings.batch <= n:
        return settings, []
    note = f"batch = {settings.batch} is larger than the training part: clipped to its {n} transitions"
    return settings.changed(batch=n), [note]


def _check_arm(arm: Arm, data: AnyData, folder: Folder) -> None:
    """Raise BadInput unless the arm can go on from its checkpoint."""
    settings, path = arm.settings, folder.checkpoint(arm.name)
    assert path is not None
    net, optimizer = build(settings, data, arm.select)
    check_resume(
        net, data, optimizer, path,
        batch_size=settings.batch, rng=settings.seed, evals_per_epoch=settings.evals, companions=arm.companions,
    )  # fmt: skip


def _warm_up(arm: Arm, data: AnyData) -> None:
    """A step of each size of batch, on a network that is thrown away: compiling is no part of a step's time.

    With a companion also a dense one, for that is what a layer becomes that is narrower than k.
    """
    selects = (arm.select,) if arm.companion is None else (arm.select, Dense())
    for select in selects:
        net, optimizer = build(arm.settings, data, select)
        loss = SoftmaxCrossEntropy().bind(net.be, net.dtype)

        def observe(net: Sequential = net) -> None:
            for layer in net.layers():
                if arm.companion is not None and isinstance(layer, Units):
                    layer.count(np.zeros((layer.groups, layer.units), np.int64))

        with net.be.threads(arm.settings.threads), np.errstate(all="ignore"):
            trials = feed(data.train, net, Streams(arm.settings.seed)).trials(arm.settings.batch)
            for x, labels, lengths in trials:
                train_step(net, loss, optimizer, x, labels, lengths=lengths, observe=observe)
