"""The network of meProp's tagger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...layers import LSTM, Dropout, Embedding, Layer, Linear
from ...network import Sequential
from ...select import Selector
from .encoding import Tagging

WORD, FEATURE = 50, 20  # sizes of a tagger's embeddings: 50 + 7 x 20 = 190 inputs (meProp, section 4)
SCALE = 0.5  # embeddings start in U(-SCALE, SCALE), so that the first hidden layer has something to work with


def tagger(
    tagging: Tagging,
    *,
    hidden: int | Sequence[int] = 500,
    select: Selector | None = None,
    gates: str = "each",
    bidirectional: bool = False,
    dropout: float = 0.0,
    scale: float = SCALE,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """Embedding, an LSTM for each of `hidden`, and a dense Linear to the tags.

    select: of the LSTMs, through time. gates: "each", k units of each gate; "all", k of the four gates together.
    dropout: after the embedding and after each LSTM. options: as for Sequential. Raises BadInput as its layers do.
    """
    layers: list[Layer] = [Embedding(tables(tagging), scale=scale), *_dropout(dropout)]
    width = sum(size for _, size in tables(tagging))
    for size in hidden if isinstance(hidden, Sequence) else [hidden]:
        layers += [LSTM(width, size, select=select, gates=gates, bidirectional=bidirectional, init=init)]
        layers += _dropout(dropout)
        width = size * (2 if bidirectional else 1)
    return Sequential(*layers, Linear(width, len(tagging.tags), init=init), **options)


def tables(tagging: Tagging) -> list[tuple[int, int]]:
    """(entries, size) of the embedding of the word and of each feature."""
    return [(n, FEATURE if i else WORD) for i, n in enumerate(tagging.sizes)]


def _dropout(p: float) -> list[Layer]:
    return [Dropout(p)] if p else []
