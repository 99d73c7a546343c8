"""Groups of weights that leave a layer together: the columns, filters or channels of its weight matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile

import numpy as np

from ..backend import Array
from ..errors import BadInput, unknown
from ..layers import Chain, Conv2d, Layer, Linear, PackedConv2d, PackedLinear
from ..optim import Optimizer
from ..param import Param

KINDS = ("columns", "filters", "channels")
MOMENTS = ("velocity", "m")  # of an optimiser: its memory of past gradients, which would move a masked group


class Groups:
    """The groups of one layer.

    A column is the same (channel, kernel position) in all filters; of a Linear layer it is an input. A filter is a
    row, with its bias and what a batch normalisation behind the layer holds for it, so that a masked filter gives
    zeros. A channel is all columns of one input channel.

    Parameters
    ----------
    layer : Conv2d or Linear
        In a network.
    kind : {"columns", "filters", "channels"}
    after : list of Layer
        The layers behind it; those that belong to a filter are found among them.
    """

    def __init__(self, layer: Conv2d | Linear, kind: str, after: list[Layer]):
        self.layer, self.kind = layer, kind
        w = layer.weight
        filters, inputs = w.value.shape[:2]
        taps = w.value[0, 0].size
        own: list[Param] = []  # of a filter, in layers behind this one
        # A parameter, and its shape as (before, groups, behind)
        if kind == "columns":
            self.parts = [(w, (filters, inputs * taps, 1))]
        elif kind == "channels":
            self.parts = [(w, (filters, inputs, taps))]
        else:
            own = [p for la in _follow(after) for p in la.parameters()]
            bias = [] if layer.bias is None else [layer.bias]
            self.parts = [(w, (1, filters, inputs * taps)), *((p, (1, filters, 1)) for p in [*bias, *own])]
        self.outputs = self.parts[-2:] if own else self.parts  # what the outputs are linear in
        self.n = self.parts[0][1][1]
        self._true: list[Array] = [p.value.copy() for p, _ in self.parts]

    @property
    def name(self) -> str:
        """The layer's path in the network, such as "3" or "0.2"."""
        return ".".join(map(str, self.layer.path))

    def norms(self) -> Array:
        """The L1 norm of each group's weights, float64 (n,)."""
        w, shape = self.parts[0]
        return np.abs(w.value.reshape(shape)).sum(axis=(0, 2), dtype=float)

    def scale(self, factor: Array) -> None:
        """Multiply the weights of each group by its factor (n,), and all else that belongs to it, for good."""
        _scale(self.parts, factor)

    def scale_weights(self, factor: Array) -> None:
        """Multiply the weights of each group alone."""
        _scale(self.parts[:1], factor)

    def scale_outputs(self, factor: Array) -> None:
        """Multiply what each group gives: by its weights, of a filter by its bias or batch normalisation too."""
        _scale(self.outputs, factor)

    def mask(self, mask: Array) -> None:
        """Multiply by the mask (n,), until `unmask`."""
        for (p, _), true in zip(self.parts, self._true):
            true[...] = p.value
        self.scale(mask)

    def unmask(self) -> None:
        """Put the weights back that `mask` hid."""
        for (p, _), true in zip(self.parts, self._true):
            p.value[...] = true

    def mask_gradients(self, mask: Array, optimizer: Optimizer) -> None:
        """Multiply gradients and moments by the mask: masked groups stay where they are."""
        for p, (before, n, behind) in self.parts:
            factor = mask.astype(p.value.dtype)[:, None]
            for slot in MOMENTS:
                if slot in optimizer.state.get(p.name, ()):
                    optimizer.state[p.name][slot].reshape(before, n, behind)[...] *= factor
            if p.grad is None:
                continue
            values, rows = p.grad.values, p.grad.rows
            if self.kind == "filters":
                mine = factor if rows is None else factor[rows]
                values *= mine.reshape(-1, *[1] * (values.ndim - 1))
            elif len(values):
                values.reshape(len(values), n, behind)[...] *= factor


def _scale(parts: list[tuple[Param, tuple[int, int, int]]], factor: Array) -> None:
    for p, shape in parts:
        p.value.reshape(shape)[...] *= factor.astype(p.value.dtype)[:, None]


def _follow(after: list[Layer]) -> Iterator[Layer]:
    """The layers behind a layer that have parameters of its channels, such as batch normalisation."""
    return takewhile(lambda layer: layer.elementwise or layer.channelwise, after)


def groups_of(net: Chain, kind: str, wanted: Callable[[Layer], bool]) -> list[Groups]:
    """The groups of the wanted layers, first to last.

    Raises BadInput for an unknown kind, and for filters of the last layer of the network or of a Residual.
    """
    if kind not in KINDS:
        raise unknown("groups", kind, KINDS)
    return list(_walk(net, kind, wanted))


def _walk(net: Chain, kind: str, wanted: Callable[[Layer], bool]) -> Iterator[Groups]:
    for i, layer in enumerate(net.children):
        after = net.children[i + 1 :]
        if isinstance(layer, Chain):
            yield from _walk(layer, kind, wanted)
            project = getattr(layer, "project", None)
            if isinstance(project, (Conv2d, Linear)) and wanted(project):
                _check_free(project, kind, [])
                yield Groups(project, kind, [])
        elif isinstance(layer, (Conv2d, Linear)) and wanted(layer):
            if isinstance(layer, (PackedConv2d, PackedLinear)):
                raise BadInput(
                    f"{layer.label} is packed; prune the network before it is packed, or unpack it"
                )
            _check_free(layer, kind, after)
            yield Groups(layer, kind, after)


def _check_free(layer: Layer, kind: str, after: list[Layer]) -> None:
    """Raise BadInput where filters cannot leave, since no layer of the same chain reads them."""
    if kind == "filters" and not any(isinstance(la, (Conv2d, Linear)) for la in after):
        raise BadInput(
            f"the filters of {layer.label} cannot leave: they are outputs of the network, or of a Residual; prune "
            "its columns, or leave the layer out"
        )
