"""What the networks for pictures are made of: convolutions that know the sizes of their maps, and linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import BadInput, check_int, short, unknown
from ..layers import BatchNorm2d, Conv2d, Dropout, Layer, Linear, ReLU, Sparsify
from ..select import Dense, Selector

CUT = ("after", "before")
KERNEL = 5
COLOURS = (1, 3, 4)  # channels of pictures: grey, in colour, in colour and transparent


def picture_shapes(shape: Sequence[int], filters: Sequence[int], name: str) -> list[tuple[int, int, int]]:
    """The sizes (channels, height, width) of what enters each convolution of a network, and what is after the last.

    Both networks halve pictures after each convolution. `name` is that of the network, for messages. Raises
    BadInput for what is no picture, or too small.
    """
    if not isinstance(shape, (tuple, list)) or len(shape) not in (2, 3):
        raise BadInput(
            f"{name} takes pictures, (height, width) or (channels, height, width), not examples of shape "
            f"{short(shape)}; take mlp for those"
        )
    channels, height, width = (
        check_int(f"each size in {tuple(shape)}", n, least=1) for n in (1, *shape)[-3:]
    )
    if len(shape) == 3 and width in COLOURS and channels > max(COLOURS):
        raise BadInput(
            f"{name} takes pictures as (channels, height, width), and {tuple(shape)} looks like (height, width, "
            "channels); turn them with x.transpose(0, 3, 1, 2)"
        )
    least = 2 ** len(filters)
    if min(height, width) < least:
        raise BadInput(
            f"{name} halves pictures after each of its {len(filters)} convolutions, so they need at least "
            f"{least} x {least} pixels, not {height} x {width}; give fewer numbers of filters, or larger pictures"
        )
    found = [(channels, height, width)]
    for n in filters:
        _, height, width = found[-1]
        found.append((n, height // 2, width // 2))
    return found


class Convolutions:
    """The convolutions of a network: their settings, checked, and the sizes of their maps."""

    def __init__(
        self,
        shape: Sequence[int],
        filters: Sequence[int],
        kernel: int,
        select: Selector | None,
        center: str,
        batchnorm: bool,
        cut: str,
        init: str,
        name: str,
    ):
        self.filters = _sizes("filters", filters)
        if not self.filters:
            raise BadInput(f"{name} needs at least one convolution; give filters such as (32, 64)")
        self.sizes = picture_shapes(shape, self.filters, name)
        self.kernel = check_int("kernel", kernel, least=1)
        if not kernel % 2:
            raise BadInput(
                f"kernel must be odd, so that a convolution keeps the size of a picture, not {kernel}"
            )
        if cut not in CUT:
            raise unknown("cut", cut, CUT)
        if cut == "before" and not batchnorm:
            raise BadInput(
                "cut = before means before batch normalisation; give batchnorm too, or leave it out"
            )
        self.select = Dense() if select is None else select
        self.batchnorm, self.before = bool(batchnorm), cut == "before"
        self.options: dict[str, Any] = {"center": center, "init": init, "bias": not batchnorm}

    def convolution(self, i: int) -> list[Layer]:
        """Convolution number i, which keeps the size of the picture, with its batch normalisation."""
        select = Dense() if self.before else self.select
        conv = Conv2d(
            self.sizes[i][0], self.filters[i], self.kernel, padding=self.kernel // 2, select=select, **self.options
        )  # fmt: skip
        norm: list[Layer] = [BatchNorm2d(self.filters[i])] if self.batchnorm else []
        return [conv, *norm, *([Sparsify(self.select)] if self.before else [])]


def top(
    maps: Convolutions,
    units: Sequence[int],
    classes: int,
    select: Selector | None,
    center: str,
    dropout: float,
    init: str,
) -> list[Layer]:
    """The Linear layers, with `select` in all but the last."""
    channels, height, width = maps.sizes[-1]
    sizes = [channels * height * width, *_sizes("units", units)]
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        linear = Linear(n_in, n_out, select=select, center=center, init=init)
        layers += [linear, ReLU(), *([Dropout(dropout)] if dropout else [])]
    return [*layers, Linear(sizes[-1], check_int("classes", classes, least=1), init=init)]


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    """A sequence of whole numbers of at least 1."""
    if not isinstance(value, (tuple, list)):
        raise BadInput(f"{name} must be a list of whole numbers, such as (32, 64), not {short(value)}")
    return tuple(check_int(f"each number in {name}", n, least=1) for n in value)
