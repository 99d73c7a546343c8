"""The hook of a training: companions are told where it stands, may change the network, and may end it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..backend import Array
from ..errors import BadInput, short
from ..network import Sequential
from ..optim import Optimizer
from .history import History, Record

State = tuple[dict[str, Any], dict[str, Array]]  # as JSON, and arrays by name


class Companion:
    """The base class of what goes along with a training. `fit` calls its methods; override those you need.

    A training has parts, each of which ends with an evaluation on the dev set. `fit` calls `begin` once. For each
    part it calls `before_part`, then in every step `before_step`, `before_backward` and `observe`, then
    `after_part`. Then a checkpoint is written, so that it holds the network that was scored. A resumed training
    goes on with `before_part`.

    A companion that must go on where a checkpoint left it overrides `settings`, `state` and `restore`. Of the
    companions of one training, at most one may do so.

    Examples
    --------
    End a training once the dev accuracy is high enough:

    >>> import minimalbp as mbp
    >>> class Until(mbp.Companion):
    ...     def __init__(self, accuracy):
    ...         self.accuracy = accuracy
    ...
    ...     def after_part(self, record):
    ...         return record.dev_accuracy >= self.accuracy
    >>> data = mbp.load_dataset("digits")
    >>> net = mbp.mlp([64, 20, 10], backend="reference")
    >>> history = mbp.fit(net, data, mbp.Adam(net.parameters()), companions=[Until(0.5)])
    >>> history.records[-1].dev_accuracy >= 0.5, history.records[-1].epoch
    (True, 1)
    """

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        """A training begins, with `parts` parts in each epoch."""

    def before_part(self, part: int, history: History) -> None:
        """Part number `part` begins, counted from 0. This is the time to change the network."""

    def before_step(self) -> None:
        """A forward pass of the training begins."""

    def before_backward(self) -> None:
        """The forward pass is done, and the backward pass begins."""

    def observe(self) -> None:
        """The backward pass is done: the gradients are there, and nothing is updated yet."""

    def after_part(self, record: Record) -> bool | None:
        """The network was scored. Return True to end the training."""

    def ended(self) -> bool:
        """Whether the training is over already: asked when it begins, and when it goes on from a checkpoint."""
        return False

    def status(self) -> str:
        """How far this companion is, in a few words for the progress bar."""
        return ""

    def widths(self) -> list[int] | None:
        """Units of the layers that this companion changes, for the records; None where it changes none."""
        return None

    def settings(self) -> dict[str, Any]:
        """The settings that must be the same when a training resumes, as JSON."""
        return {}

    def state(self) -> State:
        """What a checkpoint keeps of this companion: a dictionary for JSON, and arrays by name."""
        return {}, {}

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Go on from what `state` returned. Bring the network to the sizes it had; its weights come afterwards."""


class Together(Companion):
    """Several companions as one, called in order; `keeper` is the one that has a state.

    Raises BadInput for what is no list of companions, and where two have a state.
    """

    def __init__(self, companions: Iterable[Companion]):
        self.members = _checked(companions)
        keepers = [member for member in self.members if _has_state(member)]
        if len(keepers) > 1:
            names = " and ".join(type(member).__name__ for member in keepers)
            raise BadInput(
                f"{names} each have a state, but a checkpoint keeps that of one companion; leave one out"
            )
        self.keeper = keepers[0] if keepers else Companion()

    def begin(self, net: Sequential, optimizer: Optimizer, parts: int) -> None:
        for member in self.members:
            member.begin(net, optimizer, parts)

    def before_part(self, part: int, history: History) -> None:
        for member in self.members:
            member.before_part(part, history)

    def before_step(self) -> None:
        for member in self.members:
            member.before_step()

    def before_backward(self) -> None:
        for member in self.members:
            member.before_backward()

    def observe(self) -> None:
        for member in self.members:
            member.observe()

    def after_part(self, record: Record) -> bool:
        return any([member.after_part(record) for member in self.members])  # all are told

    def ended(self) -> bool:
        return any(member.ended() for member in self.members)

    def status(self) -> str:
        return ", ".join(filter(None, (member.status() for member in self.members)))

    def widths(self) -> list[int] | None:
        return next((widths for member in self.members if (widths := member.widths()) is not None), None)

    def settings(self) -> dict[str, Any]:
        return self.keeper.settings()

    def state(self) -> State:
        return self.keeper.state()

    def restore(self, state: dict[str, Any], arrays: dict[str, Array]) -> None:
        self.keeper.restore(state, arrays)


def _has_state(companion: Companion) -> bool:
    own, base = type(companion), Companion
    return own.settings is not base.settings or own.state is not base.state


def _checked(companions: Any) -> list[Companion]:
    if isinstance(companions, Companion):
        raise BadInput(f"companions must be a list; write companions=[{type(companions).__name__}(...)]")
    try:
        members = list(companions)
    except TypeError:
        members = [companions]  # named below
    for member in members:
        if not isinstance(member, Companion):
            raise BadInput(
                "companions must be a list of objects such as Simplifier(), of subclasses of mbp.Companion with a "
                f"method after_part(self, record), not {short(member)}"
            )
    return members
