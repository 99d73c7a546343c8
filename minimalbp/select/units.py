"""The meProp paper's selectors: the largest gradients of each example, those of the whole batch, or random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, Backend, Buffers
from ..errors import unknown
from .base import Choice, SomeUnits
from .lists import OVER, room


@dataclass(frozen=True)
class TopK(SomeUnits):
    """Choose for each example its own k units, those of largest |dy|.

    This is the definition of meProp. Ties go to the lower unit; NaN counts as larger than infinity. Over the whole
    batch the same number of entries goes to the examples that need them, and ties go to the earlier example.

    Parameters
    ----------
    k : int, optional
        How many units of each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one unit. Give either k or ratio.
    over : {"example", "batch"}, default "example"
        Whether each example has its own k units, or the batch has the k B largest gradients of all B examples: so
        many of each example as are among them, and none that is zero.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range, or `over` is unknown.

    References
    ----------
    meProp (arXiv 1706.06197), section 2.1; equations 9 and 10.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.TopK(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((2, 2)))
    >>> dx = net.backward(np.array([[1.0, 2.0, 3.0, -4.0], [-5.0, 0.0, 1.0, 0.5]]))
    >>> layer.last_choice
    array([[2, 3],
           [0, 2]], dtype=int32)
    """

    over: str = "example"
    name: ClassVar[str] = "topk"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.over not in OVER:
            raise unknown("over", self.over, OVER)

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Choice:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        if self.over == "batch":
            lists = room(buf, batch, k)
            be.select.top_k_batch(
                *lists, dy, k, buf.get("select.index", dy.shape, "int32"), buf.get("select.near", dy.shape)
            )
            return lists
        chosen = buf.get("chosen", (batch, k), "int32")
        be.select.top_k(chosen, dy)
        return chosen[0] if batch == 1 else chosen  # the choice of one example is that of the batch

    def describe(self) -> dict[str, Any]:
        return {key: v for key, v in super().describe().items() if (key, v) != ("over", "example")}


@dataclass(frozen=True)
class UnifiedTopK(SomeUnits):
    """Choose k units for the whole batch, those of largest score: simple unified top-k.

    Parameters
    ----------
    k : int, optional
        How many units of the batch. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one unit. Give either k or ratio.
    score : {"sum", "mean", "l2", "signed"}, default "sum"
        The score of a unit over the batch. "sum" of |dy| is what the authors' code does. "mean" of |dy| is what
        the paper says, and chooses the same units. "l2" is the norm of dy. "signed" is the magnitude of the sum of
        dy: examples may cancel, so it is another method.

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range, or the score is unknown.

    References
    ----------
    meProp (arXiv 1706.06197), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.UnifiedTopK(2))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((2, 2)))
    >>> dx = net.backward(np.array([[1.0, 2.0, 3.0, -4.0], [-5.0, 0.0, 1.0, 0.5]]))
    >>> layer.last_choice
    array([0, 3], dtype=int32)
    """

    score: str = "sum"
    name: ClassVar[str] = "unified"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.score not in _SCORES:
            raise unknown("score", self.score, _SCORES)

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        n_out = dy.shape[1]
        k = self.units(n_out)
        if k == n_out:
            return None
        chosen = buf.get("chosen", (1, k), "int32")
        score = dy  # of one example every score is the magnitude
        if len(dy) > 1:
            score = buf.get("score", (1, n_out))
            be.select.score(score[0], dy, be.select.SCORES.index(self.score))
        be.select.top_k(chosen, score)
        return chosen[0]


_SCORES = ("sum", "mean", "l2", "signed")


@dataclass(frozen=True)
class RandomK(SomeUnits):
    """Choose for each example k units at random, without replacement and anew at every backward pass.

    The baseline of the meProp paper.

    Parameters
    ----------
    k : int, optional
        How many units of each example. Above the layer's width it is clipped to the width, which runs dense.
    ratio : float, optional
        The same as a share of the layer's width, in (0, 1]: rounded, at least one unit. Give either k or ratio.
    scaled : bool, default False
        Whether the chosen gradients are multiplied by n_out / k, which makes the gradient unbiased (*corrected*).
        Without it they stay as they are, as in the papers, and the gradient shrinks to k / n_out on average
        (*faithful*).

    Raises
    ------
    BadInput
        When neither or both of k and ratio are given, or one is out of range.

    References
    ----------
    meProp (arXiv 1706.06197), figure 4 (middle).

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> layer = mbp.Linear(2, 4, select=mbp.RandomK(ratio=0.5))
    >>> net = mbp.Sequential(layer, backend="reference", dtype="float64")
    >>> y = net.forward(np.ones((3, 2)))
    >>> dx = net.backward(np.ones((3, 4)))
    >>> layer.last_choice.shape
    (3, 2)
    """

    scaled: bool = False
    name: ClassVar[str] = "random"
    random: ClassVar[bool] = True

    def __call__(self, dy: Array, be: Backend, buf: Buffers, rng: np.random.Generator | None) -> Array | None:
        batch, n_out = dy.shape
        k = self.units(n_out)
        if k == n_out:
            return None
        assert rng is not None
        u, chosen = buf.get("u", (batch, k), "float64"), buf.get("chosen", (batch, k), "int32")
        rng.random(out=u)
        be.select.random_k(chosen, u, n_out)
        return chosen

    def scale(self, n_out: int) -> float:
        return n_out / self.units(n_out) if self.scaled else 1.0
