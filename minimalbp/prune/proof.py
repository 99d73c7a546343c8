"""The proof that a packed network computes what the pruned one computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput
from ..layers import BatchNorm1d, BatchNorm2d
from ..network import Sequential
from ..network.rewrite import clone
from .pack import pack
from .plain import check_network

LIMIT = 1e-12


class Unequal(ArithmeticError):
    """A packed network does not compute what the pruned one computes. The message is one line.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net, other = (mbp.mlp([4, 3, 2], rng=seed, backend="reference") for seed in (0, 1))
    >>> mbp.prune.prove(net, other, [[1, 2, 3, 4]])
    Traceback (most recent call last):
    ...
    minimalbp.prune.proof.Unequal: outputs differ by ... of the largest, above 1e-12; ...
    """


def prove(net: Sequential, packed: Sequential, x: Any) -> float:
    """Compare the outputs of a pruned network and its packed one, on the reference backend in float64.

    Where batch normalisation or a mean was folded, the weights of the packed network were rounded to its type. Then
    the same folding is done in float64 and compared, and it must round to the weights of the packed network.

    Parameters
    ----------
    net, packed : Sequential
        The network that was packed, and what `pack` made of it.
    x : array
        Examples, as the networks take them.

    Returns
    -------
    float
        The largest difference, divided by the largest output.

    Raises
    ------
    BadInput
        Without any example, and for examples that the networks do not take.
    Unequal
        When it is above 1e-12, or not a number.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([4, 3, 2], backend="reference")
    >>> net.children[0].weight.value[:, 1] = 0
    >>> prove(net, mbp.prune.pack(net), [[1, 2, 3, 4]]) < 1e-15
    True
    """
    check_network(net, packed)
    check_examples(net, x)
    true = clone(net, backend="reference", dtype="float64")
    expected = true(x)
    found = _difference(expected, clone(packed, backend="reference", dtype="float64")(x))
    if not found <= LIMIT:
        again = pack(true, fold_batchnorm=_norms(packed) < _norms(net))
        if _rounds_to(again, packed):
            found = _difference(expected, again(x))
    if not found <= LIMIT:
        raise Unequal(
            f"outputs differ by {found:.2g} of the largest, above {LIMIT:g}; "
            "the packed network is not that of these weights: pack them again"
        )
    return found


def check_examples(net: Sequential, x: Any) -> Array:
    """The examples as the network takes them. Raises BadInput where there is none."""
    x = net.prepare(x)
    if not len(x):
        raise BadInput(
            f"x must hold at least one example, not be of shape {x.shape}; give some of the test part"
        )
    return x


def _difference(expected: Array, found: Array) -> float:
    """The largest difference of two arrays, divided by the largest entry of the first."""
    if expected.shape != found.shape:
        return float("inf")
    apart, size = np.abs(expected - found).max(initial=0), np.abs(expected).max(initial=0)
    return float(apart / size if size else apart)


def _rounds_to(exact: Sequential, packed: Sequential) -> bool:
    """Whether a network in float64 has the layers of another one and, rounded to its type, its weights."""
    if exact.describe() != packed.describe():
        return False
    pairs = zip(
        [*exact.parameters(), *exact.statistics()], [*packed.parameters(), *packed.statistics()], strict=True
    )
    return all(
        np.array_equal(exact.be.get(a.value).astype(b.value.dtype), packed.be.get(b.value)) for a, b in pairs
    )


def _norms(net: Sequential) -> int:
    return sum(isinstance(layer, (BatchNorm1d, BatchNorm2d)) for layer in net.layers())
