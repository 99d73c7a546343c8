"""From a description of a network, as `describe` gives it, to a network of the same layers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .. import layers
from ..errors import BadInput, short, unknown
from ..layers import Layer, Residual, Sparsify
from ..select import Dense, Selector
from .sequential import Sequential

KNOWN: dict[str, type[Layer]] = {
    name: kind
    for name in layers.__all__
    if isinstance(kind := getattr(layers, name), type) and issubclass(kind, Layer)
}


CHOOSE = (
    ("Sparsify",),
    ("Conv2d", "PackedConv2d", "SparseConv2d"),
)  # the layers that get the selector, if there are any


def rebuild(
    description: dict[str, Any],
    *,
    select: Selector | None = None,
    rng: int = 0,
    backend: str = "cpu",
    dtype: str = "float32",
) -> Sequential:
    """Build the network that `Sequential.describe` describes, with new weights.

    A description says what weights need. It does not say how layers choose units.

    Parameters
    ----------
    description : dict
        As `net.describe()` returns it, or as JSON gives it back.
    select : Selector, default Dense()
        Of the hidden layers, as `lenet`, `convnet` and `mlp` take it: of the convolutions, or the Sparsify behind
        them; in a network without any of all layers with units but the last.
    rng : int, default 0
        As for Sequential, like the next two.
    backend : {"cpu", "reference"}, default "cpu"
    dtype : {"float32", "float64"}, default "float32"

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When it is no description, or names a layer or a setting that minimalbp does not have; and for a selector
        that no layer takes.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([3, 5, 2], dropout=0.5, backend="reference")
    >>> rebuild(net.describe(), backend="reference").describe() == net.describe()
    True
    """
    if not isinstance(description, dict) or description.get("layer") != "Sequential":
        raise BadInput(f"a network is described by a dict of a Sequential, not by {short(description)}")
    chosen = [] if select is None else _choosing(description)
    inside = [_build(one, select, chosen) for one in _list(description)]
    return Sequential(*inside, rng=rng, backend=backend, dtype=dtype)


def _choosing(description: dict[str, Any]) -> list[int]:
    """The ids of the descriptions of the layers that choose units. Raises BadInput where there are none."""
    every = list(_every(description))
    for kinds in CHOOSE:
        if found := [id(one) for one in every if one.get("layer") in kinds]:
            return found
    units = [id(one) for one in every if one.get("layer") in ("Linear", "PackedLinear", "LSTM")]
    if len(units) < 2:
        raise BadInput("the network has no hidden layer that chooses units; leave select out")
    return units[:-1]


def _every(description: Any) -> Iterator[dict[str, Any]]:
    """A description and those inside it."""
    if isinstance(description, dict):
        yield description
        layers = description.get("layers")
        for one in [*(layers if isinstance(layers, list) else []), description.get("project")]:
            yield from _every(one)


def _build(description: Any, select: Selector | None, chosen: Collection[int]) -> Layer:
    """One layer, with those inside it."""
    if not isinstance(description, dict) or "layer" not in description:
        raise BadInput(f"a layer is described by a dict with its class, not by {short(description)}")
    settings = dict(description)
    name = settings.pop("layer")
    if not isinstance(name, str) or name not in KNOWN:
        raise unknown("layer", name, KNOWN)
    kind, inside = KNOWN[name], []
    if "layers" in settings:
        inside = [_build(one, select, chosen) for one in _list(settings)]
        del settings["layers"]
    if issubclass(kind, Residual) and "project" in settings:
        settings["project"] = _build(settings["project"], select, chosen)
    if id(description) in chosen or kind is Sparsify:
        settings["select"] = select or Dense()
    try:
        return kind(*inside, **settings)
    except BadInput:
        raise
    except (TypeError, ValueError, AttributeError) as e:
        raise BadInput(f"{name} cannot be built from {short(description)} ({e})") from None


def _list(description: dict[str, Any]) -> list[Any]:
    found = description.get("layers")
    if not isinstance(found, list):
        raise BadInput(f"the layers of a network are a list, not {short(found)}")
    return found
