"""Feature maps: (batch, channels, height, width) outside, the channels last in memory.

Every layer takes and returns arrays of the shape that PyTorch's layers do. In memory the channels of a pixel lie
side by side: a window of a convolution is then a few long runs of numbers, and each loop of a pooling runs over
neighbours. Kernels know these arrays as pixels, (batch, height, width, channels), C-contiguous.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..backend import Array, Backend, Buffers
from ..errors import BadInput

if TYPE_CHECKING:
    from .base import Layer


def pixels(x: Array, be: Backend, buf: Buffers, name: str) -> Array:
    """x (batch, channels, height, width) as pixels: a view where the memory fits, else a copy in the buffer `name`.

    Arrays of another number of axes come back as they are.
    """
    if x.ndim != 4:
        return x
    view = x.transpose(0, 2, 3, 1)
    if view.flags.c_contiguous:
        return view
    copy = buf.get(name, view.shape)
    be.activation.copy(copy, view)
    return copy


def maps(pixels: Array) -> Array:
    """Pixels (batch, height, width, channels) as a layer returns them: a view (batch, channels, height, width)."""
    return pixels.transpose(0, 3, 1, 2) if pixels.ndim == 4 else pixels


def check_maps(x: Array, channels: int | None, layer: Layer) -> None:
    """Raise BadInput unless the layer is in a network, and x is maps of so many channels, or of any for None."""
    _ = layer.be
    if x.ndim != 4 or (channels is not None and x.shape[1] != channels):
        wanted = f"(batch, {'channels' if channels is None else channels}, height, width)"
        raise BadInput(f"{layer.label} takes {wanted} but gets {x.shape}")
