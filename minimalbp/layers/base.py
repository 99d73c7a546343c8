"""What every layer has: a forward pass, the backward pass that belongs to it, and a path in a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import BadInput
from ..param import Param
from ..seeds import Streams
from ..select import Selector


class NotReady(BadInput, AttributeError):
    """An attribute was read before a network, or a pass, had set it. It is an AttributeError too, for `hasattr`."""


class _Later:
    """The descriptor behind `later`. Python calls it only while the layer itself has no such attribute."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer | None, owner: type) -> Any:
        if layer is None:
            return self
        if "be" not in vars(layer):
            raise NotReady(f"{layer!r} belongs to no network yet: put it into Sequential(...)")
        raise NotReady(f"{layer.label} has no {self.name} yet: call forward, then backward")


def later() -> Any:
    """Declare an attribute that `bind`, `forward` or `backward` sets. To read it before raises NotReady."""
    return _Later()


def is_later(kind: type, name: str) -> bool:
    """Whether a class of layers declares this attribute with `later`."""
    return any(isinstance(vars(base).get(name), _Later) for base in kind.__mro__)


class Layer(ABC):
    """The base class of all layers.

    A layer works once it is in a network, which calls `bind`. The arrays that `forward` and `backward` return
    belong to the layer and are overwritten at the next call. A layer of your own needs these two methods; one with
    parameters or random numbers also needs `bind` and `parameters`.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> class Double(mbp.Layer):
    ...     def forward(self, x, *, train=True):
    ...         return 2 * x
    ...     def backward(self, dy, *, need_dx=True):
    ...         return 2 * dy
    >>> net = mbp.Sequential(Double(), mbp.ReLU(), backend="reference")
    >>> net([[1, -1]])
    array([[2., 0.]], dtype=float32)
    """

    takes_ids: ClassVar[bool] = False  # whether the input is ids, int32
    takes_maps: ClassVar[bool] = False  # whether the input is feature maps, (batch, channels, height, width)
    takes_lengths: ClassVar[bool] = False  # whether forward takes the lengths of the sentences in x
    elementwise: ClassVar[bool] = False  # whether each output depends on the input of the same index only
    channelwise: bool = (
        False  # whether each channel depends on that channel of the input only: it can be removed
    )
    be: Backend = later()
    buf: Buffers = later()
    path: tuple[int, ...] = ()
    rng: np.random.Generator | None = None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy takes: all but what the last passes left."""
        return {name: value for name, value in vars(self).copy().items() if not name.startswith("last_")}

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        """Give the layer its backend, memory, random streams and path. A layer belongs to one network."""
        self.be, self.buf, self.path = be, Buffers(be, dtype), path

    def out_features(self, n: int | None) -> int | None:
        """The width of the output for inputs of width n (None: not known). Raises BadInput where n does not fit."""
        return n

    @abstractmethod
    def forward(self, x: Array, *, train: bool = True) -> Array:
        """The output for x (batch, ...). With `train` dropout is on; what backward needs is kept."""

    def forward_options(self, lengths: Any) -> dict[str, Any]:
        """The keyword arguments of forward, given the lengths of the sentences in x."""
        return {"lengths": lengths} if self.takes_lengths else {}

    @abstractmethod
    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        """Set the gradients of the parameters, and return dx, or None where it is not needed."""

    def parameters(self) -> list[Param]:
        """The parameters of the layer, in the order in which files name them."""
        return []

    def statistics(self) -> list[Param]:
        """What the layer learns without gradients, such as the running mean of its inputs: files keep it too."""
        return []

    def channel_cuts(self, kept: Array) -> Iterator[Any]:
        """Of a channelwise layer, a `Cut` for each parameter: what is kept with the channels `kept`, ascending."""
        return iter(())

    def accepts(self, found: Mapping[str, Array]) -> None:  # noqa: B027 (most take any)
        """Raise BadInput for values of a file, by the names of parameters, that the layer cannot have."""

    def resize(self) -> None:  # noqa: B027 (most have no sizes)
        """Update the sizes after parameters were cut, and what else follows from values that a file has given."""

    def layers(self) -> Iterator[Layer]:
        """This layer, and then those inside it."""
        yield self

    def settings(self) -> dict[str, Any]:
        """The sizes and settings that a network must share to exchange its parameters with this one, as JSON."""
        return {}

    def selection(self) -> dict[str, Any]:
        """How the layer chooses which units get a gradient, as JSON; empty where it does not choose."""
        return {}

    def note(self) -> str | None:
        """One line for the user where k was clipped to the width of the layer; None otherwise."""
        return None

    def describe(self) -> dict[str, Any]:
        """Class and settings, as JSON; equal for layers that can exchange their parameters."""
        return {"layer": type(self).__name__, **self.settings()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.settings().items())})"

    @property
    def label(self) -> str:
        """Path and kind, for messages: "layer 2, Linear(n_in=500, n_out=10)"."""
        return f"layer {'.'.join(map(str, self.path))}, {self!r}" if self.path else repr(self)


def clipped(select: Selector, width: int, label: str) -> str | None:
    """The note of a layer that chooses k of `width` units, where k is larger."""
    k = getattr(select, "k", None)
    if k is None or k <= width:
        return None
    return f"k = {k} is larger than {label}: clipped to all {width} units, which runs dense"
