"""Other topologies, to compare with: X-Nets by chance and by groups, Bernoulli masks, pruned weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import BadInput, check_float, check_int, unknown
from .base import Topology
from .bipartite import Bipartite, check_edges
from .blocks import Blocks
from .regular import regular

__all__ = ["bernoulli", "cayley", "draw_inputs", "draw_outputs", "largest", "random_net", "x_linear"]


def draw_inputs(n_in: int, n_out: int, fan_in: int, rng: np.random.Generator) -> Bipartite:
    """A layer in which each output draws `fan_in` different inputs; fan-outs are left to chance.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides.
    fan_in : int
        Inputs of each output, at most n_in.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For a fan-in that cannot be.

    Examples
    --------
    >>> [int(n) for n in draw_inputs(9, 4, 3, np.random.default_rng(0)).fan_in]
    [3, 3, 3, 3]
    """
    n_in, n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
    if check_int("fan-in", fan_in, least=1) > n_in:
        raise BadInput(
            f"a fan-in of {fan_in} is more than the {n_in} inputs of the layer; use at most {n_in}"
        )
    check_edges(n_out * fan_in)
    rows = [rng.choice(n_in, fan_in, replace=False, shuffle=False) for _ in range(n_out)]
    return Bipartite(n_in, n_out, fan_in * np.arange(n_out + 1), np.sort(rows, axis=1).reshape(-1))


def draw_outputs(n_in: int, n_out: int, fan_out: int, rng: np.random.Generator) -> Bipartite:
    """A layer in which each input draws `fan_out` different outputs; fan-ins are left to chance.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides.
    fan_out : int
        Outputs of each input, at most n_out.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For a fan-out that cannot be.

    Examples
    --------
    >>> [int(n) for n in draw_outputs(4, 9, 3, np.random.default_rng(0)).fan_out]
    [3, 3, 3, 3]
    """
    n_in, n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
    if check_int("fan-out", fan_out, least=1) > n_out:
        raise BadInput(
            f"a fan-out of {fan_out} is more than the {n_out} outputs of the layer; use at most {n_out}"
        )
    return draw_inputs(n_out, n_in, fan_out, rng).transposed()[0]


def x_linear(n_in: int, n_out: int, degree: int, rng: np.random.Generator) -> Bipartite:
    """A random X-Linear layer as in the public code of X-Nets: the larger side is drawn from.

    With fewer outputs than inputs each output draws `degree` inputs, otherwise each input draws `degree` outputs.
    So one side is regular and the other left to chance.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides.
    degree : int
        What each node draws.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For a degree that cannot be.

    References
    ----------
    Prabhu, Varma and Namboodiri, arXiv 1711.08757.

    Examples
    --------
    >>> x_linear(20, 30, 4, np.random.default_rng(0)).n_edges
    80
    """
    return (draw_inputs if n_out < n_in else draw_outputs)(n_in, n_out, degree, rng)


def cayley(n: int, generators: Sequence[int]) -> Bipartite:
    """The Cayley graph of the cyclic group of n elements: an edge from x to x + s, for each generator s.

    A layer of a RadiX-Net is one, with the generators 0, v, 2v, and so on.

    Parameters
    ----------
    n : int
        Nodes on both sides.
    generators : sequence of int
        Different modulo n.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For no generators, and for two that are the same modulo n.

    Examples
    --------
    >>> cayley(4, [0, 1]).mask().T.astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1],
           [1, 0, 0, 1]])
    """
    n = check_int("n", n, least=1)
    offsets = sorted(-check_int("each generator", s, least=-(2**62)) % n for s in generators)
    if not offsets or len(set(offsets)) < len(offsets):
        given = ", ".join(map(str, generators)) or "none"
        raise BadInput(f"generators must be at least one, and different modulo {n}, not {given}")
    return Bipartite.from_blocks(Blocks(1, 1, n, tuple(offsets)))


def bernoulli(n_in: int, n_out: int, density: float, rng: np.random.Generator) -> Bipartite:
    """A layer in which each edge is there with this probability, whatever the others are.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides.
    density : float
        The probability, above 0 and up to 1.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For another density.

    Examples
    --------
    >>> bernoulli(20, 30, 1, np.random.default_rng(0)).n_edges
    600
    """
    n_in, n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
    density = check_float("density", density, 0, 1, open_low=True)
    check_edges(int(density * n_in * n_out))
    rows = [np.flatnonzero(rng.random(n_in) < density).astype(np.int32) for _ in range(n_out)]
    return Bipartite(
        n_in, n_out, np.concatenate([[0], np.cumsum(list(map(len, rows)))]), np.concatenate(rows)
    )


def largest(weight: Any, density: float) -> Bipartite:
    """The layer that pruning by magnitude leaves: the edges of the largest weights.

    Parameters
    ----------
    weight : array (n_out, n_in)
        As `Linear` has it.
    density : float
        The share that stays, above 0 and up to 1. Of equal magnitudes the first ones stay.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For another density, and for weights that are no matrix or not finite.

    Examples
    --------
    >>> largest([[1, -5, 2], [3, 0, -1]], 0.5).mask().astype(int)
    array([[0, 1, 1],
           [1, 0, 0]])
    """
    magnitude = np.abs(np.asarray(weight))
    if magnitude.ndim != 2 or 0 in magnitude.shape or not np.isfinite(magnitude).all():
        raise BadInput(f"weights must be a finite matrix (n_out, n_in), not of shape {magnitude.shape}")
    density = check_float("density", density, 0, 1, open_low=True)
    count = max(1, round(density * magnitude.size))
    mask = np.zeros(magnitude.size, bool)
    mask[np.argsort(-magnitude, axis=None, kind="stable")[:count]] = True
    return Bipartite.from_mask(mask.reshape(magnitude.shape))


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
    return Topology([_layer(kind, name, a, b, v, rng) for a, b, v in zip(sizes, sizes[1:], many)])


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
