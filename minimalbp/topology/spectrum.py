"""How well one layer mixes: the ratio of its second singular value to the first."""

from __future__ import annotations

import numpy as np

from .bipartite import Bipartite

__all__ = ["singular_ratio"]

DENSE = 300  # nodes of the smaller side up to which all singular values are computed


def singular_ratio(layer: Bipartite) -> float:
    """The second singular value of a layer's matrix over the first: 1 where it falls apart, near 0 where it mixes.

    A RadiX-Net layer of place value v falls apart into v classes; only a whole system mixes, and then perfectly.
    A random K-regular layer mixes at once: its ratio is about 2 sqrt(K - 1) / K.

    Parameters
    ----------
    layer : Bipartite
        Any layer.

    Returns
    -------
    float
        NaN for a layer without edges.

    Examples
    --------
    >>> from minimalbp.topology import radix_net
    >>> [round(singular_ratio(layer), 4) for layer in radix_net([[2, 2, 2, 2, 2, 2]])[:2]]
    [0.9988, 1.0]
    """
    blocks = layer.blocks
    if layer.n_edges == 0:
        return float("nan")
    if blocks is not None and not blocks.drop_in and not blocks.drop_out:
        # of a circulant they are the magnitudes of its Fourier transform; ones and an order change no ratio
        ones = np.zeros(blocks.n)
        ones[list(blocks.offsets)] = 1
        values = np.sort(np.abs(np.fft.fft(ones)))
        return float(values[-2] / values[-1]) if blocks.n > 1 else 0.0
    side = min(layer.n_in, layer.n_out)
    if side == 1:
        return 0.0
    w = layer.to_scipy().astype(np.float64)
    if side <= DENSE:
        from scipy.linalg import eigh

        gram = (w @ w.T if layer.n_in == side else w.T @ w).toarray()
        second, first = eigh(gram, eigvals_only=True, subset_by_index=[side - 2, side - 1])
        return float(np.sqrt(max(second, 0.0) / first))
    from scipy.sparse.linalg import svds

    start = np.random.default_rng(0).standard_normal(side)
    return float(np.divide(*np.sort(svds(w, 2, v0=start, return_singular_vectors=False))))
