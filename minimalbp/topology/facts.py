"""All facts about a topology, counted, beside what the formulas say, and what is dangerous about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .base import Topology
from .bipartite import Bipartite
from .paths import MOST_WORK, Paths, count_paths, dead_nodes
from .spectrum import singular_ratio

__all__ = ["Facts", "LayerFacts", "facts"]

LEAST_FAN_IN = 10  # of outputs: with 1 to 3 networks train badly (arXiv 2311.03609)
MOST_SIDE = 20_000  # nodes up to which singular values of layers without a structure are computed


@dataclass(frozen=True)
class LayerFacts:
    """What there is to say of one layer.

    Parameters
    ----------
    n_in, n_out, edges : int
        Its nodes and edges.
    density : float
        Edges over those of a dense layer.
    fan_in, fan_out : (int, int)
        The smallest and the largest.
    singular_ratio : float or None
        The second singular value over the first; None for a layer without edges, or too large a one.
    """

    n_in: int
    n_out: int
    edges: int
    density: float
    fan_in: tuple[int, int]
    fan_out: tuple[int, int]
    singular_ratio: float | None


@dataclass(frozen=True)
class Facts:
    """What there is to say of a topology.

    Parameters
    ----------
    sizes : tuple of int
        Nodes of each node layer.
    edges : int
        All edges.
    density : float
        All edges over those of the dense network.
    layers : tuple of LayerFacts
        One for each layer of edges.
    paths : Paths or None
        None where counting would take too long.
    unreached, unread : tuple of int
        Of each node layer, the nodes that no input reaches, and those that reach no output.
    formula_paths, formula_density : int or None, float or None
        What the theorems say of a RadiX-Net that is not cut.
    warnings : tuple of str
        One line each.
    """

    sizes: tuple[int, ...]
    edges: int
    density: float
    layers: tuple[LayerFacts, ...]
    paths: Paths | None
    unreached: tuple[int, ...]
    unread: tuple[int, ...]
    formula_paths: int | None
    formula_density: float | None
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The facts as JSON has them. Numbers of thousands of digits are hexadecimal text."""
        found = asdict(self)
        if self.paths is not None:
            found["paths"] |= {"symmetric": self.paths.symmetric, "connected": self.paths.connected}
            for name in ("least", "most"):
                found["paths"][name] = _readable(found["paths"][name])
        found["formula_paths"] = _readable(self.formula_paths)
        return found


def _readable(number: int | None) -> int | str | None:
    """A number that JSON's readers can take: Python itself writes no more than 4,300 digits."""
    return hex(number) if number is not None and number.bit_length() > 13_000 else number


def facts(topology: Topology, most_work: int | None = MOST_WORK) -> Facts:
    """Count and compute all facts about a topology.

    Parameters
    ----------
    topology : Topology
        Of any layers.
    most_work : int or None
        Additions that counting the paths may take, by default some ten seconds; None is without a limit.

    Returns
    -------
    Facts

    Examples
    --------
    >>> from minimalbp.topology import radix_net
    >>> found = facts(radix_net([[10, 10]], [8, 3, 1], cut=[784, 300, 10]))
    >>> found.paths.connected, found.unread
    (True, (0, 0, 0))
    """
    recipe = None if topology.cut_down else topology.recipe
    dead, paths = dead_nodes(topology), count_paths(topology, most_work)
    unreached, unread = ([int(side.sum()) for side in sides] for sides in zip(*dead))
    return Facts(
        topology.sizes,
        topology.n_edges,
        topology.density,
        tuple(_layer_facts(layer) for layer in topology),
        paths,
        tuple(unreached),
        tuple(unread),
        recipe.paths if recipe else None,
        float(recipe.density) if recipe else None,
        tuple(_warnings(topology, paths, unreached, unread)),
    )


def _layer_facts(layer: Bipartite) -> LayerFacts:
    small = max(layer.n_in, layer.n_out) <= MOST_SIDE or layer.blocks is not None
    ratio = singular_ratio(layer) if small and layer.n_edges else None
    ins, outs = ((int(fan.min()), int(fan.max())) for fan in (layer.fan_in, layer.fan_out))
    return LayerFacts(layer.n_in, layer.n_out, layer.n_edges, layer.density, ins, outs, ratio)


def _warnings(topology: Topology, paths: Paths | None, unreached: list[int], unread: list[int]) -> list[str]:
    found, last = [], topology[-1]
    least = int(last.fan_in.min())
    if least < min(LEAST_FAN_IN, last.n_in):
        found.append(
            f"an output reads only {least} of {last.n_in} nodes, and such networks train badly; keep the last "
            f"layer dense, or give it a fan-in of at least {LEAST_FAN_IN}"
        )
    for i, (a, b, size) in enumerate(zip(unreached, unread, topology.sizes)):
        if b:
            name = "inputs" if i == 0 else f"nodes of layer {i}"
            found.append(f"{b} of {size} {name} reach no output; their weights never learn")
        if a:
            name = "outputs" if i == len(topology) else f"nodes of layer {i}"
            found.append(f"{a} of {size} {name} are reached by no input; they are constant")
    if paths is None:
        found.append("the paths are not counted, since that would take long")
    elif not paths.connected:
        share = paths.unconnected / paths.pairs
        found.append(
            f"{share:.1%} of the input-output pairs have no path, so those outputs never see those inputs"
        )
    return found
