"""The network of meProp's tagger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...layers import LSTM, Dropout, Embedding, Layer, Linear
from ...network import Sequential
from ...select import Selector
from ..sentences import SCALE
from .encoding import Tagging

WORD, FEATURE = 50, 20  # sizes of the embeddings: 50 + 7 x 20 = 190 inputs (meProp, section 4)


def tagger(
    tagging: Tagging,
    *,
    hidden: int | Sequence[int] = 500,
    select: Selector | None = None,
    center: str = "off",
    gates: str = "each",
    bidirectional: bool = False,
    dropout: float = 0.0,
    scale: float = SCALE,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The network of a tagger: Embedding, an LSTM for each of `hidden`, and a dense Linear to the tags.

    Parameters
    ----------
    tagging : Tagging
        The encoding, which has the sizes of embeddings and outputs.
    hidden : int or sequence of int, default 500
        Units of each LSTM, in each direction.
    select : Selector, optional
        Of the LSTMs, at every step of time; by default they are dense.
    center : {"off", "dw", "forward"}, default "off"
        What each LSTM does with the running mean of its inputs.
    gates : {"each", "all"}, default "each"
        Whether k units of each gate get a gradient, or k of the four gates together.
    bidirectional : bool, default False
        Whether each LSTM reads sentences in both directions.
    dropout : float, default 0.0
        Probability after the embedding and after each LSTM.
    scale : float, default 0.5
        Embeddings start in U(-scale, scale).
    init : str, default "glorot_uniform"
        Initial weights, by the name of an initialiser.
    **options
        As for `Sequential`: rng, dtype, backend.

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        As the layers do.

    References
    ----------
    Sun et al. (2017), "meProp", arXiv:1706.06197, section 4: an LSTM of 500 units on 50 + 7 x 20 inputs.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> train = mbp.Sentence(("Dogs", "bark", "at", "dogs"), xpos=("NNS", "VBP", "IN", "NNS"))
    >>> tagging = mbp.Tagging.fit([train])
    >>> net = mbp.tagger(tagging, hidden=20, select=mbp.TopK(5), backend="reference")
    >>> net(tagging.encode(train)).shape  # 4 words, and scores of 3 tags
    (4, 3)
    """
    layers: list[Layer] = [Embedding(tables(tagging), scale=scale), *_dropout(dropout)]
    width = sum(size for _, size in tables(tagging))
    for size in hidden if isinstance(hidden, Sequence) else [hidden]:
        layers += [
            LSTM(
                width, size, select=select, gates=gates, bidirectional=bidirectional, init=init, center=center
            )
        ]
        layers += _dropout(dropout)
        width = size * (2 if bidirectional else 1)
    return Sequential(*layers, Linear(width, len(tagging.tags), init=init), **options)


def tables(tagging: Tagging) -> list[tuple[int, int]]:
    """Entries and size of the embedding table of the word and of each feature."""
    return [(n, FEATURE if i else WORD) for i, n in enumerate(tagging.sizes)]


def _dropout(p: float) -> list[Layer]:
    return [Dropout(p)] if p else []
