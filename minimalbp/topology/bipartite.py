"""One layer of a topology: the edges between its inputs and its outputs, as arrays of indices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import BadInput, check_int
from .blocks import Array, Blocks, block_edges

MOST_NODES = 2**27  # of a side: a mistake in a file must not ask for all memory
MOST_EDGES = 2**29  # 2 GiB of inputs
MOST_DENSE = 2**31  # entries of a mask


@dataclass(frozen=True, eq=False)
class Bipartite:
    """The edges between the inputs and the outputs of one layer.

    Output o reads the inputs source[start[o]:start[o + 1]], in ascending order. A layer keeps one weight for each
    edge, in this order.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides, at least 1.
    start : int64 (n_out + 1,)
        Where the inputs of each output begin.
    source : int32 (edges,)
        The input of each edge.
    blocks : Blocks, optional
        The Kronecker structure of these very edges, where it is known.

    Raises
    ------
    BadInput
        For inputs that do not exist, are out of order or occur twice.

    Examples
    --------
    >>> layer = Bipartite(3, 2, [0, 2, 3], [0, 2, 1])
    >>> layer.mask().astype(int)
    array([[1, 0, 1],
           [0, 1, 0]])
    """

    n_in: int
    n_out: int
    start: Array
    source: Array
    blocks: Blocks | None = None

    def __post_init__(self) -> None:
        _check_sizes(self.n_in, self.n_out)
        start, source = whole("start", self.start), whole("source", self.source)
        if start.shape != (self.n_out + 1,) or source.ndim != 1:
            raise BadInput(
                f"start must have {self.n_out + 1} entries, one more than outputs, not {start.shape}"
            )
        if start[0] != 0 or start[-1] != len(source) or (np.diff(start) < 0).any():
            raise BadInput(f"start must rise from 0 to {len(source)}, the number of edges")
        check_edges(len(source))
        if len(source):
            _check_nodes("input", source, self.n_in)
            self._check_order(start, source)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "source", source.astype(np.int32))

    @staticmethod
    def _check_order(start: Array, source: Array) -> None:
        """Refuse edges that are there twice, and inputs that do not rise within an output."""
        wrong = np.diff(source) <= 0
        wrong[start[(start > 0) & (start < len(source))] - 1] = False  # there the next output begins
        if wrong.any():
            at = int(wrong.argmax()) + 1
            output = int(np.searchsorted(start, at, "right")) - 1
            what = "twice" if source[at] == source[at - 1] else "out of order"
            raise BadInput(f"output {output} reads input {source[at]} {what}; give each edge once, in order")

    @classmethod
    def from_blocks(cls, blocks: Blocks) -> Bipartite:
        """The edges that a Kronecker structure describes, with that structure."""
        n_in, n_out = blocks.n_in, blocks.n_out
        check_edges(blocks.d_in * blocks.d_out * blocks.n * len(blocks.offsets))
        return cls(n_in, n_out, *block_edges(blocks), blocks)

    @classmethod
    def from_edges(cls, n_in: int, n_out: int, source: Any, target: Any) -> Bipartite:
        """The layer with edges from source[e] to target[e], in any order."""
        _check_sizes(n_in, n_out)
        source, target = whole("inputs", source), whole("outputs", target)
        if source.ndim != 1 or source.shape != target.shape:
            raise BadInput(f"edges need as many inputs as outputs, not {source.shape} and {target.shape}")
        if len(target) and (target.min() < 0 or target.max() >= n_out):
            bad = target.min() if target.min() < 0 else target.max()
            raise BadInput(f"output {bad} does not exist: a layer of {n_out} outputs has 0 to {n_out - 1}")
        order = np.lexsort((source, target))
        start = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=n_out))])
        return cls(n_in, n_out, start, source[order])

    @classmethod
    def from_mask(cls, mask: Any) -> Bipartite:
        """The layer whose edges are the entries of a mask (n_out, n_in) that are not zero: the shape of weights."""
        mask = np.asarray(mask)
        if mask.ndim != 2 or 0 in mask.shape:
            raise BadInput(
                f"a mask must be a matrix (n_out, n_in) of at least 1 x 1, not of shape {mask.shape}"
            )
        target, source = np.nonzero(mask)
        start = np.searchsorted(target, np.arange(len(mask) + 1))
        return cls(mask.shape[1], mask.shape[0], start, source)

    @classmethod
    def from_scipy(cls, matrix: Any) -> Bipartite:
        """The layer of a sparse matrix (n_in, n_out), as in y = x W. Zeros that it stores are no edges."""
        matrix = matrix.tocoo()
        if len(matrix.shape) != 2 or 0 in matrix.shape:
            raise BadInput(
                f"a matrix of edges must be (n_in, n_out) of at least 1 x 1, not of shape {matrix.shape}"
            )
        there = matrix.data != 0
        n_in, n_out = matrix.shape
        return cls.from_edges(n_in, n_out, matrix.row[there], matrix.col[there])

    @property
    def n_edges(self) -> int:
        """The number of edges, and of weights."""
        return len(self.source)

    @property
    def density(self) -> float:
        """Edges over those of a dense layer."""
        return self.n_edges / (self.n_in * self.n_out)

    @property
    def fan_in(self) -> Array:
        """The inputs of each output, int64 (n_out,)."""
        return np.diff(self.start)

    @property
    def fan_out(self) -> Array:
        """The outputs of each input, int64 (n_in,)."""
        return np.bincount(self.source, minlength=self.n_in)

    @property
    def target(self) -> Array:
        """The output of each edge, int32 (edges,)."""
        return np.repeat(np.arange(self.n_out, dtype=np.int32), self.fan_in)

    def mask(self) -> Array:
        """Where there is an edge, bool (n_out, n_in): the shape of weights. Its transpose is the papers' W."""
        if self.n_in * self.n_out > MOST_DENSE:
            size = f"{self.n_out} x {self.n_in}"
            raise BadInput(f"a dense mask of {size} is too large; use the edges, or to_scipy")
        mask = np.zeros((self.n_out, self.n_in), bool)
        mask[self.target, self.source] = True
        return mask

    def to_scipy(self) -> Any:
        """A scipy.sparse.csc_array (n_in, n_out) of ones, uint8: y = x W."""
        from scipy.sparse import csc_array

        return csc_array((np.ones(self.n_edges, np.uint8), self.source, self.start), (self.n_in, self.n_out))

    def transposed(self) -> tuple[Bipartite, Array]:
        """The edges the other way, which dx needs, and where each of them stands here, int64 (edges,)."""
        position = np.argsort(self.source, kind="stable")
        start = np.concatenate([[0], np.cumsum(self.fan_out)])
        return Bipartite(self.n_out, self.n_in, start, self.target[position]), position

    def drop(self, inputs: int, outputs: int) -> Bipartite:
        """The layer without its first `inputs` inputs and `outputs` outputs, as the papers' authors cut layers."""
        if not (0 <= inputs < self.n_in and 0 <= outputs < self.n_out):
            raise BadInput(
                f"cannot drop {inputs} inputs and {outputs} outputs of a layer of {self.n_in} -> {self.n_out}; "
                "leave at least one of each"
            )
        if inputs == outputs == 0:
            return self
        if self.blocks is not None and self.blocks.order is None:
            return Bipartite.from_blocks(self.blocks.dropped(inputs, outputs))
        there = (self.source >= inputs) & (self.target >= outputs)
        shape = self.n_in - inputs, self.n_out - outputs
        return Bipartite.from_edges(*shape, self.source[there] - inputs, self.target[there] - outputs)

    def same(self, other: Bipartite) -> bool:
        """Whether both have the same nodes and edges."""
        return (
            (self.n_in, self.n_out) == (other.n_in, other.n_out)
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.source, other.source)
        )


def check_fan(what: str, fan: Any, nodes: int, side: str) -> int:
    """A fan-in or fan-out that somebody gave, checked against the nodes of the side that is drawn from."""
    if check_int(what, fan, least=1) > nodes:
        raise BadInput(f"a {what} of {fan} is more than the {nodes} {side} of the layer; use at most {nodes}")
    return int(fan)


def check_edges(count: int) -> None:
    """Refuse so many edges before memory is asked for."""
    if count > MOST_EDGES:
        raise BadInput(
            f"{count} edges are too many: at most {MOST_EDGES}; use smaller layers or a lower density"
        )


def _check_sizes(n_in: int, n_out: int) -> None:
    for name, size in (("n_in", n_in), ("n_out", n_out)):
        if check_int(name, size, least=1) > MOST_NODES:
            raise BadInput(f"{name} must be at most {MOST_NODES}, not {size}; use a smaller layer")


def whole(what: str, numbers: Any) -> Array:
    """The numbers of nodes as a new array of int64. Raises BadInput for what is no list of whole numbers."""
    found = np.asarray(numbers)
    if found.size and found.dtype.kind not in "iu":
        raise BadInput(
            f"{what} must be whole numbers, not of the type {found.dtype}; convert them with astype(int)"
        )
    if found.size and found.max() > np.iinfo(np.int64).max:
        raise BadInput(f"{what} must be below 2**63, not {found.max()}")
    return np.array(found, np.int64)


def _check_nodes(side: str, nodes: Array, count: int) -> None:
    low, high = nodes.min(), nodes.max()
    if low < 0 or high >= count:
        bad = low if low < 0 else high
        raise BadInput(f"{side} {bad} does not exist: a layer of {count} {side}s has 0 to {count - 1}")
