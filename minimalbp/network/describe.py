"""From a description of a network, as `describe` gives it, to a network of the same layers."""

from __future__ import annotations

from typing import Any

from .. import layers
from ..errors import BadInput, short, unknown
from ..layers import Layer, Residual, Sparsify
from ..select import Dense
from .sequential import Sequential

KNOWN: dict[str, type[Layer]] = {
    name: kind
    for name in layers.__all__
    if isinstance(kind := getattr(layers, name), type) and issubclass(kind, Layer)
}


def rebuild(
    description: dict[str, Any], *, rng: int = 0, backend: str = "cpu", dtype: str = "float32"
) -> Sequential:
    """Build the network that `Sequential.describe` describes, with new weights.

    A description says what weights need. It does not say how layers choose units, so all selectors are Dense.

    Parameters
    ----------
    description : dict
        As `net.describe()` returns it, or as JSON gives it back.
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
        When it is no description, or names a layer or a setting that minimalbp does not have.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([3, 5, 2], dropout=0.5, backend="reference")
    >>> rebuild(net.describe(), backend="reference").describe() == net.describe()
    True
    """
    if not isinstance(description, dict) or description.get("layer") != "Sequential":
        raise BadInput(f"a network is described by a dict of a Sequential, not by {short(description)}")
    inside = [_build(one) for one in _list(description)]
    return Sequential(*inside, rng=rng, backend=backend, dtype=dtype)


def _build(description: Any) -> Layer:
    """One layer, with those inside it."""
    if not isinstance(description, dict) or "layer" not in description:
        raise BadInput(f"a layer is described by a dict with its class, not by {short(description)}")
    settings = dict(description)
    name = settings.pop("layer")
    if name not in KNOWN:
        raise unknown("layer", name, KNOWN)
    kind, inside = KNOWN[name], []
    if "layers" in settings:
        inside = [_build(one) for one in _list(settings)]
        del settings["layers"]
    if issubclass(kind, Residual) and "project" in settings:
        settings["project"] = _build(settings["project"])
    if kind is Sparsify:
        settings["select"] = Dense()
    try:
        return kind(*inside, **settings)
    except TypeError as e:
        raise BadInput(f"{name} cannot be built from {short(description)} ({e})") from None


def _list(description: dict[str, Any]) -> list[Any]:
    found = description.get("layers")
    if not isinstance(found, list):
        raise BadInput(f"the layers of a network are a list, not {short(found)}")
    return found
