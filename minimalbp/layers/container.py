"""Containers: layers that are made of layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..backend import Array, Backend
from ..errors import BadInput, short
from ..param import Param
from ..seeds import Streams
from .base import Layer, later
from .maps import maps, pixels


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

    def __len__(self) -> int:
        return len(self.children)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.children)

    def __getitem__(self, index: int) -> Layer:
        """The layer at an index, counted from the end where it is negative."""
        return self.children[index]

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
    """A chain of layers f whose input is added to its output: y = x + f(x), or project(x) + f(x).

    Backward: dx = dy, or the dx of the projection, + the dx of f.

    Parameters
    ----------
    *layers : Layer
        The layers of f, at least one.
    project : Layer, optional
        Brings x to the shape of f(x), such as Conv2d(16, 32, 1, stride=2). Without it the two shapes must be equal.
        Its path follows those of the layers of f: after two of them its weight is "3.2.weight" in files.

    Raises
    ------
    BadInput
        When there are none, or something else among them; in a network, when the two shapes differ.

    Notes
    -----
    In PyTorch the same names and numbers are those of

        class Residual(torch.nn.Sequential):  # the layers of f, and the projection last
            def forward(self, x):
                *layers, project = self
                return project(x) + torch.nn.Sequential(*layers)(x)

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Residual(mbp.ReLU()), backend="reference")
    >>> net([[1, -2]])
    array([[ 2., -2.]], dtype=float32)
    >>> block = mbp.Residual(mbp.Linear(3, 5), mbp.ReLU(), project=mbp.Linear(3, 5, bias=False))
    >>> [p.name for p in mbp.Sequential(block, backend="reference").parameters()]
    ['0.0.weight', '0.0.bias', '0.2.weight']
    """

    def __init__(self, *layers: Layer, project: Layer | None = None):
        super().__init__(*layers)
        if project is not None and not isinstance(project, Layer):
            raise BadInput(f"project must be a layer, such as Conv2d(16, 32, 1), not {short(project)}")
        self.project = project

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        if self.project is not None:
            self.project.bind(be, dtype, streams, (*path, len(self.children)))

    def forward(self, x: Array, *, train: bool = True, lengths: Any = None) -> Array:
        inner = super().forward(x, train=train, lengths=lengths)
        if self.project is not None:
            x = self.project.forward(x, train=train, **self.project.forward_options(lengths))
        if inner.shape != x.shape:
            what, remedy = "its input", "; give it a project= that makes them so"
            if self.project is not None:
                what, remedy = "the output of its projection,", ""
            raise BadInput(
                f"{self.label} adds {what} {x.shape} to {inner.shape}; the shapes must be equal{remedy}"
            )
        return self._sum("y", x, inner)

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        inner = super().backward(dy, need_dx=need_dx)
        outer = self.project.backward(dy, need_dx=need_dx) if self.project is not None else dy
        return None if inner is None or outer is None else self._sum("dx", outer, inner)

    def _sum(self, name: str, a: Array, b: Array) -> Array:
        """a + b in the buffer `name`, in the order of the memory of feature maps."""
        a, b = pixels(a, self.be, self.buf, "a"), pixels(b, self.be, self.buf, "b")
        total = self.buf.get(name, a.shape)
        self.be.activation.add(total, a, b)
        return maps(total)

    def out_features(self, n: int | None) -> int | None:
        inner, outer = super().out_features(n), n
        if self.project is not None:
            outer = self.project.out_features(n)
        if outer is not None and inner is not None and inner != outer:
            what = "outputs of its projection" if self.project is not None else "inputs"
            raise BadInput(
                f"{self.label} adds its {outer} {what} to {inner} outputs; the widths must be equal"
            )
        return outer if outer is not None else inner

    def parameters(self) -> list[Param]:
        return super().parameters() + (self.project.parameters() if self.project is not None else [])

    def statistics(self) -> list[Param]:
        return super().statistics() + (self.project.statistics() if self.project is not None else [])

    def layers(self) -> Iterator[Layer]:
        yield from super().layers()
        if self.project is not None:
            yield from self.project.layers()

    def settings(self) -> dict[str, Any]:
        return super().settings() | ({} if self.project is None else {"project": self.project.describe()})

    def __repr__(self) -> str:
        inside = [*map(repr, self.children)]
        inside += [f"project={self.project!r}"] if self.project is not None else []
        return f"{type(self).__name__}({', '.join(inside)})"
