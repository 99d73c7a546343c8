"""How far a pruning probability moves for a rank: the paper's Eqn (3), and a straight line as its ablation."""

from __future__ import annotations

import math

import numpy as np

from ..backend import Array
from ..errors import check_float

LOWEST = -1.0  # what is added to a probability; less sends it to 0 just as well, and would overflow


def delta(rank: Array, zero: float, a: float = 0.05, u: float = 0.25) -> Array:
    """What is added to the pruning probability of each group: the centre-symmetric exponential.

    Weak groups rise by up to `a`, a group at the rank `zero` stays, stronger ones fall.

    Parameters
    ----------
    rank : array of float
        Ranks of the L1 norms, 0 for the weakest group.
    zero : float
        The rank at which nothing is added, above 0: R times the number of groups.
    a : float, default 0.05
        The largest step, of the weakest group.
    u : float, default 0.25
        At its centre of symmetry, the rank zero ln(1/u) / ln(2/u), the function is u a. In (0, 1).

    Returns
    -------
    array of float64
        At least -1.

    Raises
    ------
    BadInput
        For a number out of range.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), "Structured Probabilistic Pruning for Convolutional Neural Network
    Acceleration", arXiv 1709.06994v3, Eqn (3).

    Examples
    --------
    >>> [f"{change:.4f}" for change in delta([0, 50, 100], zero=75)]
    ['0.0500', '0.0125', '-0.0250']
    """
    r, zero, u = np.asarray(rank, float), _positive("zero", zero), check_float("u", u, 0, 1, open_low=True)
    alpha = (math.log(2) - math.log(u)) / zero
    centre = -math.log(u) / alpha
    below = a * np.exp(-alpha * np.minimum(r, centre))
    # The exponent grows with the rank without a limit; where it would pass `LOWEST` it is cut.
    exponent = np.minimum(alpha * (r - 2 * centre), math.log((2 * u * a - LOWEST) / a))
    return np.where(r <= centre, below, 2 * u * a - a * np.exp(exponent))


def linear_delta(rank: Array, zero: float, a: float = 0.05, u: float = 0.25) -> Array:
    """The same on a straight line: a at rank 0, nothing at the rank `zero`. u has no meaning here.

    Parameters
    ----------
    rank : array of float
    zero : float
    a : float, default 0.05
    u : float, default 0.25
        As for `delta`.

    Returns
    -------
    array of float64
        At least -1.

    Raises
    ------
    BadInput
        For a number out of range.

    Examples
    --------
    >>> linear_delta([0, 5, 10, 20], zero=10)
    array([ 0.05 ,  0.025,  0.   , -0.05 ])
    """
    return np.maximum(a - a / _positive("zero", zero) * np.asarray(rank, float), LOWEST)


def _positive(name: str, value: float) -> float:
    return check_float(name, value, 0, open_low=True)
