"""The sparse topology that settings ask for, by name or from a file."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import BadInput, short
from ..seeds import Streams
from ..topology import Topology, named_topology, read_topology
from ..topology.named import NAMES
from .base import Choices

DENSITY = "10%"
NEAR = 1.1  # a density that is off by a smaller factor is not told of


def from_file(settings: Choices) -> bool:
    """Whether the topology is one in a file or a folder."""
    return settings.topology is not None and settings.topology not in NAMES


def defaults_of(settings: Choices) -> dict[str, Any]:
    """Defaults of settings that depend on the topology: a file says its density and the hidden layers."""
    if settings.topology is None:
        return {}
    return {"hidden": ()} if from_file(settings) else {"density": DENSITY}


def parse_density(value: Any) -> str:
    """The percentage that a share such as 0.1, or text such as "10 %", stands for. Raises BadInput."""
    text = str(value).strip()
    try:
        number = float(text.removesuffix("%")) * (1 if text.endswith("%") else 100)
    except ValueError:
        number = 0.0
    if not 0 < number <= 100:  # false for NaN too
        raise BadInput(
            f"density must be a share of edges, above 0% and up to 100%, such as 10%, not {short(value)}"
        )
    return f"{number:g}%"


def share(settings: Choices) -> float:
    """The density as a number, that of a network without a topology being 1."""
    if from_file(settings):
        return _read(settings).density
    return 1.0 if settings.density is None else float(settings.density.removesuffix("%")) / 100


def fingerprint(settings: Choices) -> str:
    """The SHA-256 of the edges in the file, which a run keeps: a run that goes on needs the same."""
    digest = hashlib.sha256()
    for layer in _read(settings):
        digest.update(
            repr((layer.n_in, layer.n_out)).encode() + layer.start.tobytes() + layer.source.tobytes()
        )
    return digest.hexdigest()


def hidden_of(settings: Choices, n_classes: int) -> tuple[int, ...]:
    """The hidden layers: those of the settings, or of the file, whose last layer may be that of the classes."""
    if not from_file(settings) or settings.hidden:
        return settings.hidden
    sizes = _read(settings).sizes
    found = sizes[1:-1] if len(sizes) > 2 and sizes[-1] == n_classes else sizes[1:]
    return tuple(found)


def topology_of(settings: Choices, n_inputs: int, n_classes: int) -> tuple[Topology, list[str]]:
    """The edges between the inputs and the hidden layers, of a file maybe to the classes too, and notes on them.

    Raises BadInput for a file that cannot be read, and for one that is too small for the data or the hidden layers.
    """
    assert settings.topology is not None
    sizes = [n_inputs, *hidden_of(settings, n_classes)]
    if from_file(settings):
        net = _read(settings)
        if len(net.sizes) == len(sizes) + 1 and net.sizes[-1] == n_classes:
            sizes.append(n_classes)
        return _cut(net, sizes, settings.topology)
    wanted = share(settings)
    net = named_topology(settings.topology, sizes, wanted, Streams(settings.seed).generator("topology"))
    if 1 / NEAR < net.density / wanted < NEAR:
        return net, []
    shown = (
        f"the topology {settings.topology} of {'-'.join(map(str, sizes))} has {net.density:.3g} of all edges"
    )
    why = (
        "wider or more hidden layers give more densities"
        if net.recipe
        else "nodes have whole numbers of edges"
    )
    return net, [f"{shown}, not {settings.density}: {why}"]


def _cut(net: Topology, sizes: list[int], path: str) -> tuple[Topology, list[str]]:
    """The topology of a file with the first nodes dropped, where the data or the hidden layers have fewer."""
    there, wanted = ("-".join(map(str, one)) for one in (net.sizes, sizes))
    if len(net.sizes) != len(sizes) or any(size > now for size, now in zip(sizes, net.sizes)):
        raise BadInput(
            f"{path} has layers of {there}, but the data and hidden ask for {wanted}; give a file with these, or "
            "leave out hidden"
        )
    if tuple(sizes) == net.sizes:
        return net, []
    return net.cut(sizes), [
        f"the topology of {there} was cut to {wanted}: the first nodes of its layers are dropped"
    ]


def _read(settings: Choices) -> Topology:
    """The topology in the file that settings name."""
    path = Path(str(settings.topology))
    try:
        changed = max([path.stat().st_mtime_ns, *(one.stat().st_mtime_ns for one in path.glob("*"))])
    except (OSError, ValueError):  # a path with a NUL byte
        known = ", ".join(NAMES)
        raise BadInput(
            f"topology must be one of {known}, or a file or folder of edges, which {settings.topology!r} is not"
        ) from None
    return _read_once(path, changed)


@lru_cache(maxsize=4)
def _read_once(path: Path, changed: int) -> Topology:
    """Settings are made and checked many times. changed: when the files were written."""
    return read_topology(path)


def check(settings: Choices) -> None:
    """Raise BadInput for settings that sparse layers cannot have."""
    if settings.topology is None:
        if settings.density is not None:
            raise BadInput(
                f"density = {settings.density} is of a topology; give one, such as random, or leave it out"
            )
        return
    if settings.center != "off":
        raise BadInput(
            f"center = {settings.center} is for dense layers: an output of a sparse one has its own inputs; "
            "leave it out with topology"
        )
    if from_file(settings):
        if settings.density is not None:
            raise BadInput(f"{settings.topology} says its density; leave density = {settings.density} out")
        _read(settings)
