"""Containers: layers that are made of layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..backend import Array, Backend
from ..errors import BadInput
from ..param import Param
from ..seeds import Streams
from .base import Layer, later


class Chain(Layer):
    """Layers one after another: forward from first to last, backward from last to first.

    `Sequential` is the chain that is a whole network.

    Parameters
    ----------
    *layers : Layer
        At least one.

    Raises
    ------
    BadInput
        When there are none, or something else among them.
    """

    takes_lengths = True  # for the layers inside that do
    _first: int = later()  # the index of the first layer that has parameters

    def __init__(self, *layers: Layer):
        if not layers:
            raise BadInput(f"{type(self).__name__} needs at least one layer")
        for layer in layers:
            if not isinstance(layer, Layer):
                raise BadInput(f"{type(self).__name__} takes layers, such as Linear(784, 500), not {layer!r}")
        self.children = list(layers)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        for i, layer in enumerate(self.children):
            layer.bind(be, dtype, streams, (*path, i))
        learning = (i for i, layer in enumerate(self.children) if layer.parameters())
        self._first = next(learning, len(self.children))

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        """The outputs for x, which is an array as `Sequential.prepare` returns it. The next call overwrites them.

        lengths: if the rows of x are words, the number of words of each sentence (None: one sentence). Raises
        BadInput where a layer needs them and they do not sum to the rows.
        """
        for layer in self.children:
            x = layer.forward(x, train=train, **layer.forward_options(lengths))
        return x

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        """dx, or None. Without `need_dx` it is computed only down to the first layer that has parameters."""
        first = self._first
        for i in range(len(self.children) - 1, -1, -1):
            needed = need_dx or i > first
            dx = self.children[i].backward(dy, need_dx=needed)
            if dx is None:
                return None
            dy = dx
        return dy

    def out_features(self, n: int | None) -> int | None:
        for layer in self.children:
            n = layer.out_features(n)
        return n

    def parameters(self) -> list[Param]:
        return [p for layer in self.children for p in layer.parameters()]

    def statistics(self) -> list[Param]:
        return [p for layer in self.children for p in layer.statistics()]

    def layers(self) -> Iterator[Layer]:
        yield self
        for layer in self.children:
            yield from layer.layers()

    def settings(self) -> dict[str, Any]:
        return {"layers": [layer.describe() for layer in self.children]}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.children))})"


class Residual(Chain):
    """A chain of layers f whose input is added to its output: y = x + f(x).

    Backward: dx = dy + the dx of f.

    Parameters
    ----------
    *layers : Layer
        The layers of f, at least one. Their output must have the shape of their input.

    Raises
    ------
    BadInput
        When there are none, or something else among them; in a network, when the two shapes differ.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Residual(mbp.ReLU()), backend="reference")
    >>> net([[1, -2]])
    array([[ 2., -2.]], dtype=float32)
    """

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        inner = super().forward(x, train=train, lengths=lengths)
        if inner.shape != x.shape:
            raise BadInput(
                f"{self.label} adds its input {x.shape} to {inner.shape}; the shapes must be equal"
            )
        y = self.buf.get("y", x.shape)
        self.be.activation.add(y, x, inner)
        return y

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        inner = super().backward(dy, need_dx=need_dx)
        if inner is None:
            return None
        dx = self.buf.get("dx", dy.shape)
        self.be.activation.add(dx, dy, inner)
        return dx

    def out_features(self, n: int | None) -> int | None:
        inner = super().out_features(n)
        if n is not None and inner is not None and inner != n:
            raise BadInput(f"{self.label} adds its {n} inputs to {inner} outputs; the widths must be equal")
        return n if n is not None else inner
