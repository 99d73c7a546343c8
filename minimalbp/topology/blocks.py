"""The Kronecker structure of a layer: blocks of ones times a circulant, which a kernel can use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadInput, check_int

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Edges 1 ⊗ C: a block of ones (d_in, d_out) times a circulant C of n nodes.

    Output d n + c, for d < d_out and c < n, reads the inputs e n + (c + offset) mod n for all e < d_in and all
    offsets. Renumbered as c d_out + d and c d_in + e, these are dense blocks of d_out x d_in weights.

    Parameters
    ----------
    d_in, d_out : int
        Copies of the circulant on both sides.
    n : int
        Nodes of the circulant, N' in the papers.
    offsets : tuple of int
        In the range from 0 to n - 1, each once. The input of c is c + offset.
    drop_in, drop_out : int, default 0
        The first nodes on both sides that a cut has dropped. Input j of the layer is j + drop_in above.
    order : int32 (d_in * n,), optional
        A permutation: where it is given, input j above is input order[j] of the layer.

    Raises
    ------
    BadInput
        For numbers that describe no layer.

    Examples
    --------
    >>> Blocks(2, 1, 4, (0, 3)).n_in
    8
    """

    d_in: int
    d_out: int
    n: int
    offsets: tuple[int, ...]
    drop_in: int = 0
    drop_out: int = 0
    order: Array | None = None

    def __post_init__(self) -> None:
        for name in ("d_in", "d_out", "n"):
            check_int(name, getattr(self, name), least=1)
        offsets = tuple(check_int("each offset", offset) for offset in self.offsets)
        if not offsets or max(offsets) >= self.n or len(set(offsets)) < len(offsets):
            raise BadInput(f"offsets must be different numbers from 0 to {self.n - 1}, not {offsets}")
        object.__setattr__(self, "offsets", offsets)
        if self.order is not None and not np.array_equal(np.sort(self.order), np.arange(self.d_in * self.n)):
            raise BadInput(f"order must be a permutation of 0 to {self.d_in * self.n - 1}")
        if self.order is not None and (self.drop_in or self.drop_out):
            raise BadInput("blocks with an order cannot be cut; cut the layer first")
        if not (0 <= self.drop_in < self.d_in * self.n and 0 <= self.drop_out < self.d_out * self.n):
            raise BadInput(
                f"cannot drop {self.drop_in} inputs and {self.drop_out} outputs; leave one of each"
            )

    @property
    def n_in(self) -> int:
        """Inputs of the layer."""
        return self.d_in * self.n - self.drop_in

    @property
    def n_out(self) -> int:
        """Outputs of the layer."""
        return self.d_out * self.n - self.drop_out

    def dropped(self, inputs: int, outputs: int) -> Blocks:
        """These blocks without the first nodes on both sides."""
        return replace(self, drop_in=self.drop_in + inputs, drop_out=self.drop_out + outputs)


def block_edges(blocks: Blocks) -> tuple[Array, Array]:
    """(start, source) of the layer, as `Bipartite` has them: the outputs d n + c of one c read the same inputs."""
    n = blocks.n
    inner = (np.arange(n, dtype=np.int64)[:, None] + np.array(blocks.offsets)) % n
    inputs = (inner[:, None, :] + n * np.arange(blocks.d_in)[:, None]).reshape(n, -1)
    if blocks.order is not None:
        inputs = blocks.order[inputs]
    inputs = np.sort(inputs, axis=1).astype(np.int32)
    there = inputs >= blocks.drop_in
    copies, first = divmod(blocks.drop_out, n)
    repeats = np.concatenate([np.arange(first, n), np.tile(np.arange(n), blocks.d_out - copies - 1)])
    start = np.concatenate([[0], np.cumsum(there.sum(axis=1)[repeats])])
    if blocks.drop_in == 0:
        return start, inputs[repeats].reshape(-1)
    return start, inputs[repeats][there[repeats]] - np.int32(blocks.drop_in)
