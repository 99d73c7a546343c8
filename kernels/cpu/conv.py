"""Convolution: not yet faster than the reference."""

from ..reference.conv import (
    center,
    dw_all,
    dw_chosen,
    dw_rows,
    dx_all,
    dx_chosen,
    dx_rows,
    follow,
    forward,
    list_positions,
)  # fmt: skip

__all__ = [
    "center", "dw_all", "dw_chosen", "dw_rows", "dx_all", "dx_chosen", "dx_rows", "follow", "forward",
    "list_positions",
]  # fmt: skip
