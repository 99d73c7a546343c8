"""Several random layers of one kind, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import BadInput, check_float, check_int, unknown
from .base import Topology
from .bipartite import Bipartite
from .random import bernoulli, draw_inputs, draw_outputs, x_linear
from .regular import regular

__all__ = ["random_net"]

KINDS = ("random", "regular", "bernoulli")


def random_net(
    kind: str,
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    density: float | None = None,
    degree: int | Sequence[int] | None = None,
    fan_in: int | Sequence[int] | None = None,
    fan_out: int | Sequence[int] | None = None,
) -> Topology:
    """Random layers of the same kind, one after another.

    Parameters
    ----------
    kind : str
        "random" draws a side of each layer, "regular" gives all nodes of a side the same fan, "bernoulli" draws
        each edge.
    sizes : sequence of int
        Nodes of each node layer.
    rng : numpy.random.Generator
        It draws.
    density : float, optional
        The share of edges: of any kind. Where degrees are wanted, the nearest.
    degree : int or sequence of int, optional
        Of "random": as for `x_linear`, for all layers or for each.
    fan_in : int or sequence of int, optional
        Of "random" and "regular": as for `draw_inputs` and `regular`.
    fan_out : int or sequence of int, optional
        Of "random": as for `draw_outputs`.

    Returns
    -------
    Topology

    Raises
    ------
    BadInput
        For another kind, for none of the four amounts or several, and for what a layer cannot have.

    Examples
    --------
    >>> random_net("regular", [784, 300, 100], np.random.default_rng(0), density=0.1)
    Topology(784-300-100, 26400 edges, density 0.0995)
    """
    if kind not in KINDS:
        raise unknown("kind of topology", kind, KINDS)
    amounts = {"density": density, "degree": degree, "fan_in": fan_in, "fan_out": fan_out}
    given = {name: value for name, value in amounts.items() if value is not None}
    allowed = {"random": tuple(amounts), "regular": ("density", "fan_in"), "bernoulli": ("density",)}[kind]
    words = " or ".join(name.replace("_", "-") for name in allowed)
    if len(given) != 1 or not given.keys() <= set(allowed):
        found = " and ".join(name.replace("_", "-") for name in given) or "none"
        raise BadInput(f"a topology of the kind {kind} needs {words}, one of them, not {found}")
    sizes = [check_int("each size", size, least=1) for size in sizes]
    if len(sizes) < 2:
        raise BadInput(f"a topology needs at least two sizes, not {len(sizes)}")
    ((name, value),) = given.items()
    many = list(value) if isinstance(value, (list, tuple)) else [value] * (len(sizes) - 1)
    if len(many) != len(sizes) - 1:
        raise BadInput(
            f"{name.replace('_', '-')} needs one number, or {len(sizes) - 1} for the layers, not {len(many)}"
        )
    return Topology([_layer(kind, name, a, b, v, rng) for (a, b), v in zip(pairwise(sizes), many)])


def _layer(kind: str, name: str, n_in: int, n_out: int, value: Any, rng: np.random.Generator) -> Bipartite:
    if kind == "bernoulli":
        return bernoulli(n_in, n_out, value, rng)
    if name == "density":
        share = check_float("density", value, 0, 1, open_low=True)
        others = n_in if kind == "regular" or n_out < n_in else n_out
        value = max(1, round(share * others))
    makers: dict[str, Callable[..., Bipartite]] = {"fan_in": draw_inputs, "fan_out": draw_outputs}
    make = regular if kind == "regular" else makers.get(name, x_linear)
    return make(n_in, n_out, value, rng)
