"""The network that a pruning begins with: read from a file, or trained; the folder keeps its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadInput
from ..network import Sequential, weights
from ..train.companion import Companion
from ..train.history import Record
from .arms import Arm, PreparedArm
from .build import network
from .folder import TRAINED, Folder
from .settings import Settings


def check_source(path: str | Path) -> None:
    """Raise BadInput for a file of weights that no pruning can begin with, whatever network they belong to."""
    for name, array in weights.read(path).items():
        if name.endswith(".columns"):
            raise BadInput(
                f"{path} holds a packed network; prune the network of its run (--arm pruned), or unpack it"
            )
        if not np.isfinite(array).all():
            raise BadInput(
                f"{path}: {name} has values that are not finite; take weights of a training that went well"
            )


class Before:
    """The network that is pruned: read from `source`, or trained. Raises BadInput for what does not fit."""

    def __init__(
        self, settings: Settings, data: Any, folder: Folder, source: str | Path | None, resume: bool
    ):
        self.folder, self.kept = folder, folder.weights(TRAINED)
        self.best = _Best()
        self.arm: PreparedArm | None = None
        if source is None:
            companion = self.best if self.kept is None else None
            self.arm = PreparedArm(Arm(TRAINED, settings, settings.selector(), companion), data, folder)
            self.net = self.arm.net
        else:
            self.net = network(settings, data, settings.selector())
            copied = resume and self.kept is not None and self.kept.exists()
            weights.load(self.net, self.kept if copied and self.kept else source)

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if self.arm:
            self.arm.resume()

    def train(self, progress: bool) -> tuple[Sequential, dict[str, Any] | None]:
        """The network with its best weights, and what run.json says of its training, if there was one."""
        if self.arm is None:
            if self.kept is not None:
                weights.save(self.net, self.kept)
            return self.net, None
        result = self.arm.train(progress=progress)
        if self.kept is None:
            self.best.put_back()
        else:
            weights.load(self.net, self.kept)
        return self.net, result


class _Best(Companion):
    """Remembers the weights of the best evaluation, where no folder does."""

    def begin(self, net: Sequential, optimizer: Any, parts: int) -> None:
        self.arrays = [p.value for p in net.kept()]

    def after_part(self, record: Record) -> None:
        if record.test is not None:
            self.kept = [array.copy() for array in self.arrays]

    def put_back(self) -> None:
        """Give the network these weights."""
        for array, best in zip(self.arrays, self.kept):
            array[...] = best


def copy_weights(net: Sequential, to: Sequential) -> None:
    """Give a network the weights of another one of the same shapes."""
    for one, other in zip(net.kept(), to.kept()):
        other.value[...] = one.value
