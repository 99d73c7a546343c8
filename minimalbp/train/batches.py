"""What `fit` asks of the data that it trains on, and batches of them.

A data set has a name, n_classes, and the parts train, dev and test. Any object is a part that has

    x            array (n, ...): the inputs
    y            array (n,): the labels, whole numbers from 0
    len(part)    n

and so is one that brings methods of its own, as the parts of a treebank do. Each method is asked for by its name,
and x and y are used where it is missing:

    len(part)                      examples: rows, sentences or transitions, the unit of a mini-batch
    part.first(n)                  (x, lengths) of the first n examples, on which a network is tried
    part.feed(net, streams)        a Feed of the examples, for the training part
    part.score(net, batch_size)    a Score, for the dev and the test part

x is then what the network takes, and lengths are those of the sentences in x (None: there are none).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ..backend import Array, Buffers
from ..data import check_arrays
from ..errors import BadInput
from ..network import Sequential
from ..seeds import Streams

Batch = tuple[Array, Array, Array | None]  # x, labels int32, and the lengths of the sentences in x, if any


class Part(Protocol):
    """One part of a data set: see above for what else it has."""

    def __len__(self) -> int: ...


class Data(Protocol):
    """A data set: a `Dataset`, or that of a task."""

    @property
    def name(self) -> str: ...
    @property
    def train(self) -> Part: ...
    @property
    def dev(self) -> Part: ...
    @property
    def test(self) -> Part: ...
    @property
    def n_classes(self) -> int: ...


class Feed(ABC):
    """The base class of what hands mini-batches to a network, in the memory of its backend."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of examples."""

    def begin(self, epoch: int) -> None:  # noqa: B027 (most draw nothing)
        """Epoch number `epoch` begins, counted from 0. What is drawn for it must depend on that number alone."""

    @abstractmethod
    def take(self, which: np.ndarray) -> Batch:
        """(x, labels, lengths) of the examples with these numbers. The next call may overwrite them."""

    def trials(self, batch_size: int) -> Iterator[Batch]:
        """One batch of each size to come, so that kernels are compiled for it: a full one, and the last."""
        for size in {batch_size, len(self) % batch_size or batch_size}:
            yield self.take(np.arange(size))


class Rows(Feed):
    """The feed of arrays, each row of which is an example.

    Parameters
    ----------
    net : Sequential
        The network that is trained.
    part : Split, or any object with x and y
        x (n, ...) are the inputs, y (n,) the labels.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> rows = Rows(mbp.mlp([64, 10], backend="reference"), mbp.load_dataset("digits").train)
    >>> x, labels, lengths = rows.take(np.array([3, 1, 4]))
    >>> x.shape, labels.shape, lengths
    ((3, 64), (3,), None)
    """

    def __init__(self, net: Sequential, part: Any):
        self.x, self.labels = net.prepare(part.x), np.asarray(part.y, np.int32)
        self.buf = Buffers(net.be, net.dtype)

    def __len__(self) -> int:
        return len(self.x)

    def take(self, which: np.ndarray) -> Batch:
        x = self.buf.get("x", (len(which), *self.x.shape[1:]), self.x.dtype.name)
        labels = self.buf.get("labels", (len(which),), "int32")
        np.take(self.x, which, axis=0, out=x, mode="clip")  # "raise" would copy through a buffer
        np.take(self.labels, which, out=labels, mode="clip")
        return x, labels, None


def feed(part: Any, net: Sequential, streams: Streams) -> Feed:
    """The feed of a training part for `net`."""
    return part.feed(net, streams) if hasattr(part, "feed") else Rows(net, part)


def first(part: Any, n: int) -> tuple[Any, Any]:
    """(x, lengths) of the first n examples of a part."""
    return part.first(n) if hasattr(part, "first") else (part.x[:n], None)


def check_part(part: Any, method: str, what: str, **limits: Any) -> None:
    """Raise BadInput unless `part` has that method, or x and y that `check_arrays` accepts within these limits."""
    if hasattr(part, method):  # such a part was checked when it was made
        return
    if not hasattr(part, "__len__") or not all(hasattr(getattr(part, name, None), "dtype") for name in "xy"):
        raise BadInput(
            f"{what} must be one part of a data set, such as data.test; "
            f"a {type(part).__name__} has neither arrays x and y nor a method {method}"
        )
    check_arrays(part.x, part.y, what=what, **limits)
