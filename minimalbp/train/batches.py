"""What `fit` asks of the data that it trains on: how many examples, and batches of them.

A data set has the parts train, dev and test. `Split`, labelled arrays, is one kind of part; others, as in
minimalbp.text, have these methods:

    len(part)            examples: what one mini-batch is counted in, pictures, sentences or transitions
    part.first(n)        (x, lengths) of the first n examples, to try a network on
    part.feed(net, ...)  a Feed, of the training part
    part.score(net, ...) a Score, of the dev and the test part: what decides when a network was best
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ..backend import Array, Buffers
from ..data import Split
from ..network import Sequential
from ..seeds import Streams

Batch = tuple[Array, Array, Array | None]  # x, labels int32, and the lengths of the sentences in x, if any


class Part(Protocol):
    """A part that is no Split."""

    def __len__(self) -> int: ...

    def first(self, n: int) -> tuple[Any, Any]: ...

    def feed(self, net: Sequential, streams: Streams) -> Feed: ...

    def score(self, net: Sequential, batch_size: int) -> Any: ...


class Data(Protocol):
    """A data set: a `Dataset`, or a task's own."""

    @property
    def name(self) -> str: ...
    @property
    def train(self) -> Split | Part: ...
    @property
    def dev(self) -> Split | Part: ...
    @property
    def test(self) -> Split | Part: ...
    @property
    def n_classes(self) -> int: ...


class Feed(ABC):
    """Batches for one network, in its backend's memory."""

    @abstractmethod
    def __len__(self) -> int:
        """Examples."""

    def begin(self, epoch: int) -> None:  # noqa: B027 (most draw nothing)
        """A pass over all examples begins, counted from 0. What is drawn for it depends on nothing else."""

    @abstractmethod
    def take(self, which: np.ndarray) -> Batch:
        """The batch of the examples with these numbers; written anew at the next call."""

    def trials(self, batch_size: int) -> Iterator[Batch]:
        """Batches of every size to come, so that what they need is compiled: here a whole one, and the last."""
        for size in {batch_size, len(self) % batch_size or batch_size}:
            yield self.take(np.arange(size))


class Rows(Feed):
    """Arrays: each row is an example."""

    def __init__(self, net: Sequential, split: Split):
        self.x, self.labels = net.prepare(split.x), np.asarray(split.y, np.int32)
        self.buf = Buffers(net.be, net.dtype)

    def __len__(self) -> int:
        return len(self.x)

    def take(self, which: np.ndarray) -> Batch:
        x = self.buf.get("x", (len(which), *self.x.shape[1:]), self.x.dtype.name)
        labels = self.buf.get("labels", (len(which),), "int32")
        np.take(self.x, which, axis=0, out=x, mode="clip")  # "raise" would copy through a buffer
        np.take(self.labels, which, out=labels, mode="clip")
        return x, labels, None


def feed(part: Split | Part, net: Sequential, streams: Streams) -> Feed:
    """The feed of a training part for `net`."""
    return Rows(net, part) if isinstance(part, Split) else part.feed(net, streams)
