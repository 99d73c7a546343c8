"""Layers by chance, to compare with: X-Nets as in the public code, and Bernoulli masks."""

from __future__ import annotations

import numpy as np

from ..errors import check_float, check_int
from .bipartite import Bipartite, check_edges, check_fan

__all__ = ["bernoulli", "draw_inputs", "draw_outputs", "x_linear"]


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
    check_edges(n_out * check_fan("fan-in", fan_in, n_in, "inputs"))
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
    check_fan("fan-out", fan_out, n_out, "outputs")
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
