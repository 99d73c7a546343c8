"""Networks for pictures: a small one in the manner of LeNet, and the ConvNet of Caffe's CIFAR-10 example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..layers import AvgPool2d, Dropout, Flatten, Layer, LocalResponseNorm, MaxPool2d, ReLU
from ..select import Selector
from .pictures import KERNEL, Convolutions, top
from .sequential import Sequential


def lenet(
    shape: Sequence[int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 64),
    kernel: int = KERNEL,
    units: Sequence[int] = (512,),
    select: Selector | None = None,
    units_select: Selector | None = None,
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
        The selector of the convolutions.
    units_select : Selector, default Dense()
        The selector of the hidden Linear layers. With plain top-k in both, small nets do not learn.
    center : {"off", "dw", "forward"}, default "off"
        What these layers do with the running mean of their inputs, as for Linear.
    batchnorm : bool, default False
        Whether BatchNorm2d follows each convolution, which then has no bias.
    cut : {"after", "before"}, default "after"
        Where a convolution's gradient is cut: after the backward pass of batch normalisation, at the convolution;
        or before it, where cutting saves nothing (`Sparsify`).
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
    LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition". Wei, Sun,
    Ren and Xu (2017), arXiv 1709.05804.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 10, filters=(4, 6), units=(20,), select=mbp.TopK(ratio=0.05), backend="reference")
    >>> [type(layer).__name__ for layer in net.children[:4]]
    ['Conv2d', 'ReLU', 'MaxPool2d', 'Conv2d']
    >>> [p.value.shape for p in net.parameters() if p.value.ndim > 1]
    [(4, 1, 5, 5), (6, 4, 5, 5), (20, 24), (10, 20)]
    """
    maps = Convolutions(shape, filters, kernel, select, center, batchnorm, cut, init, "lenet")
    layers: list[Layer] = []
    for i in range(len(maps.filters)):
        layers += [*maps.convolution(i), ReLU(), MaxPool2d(2)]
    layers += [Flatten(), *top(maps, units, classes, units_select, center, dropout, init)]
    return Sequential(*layers, **options)


def convnet(
    shape: Sequence[int],
    classes: int,
    *,
    filters: Sequence[int] = (32, 32, 64),
    kernel: int = KERNEL,
    units: Sequence[int] = (),
    select: Selector | None = None,
    units_select: Selector | None = None,
    center: str = "off",
    batchnorm: bool = False,
    cut: str = "after",
    dropout: float = 0.0,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The ConvNet of Caffe's CIFAR-10 example (CIFAR10_full), which the papers on pruning use.

    The first convolution is followed by max pooling, ReLU and local response normalisation, the second by ReLU,
    average pooling and the same normalisation, the third by ReLU and average pooling; then Dropout if asked for,
    and a dense Linear. Pools are 3 x 3 in steps of 2 and count as Caffe's do: a last window that reaches out of the
    picture counts too (``ceil_mode``), so that 32 x 32 pixels become 16 x 16, 8 x 8 and 4 x 4.

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
        The selector of the convolutions.
    units_select : Selector, default Dense()
        The selector of hidden Linear layers, as for `lenet`.
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
    maps = Convolutions(shape, filters, kernel, select, center, batchnorm, cut, init, "convnet")
    layers: list[Layer] = []
    for i in range(len(maps.filters)):
        pool = (MaxPool2d if i == 0 else AvgPool2d)(3, stride=2, ceil_mode=True)
        layers += [*maps.convolution(i), *((pool, ReLU()) if i == 0 else (ReLU(), pool))]
        if i + 1 < len(maps.filters) and not batchnorm:
            layers.append(LocalResponseNorm(3, alpha=5e-5, beta=0.75, over="window"))
    layers += [Flatten(), *([Dropout(dropout)] if dropout else [])]
    layers += top(maps, units, classes, units_select, center, dropout, init)
    return Sequential(*layers, **options)
