"""Sparsify: a choice of gradients between two layers, where it saves nothing: a control."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..errors import BadInput
from ..seeds import Streams
from ..select import Choice, Lists, Selector, Whole
from .base import Layer, later
from .maps import maps, pixels


class Sparsify(Layer):
    """Pass the input on, and of its gradient only the entries that a selector chooses; the others become zero.

    The layer below gets a gradient of the same shape. Before batch normalisation that is useless: its backward pass
    subtracts means, so that no entry is zero afterwards and the convolution below has all of its work.

    Parameters
    ----------
    select : Selector
        Which entries are kept: of maps among the P M entries of each example, as in Conv2d, of vectors among units.

    Raises
    ------
    BadInput
        When `select` is not a selector; in the backward pass, for one of whole positions or channels on vectors.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.Sparsify(mbp.TopK(1)), backend="reference", dtype="float64")
    >>> net.forward(np.array([[5.0, 6.0, 7.0]]))
    array([[5., 6., 7.]])
    >>> net.backward(np.array([[1.0, -3.0, 2.0]]))
    array([[ 0., -3.,  0.]])
    """

    elementwise = True
    last_choice: Choice = later()  # what `select` chose in the last backward

    def __init__(self, select: Selector):
        if not isinstance(select, Selector):
            raise BadInput(f"select must be a selector such as TopK(ratio=0.05), not {select!r}")
        self.select = select

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)
        self.rng = streams.generator("random-k", *path) if self.select.random else None

    def forward(self, x: Array, *, train: bool = True) -> Array:
        return x

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        if not need_dx:
            return None
        dy = pixels(dy, self.be, self.buf, "dy")
        if self.select.whole and dy.ndim != 4:
            raise BadInput(
                f"{self.label} chooses among maps but gets {dy.shape}; take a selector such as TopK"
            )
        channels = dy.shape[-1]
        flat = dy.reshape(len(dy), -1, channels) if self.select.whole else dy.reshape(len(dy), -1)
        choice = self.last_choice = self.select(flat, self.be, self.buf, self.rng)
        dx = dy
        if choice is not None:
            dx = self.buf.get("dx", dy.shape)
            keep(dx.reshape(flat.shape), flat, choice, self.select.scale(flat.shape[1]))
        return maps(dx)

    def selection(self) -> dict[str, Any]:
        return {"select": self.select.describe()}


def keep(out: Array, dy: Array, choice: Array | Lists | Whole, scale: float) -> None:
    """out = dy where it was chosen, times `scale`, and 0 elsewhere. Plain NumPy: a control need not be fast."""
    out.fill(0)
    if isinstance(choice, Whole):
        if choice.axis == "channels":
            out[:, :, choice.which] = dy[:, :, choice.which]
        else:
            flat = dy.reshape(-1, dy.shape[2])
            out.reshape(flat.shape)[choice.which] = flat[choice.which]
    elif isinstance(choice, Lists):
        for row, start, stop in zip(out, choice.start, choice.start[1:]):
            row[choice.unit[start:stop]] = choice.value[start:stop]
    else:
        for row, values, chosen in zip(out, dy, np.broadcast_to(choice, (len(dy), choice.shape[-1]))):
            row[chosen] = values[chosen] * row.dtype.type(scale)
