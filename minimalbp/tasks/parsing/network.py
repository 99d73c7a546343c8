"""The network of meProp's parser."""

from __future__ import annotations

from typing import Any

from ...errors import check_int
from ...layers import Cube, Dropout, Embedding, Linear
from ...network import Sequential
from ...select import Selector
from ..sentences import SCALE
from .encoding import Parsing

SIZE = 50  # of each embedding: 48 x 50 = 2,400 inputs


def parser(
    parsing: Parsing,
    *,
    hidden: int = 500,
    select: Selector | None = None,
    center: str = "off",
    dropout: float = 0.0,
    scale: float = SCALE,
    init: str = "glorot_uniform",
    **options: Any,
) -> Sequential:
    """The network of a parser: Embedding, Linear, Cube, and a dense Linear to the transitions.

    Parameters
    ----------
    parsing : Parsing
        The encoding, which has the sizes of embeddings and outputs.
    hidden : int, default 500
        Units of the hidden layer.
    select : Selector, optional
        Of the hidden layer; by default it is dense.
    center : {"off", "dw", "forward"}, default "off"
        What the hidden layer does with the running mean of its inputs, as for Linear.
    dropout : float, default 0.0
        Probability after the hidden layer. With dropout the network has one layer more, which counts in the
        parameters' names. `minimalbp train --task parsing` has 0.5, so its weights load into networks with dropout
        only.
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
    Chen and Manning (2014), "A Fast and Accurate Dependency Parser using Neural Networks": the network.
    Sun et al. (2017), "meProp", arXiv:1706.06197, section 4: its sizes.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> gold = mbp.Sentence(("dogs", "bark"), xpos=("NNS", "VBP"), heads=(2, 0), rels=("nsubj", "root"))
    >>> parsing = mbp.Parsing.fit([gold], min_count=1)
    >>> net = mbp.parser(parsing, hidden=20, select=mbp.TopK(5), backend="reference")
    >>> net(parsing.encode([gold]).x).shape  # 4 states, and scores of 4 transitions
    (4, 4)
    """
    tables = [(n, SIZE, columns) for n, columns in zip(parsing.sizes, parsing.widths)]
    width, size = SIZE * sum(parsing.widths), check_int("hidden", hidden, least=1)
    return Sequential(
        Embedding(tables, scale=scale),
        Linear(width, size, select=select, center=center, init=init),
        Cube(),
        *([Dropout(dropout)] if dropout else []),
        Linear(size, len(parsing.system), init=init),
        **options,
    )
