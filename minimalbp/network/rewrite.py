"""A network like another one, in which some layers are replaced by others."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from ..backend import Array
from ..errors import BadInput
from ..layers import Chain, Layer, Residual
from ..layers.base import is_later
from .sequential import Sequential


class Instead(NamedTuple):
    """What comes in the place of some neighbouring layers.

    Parameters
    ----------
    layer : Layer
        A new one, in no network yet.
    values : list of array
        Of its parameters, and then of its statistics.
    replaces : int, default 1
        How many layers it replaces.
    """

    layer: Layer
    values: list[Array]
    replaces: int = 1


L = TypeVar("L", bound=Layer)
Change = Callable[[Sequence[Layer], int], Instead | None]


def rewrite(
    net: Sequential, change: Change, *, backend: str | None = None, dtype: str | None = None
) -> Sequential:
    """A new network with the weights of `net`, in which `change` replaces layers.

    Parameters
    ----------
    net : Sequential
        It stays as it is.
    change : callable
        Called with the layers of a chain and the index of one of them: returns what comes in the place of this
        layer and those after it, or None for a copy.
    backend, dtype : str, optional
        Of the new network; by default those of `net`.

    Returns
    -------
    Sequential
    """
    made: list[tuple[Layer, list[Array]]] = []

    def many(children: Sequence[Layer]) -> list[Layer]:
        found: list[Layer] = []
        at = 0
        while at < len(children):
            new = change(children, at) or Instead(_copy(children[at]), values_of(children[at]))
            if not isinstance(new.layer, Chain):
                made.append((new.layer, new.values))
            found.append(new.layer)
            at += new.replaces
        return found

    def _copy(layer: Layer) -> Layer:
        new = fresh(layer)
        if isinstance(layer, Chain) and isinstance(new, Chain):
            new.children = many(layer.children)
        if isinstance(layer, Residual) and isinstance(new, Residual) and layer.project is not None:
            new.project = many([layer.project])[0]
        return new

    found = Sequential(*many(net.children), backend=backend or net.be.name, dtype=dtype or net.dtype)
    for layer, values in made:
        for p, value in zip([*layer.parameters(), *layer.statistics()], values, strict=True):
            p.value[...] = value
    return found


def values_of(layer: Layer) -> list[Array]:
    """Copies of the values of its parameters and statistics, in this order."""
    return [p.backend.get(p.value) for p in [*layer.parameters(), *layer.statistics()]]


def fresh(layer: L) -> L:
    """A copy of a layer that is in no network: its settings, without its weights and without the layers inside."""
    if not isinstance(layer, Chain) and len(list(layer.layers())) > 1:
        raise BadInput(f"{layer.label} holds other layers in a way of its own; derive it from Chain")
    new = copy.copy(layer)
    for name in list(vars(new)):
        if is_later(type(new), name) or name == "path":
            del vars(new)[name]
    return new


def clone(net: Sequential, *, backend: str | None = None, dtype: str | None = None) -> Sequential:
    """A copy of a network with its weights, on another backend or in another type if asked for."""
    return rewrite(net, lambda layers, at: None, backend=backend, dtype=dtype)
