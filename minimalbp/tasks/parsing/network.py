"""The network of meProp's parser."""

from __future__ import annotations

from typing import Any

from ...errors import check_int
from ...layers import Cube, Dropout, Embedding, Linear
from ...network import Sequential
from ...select import Selector
from ..tagging.network import SCALE
from .encoding import Parsing

SIZE = 50  # of each embedding: 48 x 50 = 2,400 inputs


def parser(
    parsing: Parsing,
    *,
    hidden: int = 500,
    select: Selector | None = None,
    dropout: float = 0.0,
    scale: float = SCALE,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """Chen and Manning's (2014): Embedding, Linear, Cube, and a dense Linear to the transitions.

    select: of the hidden layer; None: dense. dropout: after it; `minimalbp train --task parsing` has 0.5, and its
    weights load only into a network with dropout, which is a layer and counts in the parameters' names.
    options: as for Sequential. Raises BadInput as its layers do.
    """
    tables = [(n, SIZE, columns) for n, columns in zip(parsing.sizes, parsing.widths)]
    width, size = SIZE * sum(parsing.widths), check_int("hidden", hidden, least=1)
    return Sequential(
        Embedding(tables, scale=scale),
        Linear(width, size, select=select, init=init),
        Cube(),
        *([Dropout(dropout)] if dropout else []),
        Linear(size, len(parsing.system), init=init),
        **options,
    )
