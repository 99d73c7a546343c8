"""Initial weights, (n_out, n_in) in float64, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import unknown


def glorot_uniform(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    """U(-a, a) with a = sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010, equation 16)."""
    limit = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def glorot_normal(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    """N(0, s) with s² = 2 / (n_in + n_out): the variance of glorot_uniform."""
    return rng.normal(0, np.sqrt(2 / (n_in + n_out)), (n_out, n_in))


def he(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    """N(0, s) with s² = 2 / n_in (He et al. 2015), for ReLU."""
    return rng.normal(0, np.sqrt(2 / n_in), (n_out, n_in))


def meprop_wide(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    """N(0, s) with s² = 6 / (n_in + n_out): *faithful* to the meProp authors' C# code.

    It takes the limit of Glorot's uniform for a standard deviation, which is sqrt(3) too wide. glorot_normal is the
    corrected form.
    """
    return rng.normal(0, np.sqrt(6 / (n_in + n_out)), (n_out, n_in))


def edge_weights(name: str, rng: np.random.Generator, fan_in: np.ndarray, fan_out: np.ndarray) -> np.ndarray:
    """The weights of edges, (edges,), by the fan-in of the output and the fan-out of the input of each edge."""
    if name == "glorot_uniform":
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit)
    factor, fans = {
        "glorot_normal": (2, fan_in + fan_out),
        "meprop_wide": (6, fan_in + fan_out),
        "he": (2, fan_in),
    }[name]
    return rng.normal(0, np.sqrt(factor / fans))


INITIALISERS: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    f.__name__: f for f in (glorot_uniform, glorot_normal, he, meprop_wide)
}


def get_initialiser(name: str) -> Callable[[np.random.Generator, int, int], np.ndarray]:
    """The initialiser called `name`. Raises BadInput with the nearest known name."""
    if name not in INITIALISERS:
        raise unknown("initialiser", name, INITIALISERS)
    return INITIALISERS[name]
