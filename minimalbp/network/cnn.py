"""Networks for pictures: a small one in the manner of LeNet, and the ConvNet of Caffe's CIFAR-10 example."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import BadInput, check_int, short, unknown
from ..layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sparsify,
)
from ..select import Dense, Selector
from .sequential import Sequential

CUT = ("after", "before")
KERNEL = 5


def lenet(
    shape: Sequence[int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 64),
    kernel: int = KERNEL,
    units: Sequence[int] = (512,),
    select: Selector | None = None,
    center: str = "off",
    batchnorm: bool = False,
    cut: str = "after",
    dropout: float = 0.0,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """A small convolutional network in the manner of LeNet.

    For each number of filters: Conv2d that keeps the size of the picture, BatchNorm2d if asked for, ReLU, and
    MaxPool2d(2), which halves it. Then Linear and ReLU (and Dropout) for each number of units, and a dense Linear.
    The sizes are ours: the paper on meProp for CNNs says "LeNet" only as far as we know it.

    Parameters
    ----------
    shape : (int, int) or (int, int, int)
        (height, width) of a grey picture, or (channels, height, width).
    classes : int
        Outputs.
    filters : sequence of int, default (32, 64)
        Filters of each convolution.
    kernel : int, default 5
        Height and width of a window, an odd number.
    units : sequence of int, default (512,)
        Units of each hidden Linear layer.
    select : Selector, default Dense()
        The selector of every layer but the last. A Linear layer has no positions or channels and gets
        ``select.for_vectors()``.
    center : {"off", "dw", "forward"}, default "off"
        What these layers do with the running mean of their inputs, as for Linear.
    batchnorm : bool, default False
        Whether BatchNorm2d follows each convolution, which then has no bias.
    cut : {"after", "before"}, default "after"
        Where a convolution's gradient is cut: after the backward pass of batch normalisation, at the convolution; or
        before it, where cutting saves nothing (`Sparsify`).
    dropout : float, default 0.0
        The p of the Dropout after every hidden Linear layer. 0: there are no such layers.
    init : str, default "glorot_uniform"
        The distribution of the initial weights, as for Linear.
    **options
        rng, backend and dtype, as for Sequential.

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When the pictures are too small, or a value is out of range.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition". Wei, Sun, Ren
    and Xu (2017), arXiv 1709.05804.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 10, filters=(4, 6), units=(20,), select=mbp.TopK(ratio=0.05), backend="reference")
    >>> [type(layer).__name__ for layer in net.children[:4]]
    ['Conv2d', 'ReLU', 'MaxPool2d', 'Conv2d']
    >>> [p.value.shape for p in net.parameters() if p.value.ndim > 1]
    [(4, 1, 5, 5), (6, 4, 5, 5), (20, 24), (10, 20)]
    """
    maps = _Maps(shape, filters, kernel, select, center, batchnorm, cut, init, "lenet")
    layers: list[Layer] = []
    for i in range(len(maps.filters)):
        layers += [*maps.convolution(i), ReLU(), MaxPool2d(2)]
    layers += [Flatten(), *_top(maps, units, classes, select, center, dropout, init)]
    return Sequential(*layers, **options)


def convnet(
    shape: Sequence[int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 32, 64),
    kernel: int = KERNEL,
    units: Sequence[int] = (),
    select: Selector | None = None,
    center: str = "off",
    batchnorm: bool = False,
    cut: str = "after",
    dropout: float = 0.0,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The ConvNet of Caffe's CIFAR-10 example (CIFAR10_full), which the papers on pruning use.

    The first convolution is followed by max pooling, ReLU and local response normalisation, the second by ReLU,
    average pooling and the same normalisation, the third by ReLU and average pooling; then Dropout if asked for, and a
    dense Linear. Pools are 3 x 3 in steps of 2 and count as Caffe's do: a last window that reaches out of the picture
    counts too (``ceil_mode``), so that 32 x 32 pixels become 16 x 16, 8 x 8 and 4 x 4.

    Parameters
    ----------
    shape : (int, int) or (int, int, int)
        (height, width) of a grey picture, or (channels, height, width).
    classes : int
        Outputs.
    filters : sequence of int, default (32, 32, 64)
        Filters of each convolution. Those after the first are like the second, the last one like the third.
    kernel : int, default 5
        Height and width of a window, an odd number.
    units : sequence of int, default ()
        Units of hidden Linear layers before the last one. The ConvNet has none.
    select : Selector, default Dense()
        The selector of every layer but the last, as for `lenet`.
    center : {"off", "dw", "forward"}, default "off"
        What these layers do with the running mean of their inputs, as for Linear.
    batchnorm : bool, default False
        Whether BatchNorm2d after each convolution takes the place of local response normalisation.
    cut : {"after", "before"}, default "after"
        Where a convolution's gradient is cut, as for `lenet`.
    dropout : float, default 0.0
        The p of the Dropout before the last layer, and after hidden Linear layers. 0: there are no such layers.
    init : str, default "glorot_uniform"
        The distribution of the initial weights, as for Linear. Caffe's file has normal ones of its own widths.
    **options
        rng, backend and dtype, as for Sequential.

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When the pictures are too small, or a value is out of range.

    References
    ----------
    Krizhevsky's cuda-convnet, as examples/cifar10/cifar10_full_train_test.prototxt of Caffe has it.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.convnet((3, 32, 32), 10, backend="reference")
    >>> [p.value.shape for p in net.parameters() if p.value.ndim > 1]
    [(32, 3, 5, 5), (32, 32, 5, 5), (64, 32, 5, 5), (10, 1024)]
    """
    maps = _Maps(shape, filters, kernel, select, center, batchnorm, cut, init, "convnet")
    layers: list[Layer] = []
    for i in range(len(maps.filters)):
        pool = (MaxPool2d if i == 0 else AvgPool2d)(3, stride=2, ceil_mode=True)
        layers += [*maps.convolution(i), *((pool, ReLU()) if i == 0 else (ReLU(), pool))]
        if i + 1 < len(maps.filters) and not batchnorm:
            layers.append(LocalResponseNorm(3, alpha=5e-5, beta=0.75, over="window"))
    layers += [Flatten(), *([Dropout(dropout)] if dropout else [])]
    layers += _top(maps, units, classes, select, center, dropout, init)
    return Sequential(*layers, **options)


def picture_shapes(shape: Sequence[int], filters: Sequence[int], name: str) -> list[tuple[int, int, int]]:
    """The sizes (channels, height, width) of what enters each convolution of a network, and of what leaves the last.

    Both networks halve pictures after each convolution. `name` is that of the network, for messages. Raises BadInput
    for what is no picture, or too small.
    """
    if not isinstance(shape, (tuple, list)) or len(shape) not in (2, 3):
        raise BadInput(
            f"{name} takes pictures, (height, width) or (channels, height, width), not examples of shape "
            f"{short(shape)}; take mlp for those"
        )
    channels, height, width = (
        check_int(f"each size in {tuple(shape)}", n, least=1) for n in (1, *shape)[-3:]
    )
    least = 2 ** len(filters)
    if min(height, width) < least:
        raise BadInput(
            f"{name} halves pictures {len(filters)} times, so they need at least {least} x {least} pixels, not "
            f"{height} x {width}; give fewer filters, such as {short(tuple(filters)[:-1])}, or larger pictures"
        )
    found = [(channels, height, width)]
    for n in filters:
        _, height, width = found[-1]
        found.append((n, height // 2, width // 2))
    return found


class _Maps:
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
            raise BadInput(f"kernel must be odd, so that a convolution keeps the size of a picture, not {kernel}")
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


def _top(
    maps: _Maps,
    units: Sequence[int],
    classes: int,
    select: Selector | None,
    center: str,
    dropout: float,
    init: str,
) -> list[Layer]:
    """The Linear layers, of which the last one is dense."""
    channels, height, width = maps.sizes[-1]
    sizes = [channels * height * width, *_sizes("units", units)]
    layers: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        linear = Linear(
            n_in, n_out, select=None if select is None else select.for_vectors(), center=center, init=init
        )
        layers += [linear, ReLU(), *([Dropout(dropout)] if dropout else [])]
    return [*layers, Linear(sizes[-1], check_int("classes", classes, least=1), init=init)]


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    """A sequence of whole numbers of at least 1."""
    if not isinstance(value, (tuple, list)):
        raise BadInput(f"{name} must be a list of whole numbers, such as (32, 64), not {short(value)}")
    return tuple(check_int(f"each number in {name}", n, least=1) for n in value)
