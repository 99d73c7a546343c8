"""The numbers that define a RadiX-Net: mixed radices, systems of them, and copies (arXiv 1905.00416)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ..errors import BadInput, check_int, short

__all__ = ["RadixNet", "reduced_format"]


@dataclass(frozen=True)
class RadixNet:
    """The numbers that define a RadiX-Net, and what the theorems say of it.

    Layer i links node j of the circulant to j + s v, for s < radix and the place value v, times the sign. Each
    system counts its place values from 1. Then every node layer i is repeated d[i] times, and so are its edges.

    Parameters
    ----------
    systems : sequence of sequences of int
        The radices of each system, all at least 2. The product of a complete system is N', the nodes of the
        circulant.
    d : sequence of int, optional
        Copies of N' nodes in each node layer: one more than there are radices. By default all 1.
    sign : int, default -1
        -1 as in the authors' final code and in the GraphChallenge, or 1. The two are mirror images.
    anywhere : bool, default False
        The authors ask that all systems but the last are complete, and that the product of the last divides N'.
        It is enough that one is complete and the others divide N'; True asks only for that.

    Attributes
    ----------
    n : int
        N'.
    radices, places : tuple of int
        The radix and the place value of each layer.
    sizes : tuple of int
        Nodes of each node layer.
    n_edges : int
        All edges.
    paths : int
        Paths from each input to each output, by the theorem.
    density : Fraction
        By the formula.

    Raises
    ------
    BadInput
        For radices below 2, products that do not fit, a `d` of another length, and another sign.

    References
    ----------
    Robinett and Kepner, arXiv 1905.00416.

    Examples
    --------
    >>> plan = RadixNet([[3, 4], [2, 3, 2]], [1, 2, 4, 4, 2, 1])
    >>> plan.sizes, plan.paths, plan.density
    ((12, 24, 48, 48, 24, 12), 768, Fraction(49, 216))
    """

    systems: tuple[tuple[int, ...], ...]
    d: tuple[int, ...] = ()
    sign: int = -1
    anywhere: bool = False

    def __init__(self, systems: Any, d: Any = None, *, sign: int = -1, anywhere: bool = False):
        systems = _systems(systems)
        check_systems(systems, anywhere)
        count = sum(map(len, systems))
        d = (
            (1,) * (count + 1)
            if d is None
            else tuple(check_int("each number of d", one, least=1) for one in d)
        )
        if len(d) != count + 1:
            raise BadInput(
                f"d needs {count + 1} numbers for {count} radices, one for each node layer, not {len(d)}"
            )
        if isinstance(sign, bool) or sign not in (-1, 1):
            raise BadInput(f"sign must be -1 or 1, not {short(sign)}")
        for name, value in {"systems": systems, "d": d, "sign": int(sign), "anywhere": anywhere}.items():
            object.__setattr__(self, name, value)

    @property
    def n(self) -> int:
        """Nodes of the circulant, N'."""
        return max(math.prod(system) for system in self.systems)

    @property
    def radices(self) -> tuple[int, ...]:
        """The radix of each layer."""
        return tuple(radix for system in self.systems for radix in system)

    @property
    def places(self) -> tuple[int, ...]:
        """The place value of each layer."""
        return tuple(math.prod(system[:i]) for system in self.systems for i in range(len(system)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes of each node layer."""
        return tuple(copies * self.n for copies in self.d)

    @property
    def paths(self) -> int:
        """Paths from each input to each output: the product of all radices over N', times the inner d."""
        return math.prod(self.radices) // self.n * math.prod(self.d[1:-1])

    @property
    def n_edges(self) -> int:
        """All edges."""
        return self.n * sum(r * a * b for r, (a, b) in zip(self.radices, pairwise(self.d)))

    @property
    def density(self) -> Fraction:
        """The mean of the radices, weighted with the d on both sides, over N'."""
        return Fraction(self.n_edges, self.n**2 * sum(a * b for a, b in pairwise(self.d)))


def _systems(systems: Any) -> tuple[tuple[int, ...], ...]:
    rows = systems if isinstance(systems, (list, tuple)) else ()
    if not rows or not all(isinstance(row, (list, tuple)) and row for row in rows):
        raise BadInput(f"systems must be lists of radices such as [[2, 2, 2]], not {short(systems)}")
    return tuple(tuple(check_int("each radix", radix, least=2) for radix in row) for row in rows)


def check_systems(systems: Sequence[Sequence[int]], anywhere: bool) -> None:
    """Refuse systems in which some inputs reach some outputs more often than others do."""
    products = [math.prod(system) for system in systems]
    n = max(products)
    for i, product in enumerate(products, 1):
        if n % product:
            raise BadInput(
                f"the product {product} of system {i} does not divide {n}, that of the largest; change a radix"
            )
    for i, product in enumerate(products[:-1], 1):
        if product != n and not anywhere:
            raise BadInput(
                f"the product of system {i} is {product}, not {n}: only the last may be incomplete; move it "
                "there, or allow it with anywhere"
            )


def reduced_format(sizes: Sequence[int], degrees: Sequence[int], *, sign: int = -1) -> RadixNet:
    """The RadiX-Net with layers of these sizes and these edges for each input, the authors' reduced format.

    N' is the greatest common divisor of the sizes, d the sizes over N', and a radix the degree over the d behind
    it. A system ends where the product of its radices reaches N'. Only the last may be incomplete.

    Parameters
    ----------
    sizes : sequence of int
        Nodes of each node layer.
    degrees : sequence of int
        Edges that leave a node of each node layer but the last.
    sign : int, default -1
        As for `RadixNet`.

    Returns
    -------
    RadixNet

    Raises
    ------
    BadInput
        For sizes that have no common divisor, and degrees that do not fit.

    Examples
    --------
    >>> plan = reduced_format([1000, 2000, 3000, 2000, 1000], [20, 30, 20, 10])
    >>> plan.systems, plan.d
    (((10, 10, 10), (10,)), (1, 2, 3, 2, 1))
    """
    sizes = [check_int("each size", size, least=1) for size in sizes]
    degrees = [check_int("each degree", degree, least=1) for degree in degrees]
    if len(sizes) < 2 or len(degrees) != len(sizes) - 1:
        raise BadInput(
            f"{len(sizes)} sizes need {max(len(sizes) - 1, 1)} degrees, one less, not {len(degrees)}"
        )
    n = math.gcd(*sizes)
    if n == 1:
        raise BadInput(
            f"the sizes {', '.join(map(str, sizes))} have no common divisor but 1; build multiples of one "
            "number, and cut them"
        )
    d = [size // n for size in sizes]
    systems: list[list[int]] = [[]]
    for i, (degree, copies) in enumerate(zip(degrees, d[1:]), 1):
        if degree % copies or degree // copies < 2:
            raise BadInput(
                f"degree {i} must be a multiple of {copies} and at least {2 * copies}, not {degree}: each edge is "
                f"repeated for the {copies} times {n} nodes behind it"
            )
        if math.prod(systems[-1]) == n:
            systems.append([])
        systems[-1].append(degree // copies)
        if n % math.prod(systems[-1]):
            raise BadInput(
                f"the radices {', '.join(map(str, systems[-1]))} multiply to {math.prod(systems[-1])}, which does "
                f"not divide {n}, the greatest common divisor of the sizes; change degree {i}"
            )
    if math.prod(systems[0]) != n:
        raise BadInput(
            f"the radices {', '.join(map(str, systems[0]))} multiply to {math.prod(systems[0])}, not to {n}, the "
            "greatest common divisor of the sizes: some inputs would not reach some outputs; use larger degrees "
            "or more layers"
        )
    return RadixNet(systems, d, sign=sign)
