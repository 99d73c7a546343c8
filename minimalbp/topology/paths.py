"""How many paths lead from each input to each output, as exact integers of any size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Topology
from .bipartite import Bipartite
from .blocks import Array

__all__ = ["Paths", "count_paths", "dead_nodes"]

MOST_WORK = 10**10  # additions: some ten seconds
CHUNK = 2**25  # entries of a product at a time: 256 MiB


@dataclass(frozen=True)
class Paths:
    """What the products of all layers' matrices hold.

    Parameters
    ----------
    least, most : int
        The smallest and the largest number of paths from an input to an output.
    unconnected, pairs : int
        Pairs of an input and an output without a path, and all pairs.

    Attributes
    ----------
    symmetric : bool
        Whether all pairs have as many paths.
    connected : bool
        Whether each pair has a path.
    """

    least: int
    most: int
    unconnected: int
    pairs: int

    @property
    def symmetric(self) -> bool:
        """Whether all pairs have as many paths."""
        return self.least == self.most

    @property
    def connected(self) -> bool:
        """Whether each pair has a path."""
        return self.least > 0


def count_paths(topology: Topology, most_work: int | None = MOST_WORK) -> Paths | None:
    """Count the paths of every input-output pair, exactly.

    The matrices are multiplied modulo several primes, and the numbers put together again. Nodes that read the same
    nodes are counted once, so that Kronecker copies cost nothing.

    Parameters
    ----------
    topology : Topology
        Of any layers.
    most_work : int or None
        Additions; None is without a limit.

    Returns
    -------
    Paths or None
        None where it would take more.

    Examples
    --------
    >>> from minimalbp.topology import radix_net
    >>> count_paths(radix_net([[10, 10, 10], [10]], [1, 2, 3, 2, 1]))
    Paths(least=120, most=120, unconnected=0, pairs=1000000)
    """
    firsts, copies = _alike_inputs(topology[0])
    steps, outputs = _steps(topology)
    limit = _limit(topology)
    primes = _primes(limit)
    work = sum(step.nnz for step in steps) * len(firsts) * len(primes)
    if most_work is not None and work > most_work:
        return None
    widest = max(step.shape[0] for step in steps) * len(primes)
    chunk = max(1, CHUNK // widest)
    least, most, unconnected = None, 0, 0
    for begin in range(0, len(firsts), chunk):
        part = slice(begin, begin + chunk)
        residues = _product(steps, firsts[part], primes)
        low, high = _extremes(residues, primes)
        least, most = low if least is None else min(least, low), max(most, high)
        none = np.logical_and.reduce([r == 0 for r in residues])
        unconnected += int(outputs @ none.astype(np.int64) @ copies[part])
    return Paths(least or 0, most, unconnected, topology.sizes[0] * topology.sizes[-1])


def _alike_inputs(layer: Bipartite) -> tuple[Array, Array]:
    """One of all inputs with the same outputs, and how many these are."""
    turned = layer.transposed()[0]
    return _groups(turned.start, turned.source.astype(np.int64))[1:]


def _steps(topology: Topology) -> tuple[list[Any], Array]:
    """The layers as sparse matrices (groups of outputs, groups of inputs), and the outputs in each last group.

    The outputs of a group read the same groups, each as often. The first layer reads single inputs.
    """
    from scipy.sparse import csr_array

    group, count, steps = np.arange(topology.sizes[0]), topology.sizes[0], []
    for layer in topology:
        reads = group[layer.source]
        reads = reads[np.lexsort((reads, layer.target))]
        new, firsts, copies = _groups(layer.start, reads)
        lengths = layer.fan_in[firsts]
        entries = reads[_spans(layer.start[firsts], lengths)]
        rows = np.repeat(np.arange(len(firsts)), lengths)
        ones = np.ones(len(entries), np.int64)
        steps.append(csr_array((ones, (rows, entries)), (len(firsts), count)))  # adds up what is there twice
        group, count = new, len(firsts)
    return steps, copies


def _groups(start: Array, items: Array) -> tuple[Array, Array, Array]:
    """The group of each list of sorted items, the first list of each group, and how many lists it has."""
    n, lengths = len(start) - 1, np.diff(start)
    numbers = np.random.default_rng(0).integers(2**63, size=int(items.max(initial=0)) + 1, dtype=np.uint64)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(numbers[items], dtype=np.uint64)])
    _, firsts, group, copies = np.unique(
        sums[start[1:]] - sums[start[:-1]], return_index=True, return_inverse=True, return_counts=True
    )
    same = firsts[group]
    if np.array_equal(lengths, lengths[same]) and np.array_equal(items, items[_spans(start[same], lengths)]):
        return group, firsts, copies
    return np.arange(n), np.arange(n), np.ones(n, np.int64)  # two sums met by chance: no groups then


def _spans(begin: Array, lengths: Array) -> Array:
    """The indices of several spans, one after another."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(begin - (ends - lengths), lengths)


def _limit(topology: Topology) -> int:
    """No pair has more paths than this: a path is a choice of inputs in all layers but the first, or of outputs."""
    back = math.prod(int(layer.fan_in.max()) for layer in topology[1:])
    forth = math.prod(int(layer.fan_out.max()) for layer in topology[:-1])
    return min(back, forth)


def _primes(limit: int) -> list[int]:
    """Primes below 2^31 with a product above the limit; [0], for no prime, where int64 can hold it."""
    if limit < 2**62:
        return [0]
    found: list[int] = []
    product, candidate = 1, 2**31
    small = [p for p in range(2, 46342) if all(p % q for q in range(2, math.isqrt(p) + 1))]
    while product <= limit:
        candidate -= 1
        if all(candidate % p for p in small):
            found.append(candidate)
            product *= candidate
    return found


def _product(steps: list[Any], inputs: Array, primes: list[int]) -> list[Array]:
    """Paths from these inputs to all groups of outputs, int64 (groups, inputs), modulo each prime."""
    paths = np.zeros((steps[0].shape[1], len(primes), len(inputs)), np.int64)
    paths[inputs, :, np.arange(len(inputs))] = 1
    for step in steps:  # all primes at once: a deep network has many of them
        paths = (step @ paths.reshape(len(paths), -1)).reshape(-1, *paths.shape[1:])
        if primes != [0]:  # entries and fan-ins are below 2^31, so no sum has left int64
            paths %= np.array(primes)[:, None]
    return [paths[:, i] for i in range(len(primes))]


def _extremes(residues: list[Array], primes: list[int]) -> tuple[int, int]:
    """The smallest and the largest number that has these residues."""
    if len(residues) == 1 and primes == [0]:
        return int(residues[0].min()), int(residues[0].max())
    digits, weights = _mixed_radix([r.reshape(-1) for r in residues], primes), [1, *primes[:-1]]
    values = [math.prod(weights[: i + 1]) for i in range(len(weights))]
    found = []
    for best in (np.min, np.max):
        left, value = np.arange(residues[0].size), 0
        for digit, weight in zip(reversed(digits), reversed(values)):  # the first digit that differs decides
            top = best(digit[left])
            left, value = left[digit[left] == top], value + int(top) * weight
        found.append(value)
    return found[0], found[1]


def _mixed_radix(residues: list[Array], primes: list[int]) -> list[Array]:
    """The digits v of the numbers v0 + v1 p0 + v2 p0 p1 + ... with these residues (Garner's algorithm)."""
    digits: list[Array] = []
    for residue, prime in zip(residues, primes):
        value, weight, so_far = residue % prime, 1, np.zeros_like(residue)
        for digit, before in zip(digits, primes):
            so_far = (so_far + digit % prime * weight) % prime
            weight = weight * before % prime
        digits.append((value - so_far) % prime * pow(weight, -1, prime) % prime)
    return digits


def dead_nodes(topology: Topology) -> list[tuple[Array, Array]]:
    """Nodes that no input reaches, and nodes that reach no output.

    Parameters
    ----------
    topology : Topology
        Of any layers.

    Returns
    -------
    list of (bool (nodes,), bool (nodes,))
        For each node layer: which are not reached, and which reach nothing.

    Examples
    --------
    >>> from minimalbp.topology import radix_net
    >>> net = radix_net([[2, 2]], cut=[4, 4, 1])
    >>> dead_nodes(net)[1][1].tolist()
    [True, False, True, False]
    """
    reached = list(_reached(topology.sizes[0], topology.layers))
    turned = [layer.transposed()[0] for layer in reversed(topology.layers)]
    reaching = list(_reached(topology.sizes[-1], turned))[::-1]
    return [(~a, ~b) for a, b in zip(reached, reaching)]


def _reached(n: int, layers: Any) -> Iterator[Array]:
    alive = np.ones(n, bool)
    yield alive
    for layer in layers:
        count = np.concatenate([[0], np.cumsum(alive[layer.source])])
        alive = np.diff(count[layer.start]) > 0
        yield alive
