"""What every layer is: a forward, the backward that inverts it, and a place in a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import BadInput
from ..param import Param
from ..seeds import Streams
from ..select import Selector


class NotReady(BadInput, AttributeError):
    """A layer is asked too early for what a network or a pass will give it. `hasattr` then says no."""


class _Later:
    """The descriptor behind `later`: Python calls it only while the layer itself has no such attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer | None, owner: type) -> Any:
        if layer is None:
            return self
        if "be" not in vars(layer):
            raise NotReady(f"{layer!r} belongs to no network yet: put it into Sequential(...)")
        raise NotReady(f"{layer.label} has no {self.name} yet: call forward, then backward")


def later() -> Any:
    """Declares an attribute that `bind`, `forward` or `backward` sets. Raises NotReady where it is read before."""
    return _Later()


class Layer(ABC):
    """The base class. A layer works after `bind`, which a network does for its layers.

    Arrays that forward and backward return are the layer's own and are written anew at the next call.
    """

    takes_ids: ClassVar[bool] = False  # whether the input is whole numbers
    takes_lengths: ClassVar[bool] = False  # whether forward wants the lengths of the sentences in x
    elementwise: ClassVar[bool] = False  # whether each output depends on the input of its own place alone
    be: Backend = later()
    buf: Buffers = later()
    path: tuple[int, ...] = ()
    rng: np.random.Generator | None = None

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        """Give the layer its backend, memory, random streams and place. A layer belongs to one network."""
        self.be, self.buf, self.path = be, Buffers(be, dtype), path

    def out_features(self, n: int | None) -> int | None:
        """Width of the output for inputs of width n (None: not known). Raises BadInput where n cannot be."""
        return n

    @abstractmethod
    def forward(self, x: Array, *, train: bool = True) -> Array:
        """The layer's output for x (batch, ...). With `train`, keeps what backward needs."""

    def forward_options(self, lengths: Any) -> dict[str, Any]:
        """What forward wants beside x, of the lengths of the sentences in it."""
        return {"lengths": lengths} if self.takes_lengths else {}

    @abstractmethod
    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        """Sets the gradients of the parameters; returns dx, or None where it is not needed."""

    def parameters(self) -> list[Param]:
        """What is learnt here."""
        return []

    def layers(self) -> Iterator[Layer]:
        """This layer and those inside it, outermost first."""
        yield self

    def settings(self) -> dict[str, Any]:
        """What distinguishes this layer from others of its class, as JSON."""
        return {}

    def selection(self) -> dict[str, Any]:
        """How this layer chooses what gets a gradient, as JSON; empty where it does not choose."""
        return {}

    def note(self) -> str | None:
        """A line for the user where k is larger than the layer; None where there is nothing to say."""
        return None

    def describe(self) -> dict[str, Any]:
        """Class and settings, as JSON: equal for networks whose parameters can be exchanged."""
        return {"layer": type(self).__name__, **self.settings()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.settings().items())})"

    @property
    def label(self) -> str:
        """Path and kind, for messages: "layer 2, Linear(n_in=500, n_out=10)"."""
        return f"layer {'.'.join(map(str, self.path))}, {self!r}" if self.path else repr(self)


def clipped(select: Selector, width: int, label: str) -> str | None:
    """The note of a layer whose k is larger than what it chooses from."""
    k = getattr(select, "k", None)
    if k is None or k <= width:
        return None
    return f"k = {k} is larger than {label}: clipped to all {width} units, which runs dense"


def by_unit(
    be: Backend, buf: Buffers, n: int, chosen: Array, picked: Array
) -> tuple[Array, Array, Array, Array]:
    """(rows, start, example, value): a choice among n units seen from the units (kernel `select.invert`)."""
    rows, start = buf.get("rows", (n,), "int32"), buf.get("start", (n + 1,), "int32")
    example, value = buf.get("example", (chosen.size,), "int32"), buf.get("value", (chosen.size,))
    count = buf.get("count", (1,), "int32")
    be.select.invert(rows, start, example, value, count, chosen, picked)
    r = int(count[0])
    return rows[:r], start[: r + 1], example, value
