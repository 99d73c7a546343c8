"""A network on a sparse topology."""

from __future__ import annotations

from typing import Any

from ..errors import BadInput, check_int, short
from ..layers import Dropout, Layer, Linear, ReLU, SparseLinear
from ..select import Selector
from ..topology import Topology
from ..topology.facts import LEAST_FAN_IN
from .sequential import Sequential


def sparse_mlp(
    topology: Topology,
    *,
    outputs: int | None = None,
    select: Selector | None = None,
    dense_last: bool | None = None,
    dropout: float = 0.0,
    init: str = "he",
    **options: Any,
) -> Sequential:
    """`mlp` on a sparse topology: SparseLinear and ReLU (and Dropout) for every hidden layer, and linear outputs.

    Networks whose outputs read few nodes train badly. So the last layer is a dense Linear where the topology gives
    an output fewer than 10 inputs. `notes()` of the network says so.

    Parameters
    ----------
    topology : Topology
        The edges, from the inputs on.
    outputs : int, optional
        Outputs of a dense layer behind the topology, whose layers then are hidden ones. By default the last layer
        of the topology is that of the outputs.
    select : Selector, default Dense()
        The selector of every hidden layer.
    dense_last : bool, optional
        Whether the last layer is dense. By default it is where an output would have fewer than 10 inputs.
    dropout : float, default 0.0
        The p of the Dropout after every ReLU. 0: there are no such layers.
    init : str, default "he"
        The distribution of the initial weights, by the true fan-in of each unit, as for SparseLinear.
    **options
        rng, backend and dtype, as for Sequential.

    Returns
    -------
    Sequential

    Raises
    ------
    BadInput
        When `topology` is none, or a value is out of range.

    References
    ----------
    Alford, Robinett, Milechin and Kepner (arXiv 1810.00299): 784-300-100-10, of which the first two layers are a
    RadiX-Net.

    Examples
    --------
    >>> from minimalbp.topology import radix_net
    >>> net = sparse_mlp(radix_net([[4, 4], [2]], [2, 3, 3, 1]), backend="reference")
    >>> [type(layer).__name__ for layer in net.children]
    ['SparseLinear', 'ReLU', 'SparseLinear', 'ReLU', 'Linear']
    >>> net.notes()
    ['the last layer is dense: in the topology an output reads only 6 of 48 nodes; ...']
    """
    if not isinstance(topology, Topology):
        raise BadInput(f"topology must be a Topology, such as radix_net([[4, 4]]), not {short(topology)}")
    last = topology[-1]
    least = int(last.fan_in.min())
    few = outputs is None and least < min(LEAST_FAN_IN, last.n_in)
    dense = few if dense_last is None else bool(dense_last)
    layers: list[Layer] = []
    for graph in topology[: None if outputs is not None else -1]:
        layers += [
            SparseLinear(graph, select=select, init=init),
            ReLU(),
            *([Dropout(dropout)] if dropout else []),
        ]
    if outputs is not None:
        layers.append(Linear(last.n_out, check_int("outputs", outputs, least=1), init=init))
    else:
        layers.append(Linear(last.n_in, last.n_out, init=init) if dense else SparseLinear(last, init=init))
    net = Sequential(*layers, **options)
    if few:
        sparse = f"an output reads only {least} of {last.n_in} nodes"
        net.remarks.append(
            f"the last layer is dense: in the topology {sparse}; sparse_mlp(dense_last=False) keeps it sparse"
            if dense
            else f"{sparse}, and such networks train badly; sparse_mlp(dense_last=True) makes the last layer dense"
        )
    return net
