"""A RadiX-Net for given layers: sizes and a density instead of radices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..errors import BadInput, check_float, check_int
from .radix import RadixNet

__all__ = ["fitted_radix"]


def fitted_radix(sizes: Sequence[int], density: float, *, sign: int = -1) -> RadixNet:
    """The RadiX-Net whose density comes nearest, with layers that can be cut to these sizes.

    All its systems are the same, of radices that differ by one at most; the last may be incomplete. N' is at most
    the smallest size, and each layer is the least multiple of N' that is not below its size. So there are few
    densities for layers that are few or small: two layers of edges have at least 1 / sqrt(N').

    Parameters
    ----------
    sizes : sequence of int
        Nodes of each node layer, at least three of them, each at least 4.
    density : float
        The share of edges, above 0 and up to 1.
    sign : int, default -1
        As for `RadixNet`.

    Returns
    -------
    RadixNet
        Its `density` is what the layers have before they are cut.

    Raises
    ------
    BadInput
        For fewer or smaller sizes, and another density.

    Examples
    --------
    >>> plan = fitted_radix([784, 300, 100], 0.1)
    >>> plan.systems, plan.d, plan.sizes
    (((10, 10),), (8, 3, 1), (800, 300, 100))
    """
    sizes = [check_int("each size", size, least=1) for size in sizes]
    wanted = check_float("density", density, 0, 1, open_low=True)
    if len(sizes) < 3:
        raise BadInput(
            "a RadiX-Net needs two layers of edges or more, so that all inputs reach all outputs; give another "
            "hidden layer, or random edges"
        )
    if min(sizes) < 4:
        raise BadInput(f"a RadiX-Net needs 4 nodes or more in each layer, not {min(sizes)}; make it wider")
    plans = (_plan(system, sizes, sign) for system in _systems(len(sizes) - 1, min(sizes)))
    return min(plans, key=lambda plan: (abs(math.log(plan.density / wanted)), sum(plan.sizes)))


def _systems(layers: int, most: int) -> Iterator[tuple[int, ...]]:
    """Systems of up to so many radices r and r + 1 whose product is at most `most`."""
    for length in range(2, layers + 1):
        radix = 2
        while radix**length <= most:
            for larger in range(length):
                system = (radix + 1,) * larger + (radix,) * (length - larger)
                if math.prod(system) <= most:
                    yield system
            radix += 1


def _plan(system: tuple[int, ...], sizes: Sequence[int], sign: int) -> RadixNet:
    """The RadiX-Net of this system, as often as there are layers for it, with copies for these sizes."""
    whole, rest = divmod(len(sizes) - 1, len(system))
    n = math.prod(system)
    return RadixNet(
        [system] * whole + [system[:rest]] * bool(rest), [-(-size // n) for size in sizes], sign=sign
    )
