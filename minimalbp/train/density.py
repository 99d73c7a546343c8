"""The natural share of non-zeros: how many entries of a convolution's gradient ReLU and pooling leave anyway."""

from __future__ import annotations

from ..layers.convolution import Convolution
from ..network import Sequential
from ..select import Systematic, Threshold, TopK

DEAD = 1e-4  # the share of non-zeros below which no more is learnt


def densities(net: Sequential) -> list[float] | None:
    """For each convolution the share of entries of its last gradient that are not zero, before anything is chosen.

    None for a network without convolutions, or before its first backward pass.
    """
    shares = [layer.density() for layer in _convolutions(net)]
    return [share for share in shares if share is not None] or None


def density_notes(net: Sequential, density: list[float] | None) -> list[str]:
    """A note for each convolution in which k is at least the number of non-zeros on average.

    density: of a training, for each convolution.
    """
    notes = []
    for i, (layer, share) in enumerate(zip(_convolutions(net), density or ()), 1):
        if layer.density() is None or not isinstance(layer.select, (TopK, Systematic, Threshold)):
            continue
        n, select = layer.last_dy[0].size, layer.select
        if share < DEAD:
            notes.append(
                f"no gradient reaches convolution {i}: its units are dead; try a smaller learning rate"
            )
            continue
        if share <= select.units(n) / n:
            k = f"{100 * select.ratio:.4g} %" if select.ratio is not None else f"{select.k} of {n}"
            notes.append(
                f"k = {k} does nothing in convolution {i}: on average {100 * share:.3g} % of the entries of its "
                "gradient are not zero"
            )
    return notes


def _convolutions(net: Sequential) -> list[Convolution]:
    return [layer for layer in net.layers() if isinstance(layer, Convolution)]
