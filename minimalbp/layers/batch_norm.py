"""Batch normalisation, of vectors and of feature maps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from ..backend import Array, Backend
from ..errors import BadInput, check_float, check_int
from ..param import Param, RowGrad
from ..seeds import Streams
from .base import Layer, later
from .maps import check_maps, maps, pixels
from .units import Cut


class _BatchNorm(Layer):
    """Everything but the shape of the input, which both kinds bring into rows of n entries."""

    channelwise = True
    weight: Param = later()
    bias: Param = later()
    running_mean: Param = later()
    running_var: Param = later()
    num_batches_tracked: Param = later()
    last_x: Array = later()  # of the last forward, (rows, n)
    _stats: tuple[Array, Array] = later()  # the mean and variance that it used
    _given: bool = later()  # whether these were the running ones, which do not depend on x

    def __init__(self, n: int, eps: float = 1e-5, momentum: float | None = 0.1):
        self.n, self.eps = check_int("n", n, least=1), check_float("eps", eps, 0, open_low=True)
        self.momentum = None if momentum is None else check_float("momentum", momentum, 0, 1)

    def bind(self, be: Backend, dtype: str, streams: Streams, path: tuple[int, ...]) -> None:
        super().bind(be, dtype, streams, path)

        def param(name: str, start: float) -> Param:
            value = be.empty((self.n,), dtype)
            value += start
            return Param(f"{prefix}.{name}", value, be)

        prefix = ".".join(map(str, path))
        self.weight, self.bias = param("weight", 1), param("bias", 0)
        self.running_mean, self.running_var = param("running_mean", 0), param("running_var", 1)
        self.num_batches_tracked = Param(f"{prefix}.num_batches_tracked", be.empty((), "int64"), be)

    def forward(self, x: Array, *, train: bool = True) -> Array:
        x = self._pixels(x)
        y, rows = self.buf.get("y", x.shape), x.reshape(-1, self.n)
        self._stats = self._learn(rows) if train else (self.running_mean.value, self.running_var.value)
        self.last_x, self._given = rows, not train
        self.be.norm.batch_forward(
            y.reshape(-1, self.n), rows, *self._stats, self.weight.value, self.bias.value, self.eps
        )
        return maps(y)

    def _learn(self, rows: Array) -> tuple[Array, Array]:
        """The mean and variance of a batch, which move the running ones."""
        if len(rows) < 2:
            raise BadInput(
                f"{self.label} needs two values of each channel or more to train, but gets one; "
                "choose a batch size that leaves no single example for the last batch"
            )
        self.num_batches_tracked.value += 1
        rate = 1 / int(self.num_batches_tracked.value) if self.momentum is None else self.momentum
        mean, var = self.buf.get("mean", (self.n,)), self.buf.get("var", (self.n,))
        self.be.norm.moments(mean, var, self.running_mean.value, self.running_var.value, rows, rate)
        return mean, var

    def backward(self, dy: Array, *, need_dx: bool = True) -> Array | None:
        norm, dy = self.be.norm, pixels(dy, self.be, self.buf, "dy")
        rows, dw, db = dy.reshape(-1, self.n), self.buf.get("dw", (self.n,)), self.buf.get("db", (self.n,))
        norm.batch_dw(dw, db, rows, self.last_x, *self._stats, self.eps)
        self.weight.grad, self.bias.grad = RowGrad(None, dw), RowGrad(None, db)
        if not need_dx:
            return None
        if self._given:
            dw = db = self.buf.get("zeros", (self.n,))  # which nobody writes
        dx = self.buf.get("dx", dy.shape)
        norm.batch_dx(
            dx.reshape(-1, self.n), rows, self.last_x, *self._stats, self.weight.value, dw, db, self.eps
        )
        return maps(dx)

    @abstractmethod
    def _pixels(self, x: Array) -> Array:
        """x with its channels last in memory. Raises BadInput where it does not fit."""

    def parameters(self) -> list[Param]:
        return [self.weight, self.bias]

    def statistics(self) -> list[Param]:
        return [self.running_mean, self.running_var, self.num_batches_tracked]

    def channel_cuts(self, kept: Array) -> Iterator[Cut]:
        """What is kept of parameters and statistics with the channels `kept` (m,), ascending."""
        for p in (self.weight, self.bias, self.running_mean, self.running_var):
            yield Cut(p, 0, kept)

    def resize(self) -> None:
        """Update the size after the parameters were cut."""
        self.n = len(self.weight.value)

    def settings(self) -> dict[str, Any]:
        more = {"eps": self.eps, "momentum": self.momentum}
        plain = {"eps": 1e-5, "momentum": 0.1}
        return {"n": self.n} | {k: v for k, v in more.items() if v != plain[k]}


class BatchNorm1d(_BatchNorm):
    """Give each feature mean 0 and variance 1 over the batch, and then a mean and a scale that are learnt.

    y = weight (x - mean) / sqrt(var + eps) + bias. In training mean and var are those of the batch, outside they
    are running ones. Each batch of a training moves them: running <- running + momentum (now - running). As in
    PyTorch, the running variance divides by one example less than var does.

    Backward: of the batch's mean and variance too, which depend on x; after an evaluation these are fixed.

    Parameters
    ----------
    n : int
        The number of features.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        How far the running mean and variance move at each batch, 0 to 1. None: 1 / batches so far, which makes
        them plain means.

    Attributes
    ----------
    weight, bias : Param, shape (n,)
        They start at 1 and 0.
    running_mean, running_var : Param, shape (n,)
        They start at 0 and 1.
    num_batches_tracked : Param, int64, shape ()
        How many batches have moved them. Files hold all five under PyTorch's names, such as "1.running_mean".

    Raises
    ------
    BadInput
        When a number is out of range, or the width of the input is not n; in training, for a batch of one example.

    References
    ----------
    Ioffe and Szegedy (2015), "Batch Normalization", arXiv 1502.03167.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> layer = mbp.BatchNorm1d(1)
    >>> net = mbp.Sequential(layer, backend="reference")
    >>> net.forward(net.prepare([[3], [5]])).round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.running_mean.value, layer.running_var.value
    (array([0.4], dtype=float32), array([1.1], dtype=float32))
    """

    def _pixels(self, x: Array) -> Array:
        _ = self.be  # a layer outside a network says so
        if x.ndim != 2 or x.shape[1] != self.n:
            raise BadInput(
                f"{self.label} takes (batch, {self.n}) but gets {x.shape}; put Flatten() before it?"
            )
        return x

    def out_features(self, n: int | None) -> int | None:
        if n is not None and n != self.n:
            raise BadInput(f"{self.label} takes {self.n} inputs but gets {n}; make the two widths equal")
        return self.n


class BatchNorm2d(_BatchNorm):
    """Give each channel mean 0 and variance 1 over batch and pixels, and then a mean and a scale that are learnt.

    All the rest is as in `BatchNorm1d`, with every pixel in the place of an example. Behind a convolution it makes
    every entry of the gradient non-zero. So a selector of the convolution comes after its backward pass.

    Parameters
    ----------
    n : int
        The number of channels.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        How far the running mean and variance move at each batch; None: 1 / batches so far.

    Attributes
    ----------
    weight, bias, running_mean, running_var : Param, shape (n,)
    num_batches_tracked : Param, int64, shape ()

    Raises
    ------
    BadInput
        When a number is out of range, or the maps do not have n channels; in training, for a single pixel.

    References
    ----------
    Ioffe and Szegedy (2015), "Batch Normalization", arXiv 1502.03167.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.Sequential(mbp.BatchNorm2d(1), backend="reference")
    >>> net.forward(net.prepare([[[[3, 5]]]])).round(3)
    array([[[[-1.,  1.]]]], dtype=float32)
    """

    def _pixels(self, x: Array) -> Array:
        check_maps(x, self.n, self)
        return pixels(x, self.be, self.buf, "x")

    def out_features(self, n: int | None) -> int | None:
        return None  # pictures have no width
