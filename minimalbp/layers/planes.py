"""Pictures as planes: where the pixels of a channel stand side by side, for convolutions on a graph of channels.

kernels/reference/sparse_conv.py says what planes are. Pictures in a panel share the zeros between them: the margin
on the right of a line is that on the left of the next one, and the lines below a picture are those above the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..backend import Array, Backend, Buffers
from .window import Pair, Window

ROW = 2048  # bytes of a row, about: pictures that are smaller share a panel
LEAST = 4  # panels of a batch, unless it has fewer pictures: threads take panels


@dataclass(frozen=True, eq=False)
class Planes:
    """The places of pixels and positions in panels, for pictures of one size and a window.

    Attributes
    ----------
    pixel, position : int32 arrays (pictures pixels, 2), (pictures P, 2)
        Phase, and place in a row, for all pictures of a panel.
    tap : int32 array (taps, 2)
        Phase, and shift from a position to what the tap sees there.
    pictures : int
        How many a panel holds.
    phases : int
    width : int
        Of a row.
    name : str
        What tells this plan from others of the same layer.
    """

    pixel: Array
    position: Array
    tap: Array
    pictures: int
    phases: int
    width: int
    name: str

    @staticmethod
    def of(win: Window, kernel: Pair, stride: Pair, batch: int, be: Backend, dtype: str) -> Planes:
        """The plan for a batch of pictures that a window stands on."""
        size = np.dtype(dtype).itemsize
        few = -(-batch // LEAST)
        most = max(1, min(few, ROW // size // _apart(win.size, kernel, stride, win.padding)[2]))
        return _plan(win.size, win.outputs, kernel, stride, win.padding, most, be.sparse_conv.MORE // size)

    def room(self, buf: Buffers, name: str, batch: int, n: int, phases: int = 1) -> Array:
        """Memory for planes of so many channels. Its zeros stay, so it serves one plan only."""
        panels = -(-batch // self.pictures)
        return buf.get(name + self.name, (panels, phases, n, self.width))


def _apart(size: Pair, kernel: Pair, stride: Pair, padding: Pair) -> tuple[int, int, int]:
    """Lines and columns of a picture in a phase, and their product: how far pictures are apart."""
    lines, columns = (
        n + margin if s == 1 and margin < k else -(-(n + 2 * margin) // s)
        for n, k, s, margin in zip(size, kernel, stride, padding)
    )
    return lines, columns, lines * columns


@lru_cache(maxsize=256)
def _plan(
    size: Pair, outputs: Pair, kernel: Pair, stride: Pair, padding: Pair, most: int, more: int
) -> Planes:
    stride = min(stride[0], size[0] + 2 * padding[0]), min(stride[1], size[1] + 2 * padding[1])
    _, columns, apart = _apart(size, kernel, stride, padding)
    lead = (kernel[0] - 1) // stride[0] * columns + (kernel[1] - 1) // stride[1]

    def places(lines: Array, across: Array) -> tuple[Array, Array]:
        """Phase, and place in a row, of every pair of lines and columns of the padded picture."""
        (down, of_line), (right, of_column) = np.divmod(lines, stride[0]), np.divmod(across, stride[1])
        return (of_line[:, None] * stride[1] + of_column).ravel(), (down[:, None] * columns + right).ravel()

    def whole(phase: Array, place: Array) -> Array:
        """The same for all pictures of a panel."""
        begin = np.arange(most)[:, None] * apart
        found = np.stack([np.broadcast_to(phase, (most, len(phase))), begin + place], axis=-1)
        return np.ascontiguousarray(found.reshape(-1, 2), np.int32)

    pixel = whole(*places(*(np.arange(n) + margin for n, margin in zip(size, padding))))
    phase, place = places(*(np.arange(n) * s for n, s in zip(outputs, stride)))
    position = whole(phase, place + lead)
    phase, place = places(*map(np.arange, kernel))
    tap = np.ascontiguousarray(np.stack([phase, place - lead], axis=-1), np.int32)
    end = max(int(pixel[:, 1].max()) + lead, int(position[:, 1].max())) + more
    phases, width = stride[0] * stride[1], -(-(end + 1) // more) * more
    return Planes(pixel, position, tap, most, phases, width, f" of {most} {size[0]} x {size[1]}")
