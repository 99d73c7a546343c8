"""How much faster a packed network is by the clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import check_float
from ..layers import Conv2d, Linear, PackedLinear
from ..layers.maps import maps
from ..measure.timing import Timed, clocked, in_turns
from ..network import Sequential
from ..network.frozen import Frozen
from .plain import check_network
from .proof import Unequal, check_examples
from .speed import layer_pairs, theoretical

CLOSE = {"float32": 1e-4, "float64": 1e-10}  # of outputs on one backend, whose sums have other orders


def measure(
    net: Sequential, packed: Sequential, x: Any, *, threads: int | None = None, seconds: float = 1.0
) -> dict[str, Any]:
    """Measure how many times as fast the forward pass of the packed network is, and that of each of its layers.

    Layers are the convolutions and linear layers. All take turns, on the inputs that they have in the network. Of
    each network the faster counts of itself and Frozen. Outputs are compared before.

    Parameters
    ----------
    net, packed : Sequential
        The network that was packed, and what `pack` made of it, on the same backend.
    x : array
        One batch.
    threads : int, optional
        Cores; by default all that this process may use.
    seconds : float, default 1.0
        About how long each network and each layer is timed.

    Returns
    -------
    dict
        As `theoretical` returns it, with "measured" for each layer and for "net": the ratio of medians. Also
        "batch", "threads", and "seconds" of both networks, [dense, packed].

    Raises
    ------
    BadInput
        As `theoretical` does, and without any example.
    Unequal
        When outputs differ.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 3, filters=(4, 6), units=(), backend="reference")
    >>> net.children[3].weight.value[:, :3] = 0
    >>> facts = measure(net, mbp.prune.pack(net), [[[1] * 8] * 8], threads=1, seconds=0.01)
    >>> sorted(facts["net"])
    ['all_layers', 'measured', 'theoretical']
    """
    seconds = check_float("seconds", seconds, 0, open_low=True)
    check_network(net, packed)
    x = check_examples(net, x)
    found = theoretical(net, packed, x.shape[1:])
    _check_equal(net, packed, x)
    arms: dict[Any, Callable[[], Any]] = {}
    for which, one in (("dense", net), ("packed", packed)):
        arms[which, "net"] = partial(one.forward, x, train=False)
        arms[which, "frozen"] = partial(Frozen(one).forward, x)
    for i, pair in enumerate(layer_pairs(net, packed)):
        for which, layer in zip(("dense", "packed"), pair):
            arms[which, i] = partial(layer.forward, _given(layer), train=False)
    timed = {name: Timed(clocked(call), lambda: net.be.threads(threads)) for name, call in arms.items()}
    took = {name: float(np.median(times)) for name, times in in_turns(timed, seconds).items()}
    both = [min(took[which, "net"], took[which, "frozen"]) for which in ("dense", "packed")]
    for i, row in enumerate(found["layers"]):
        row["measured"] = took["dense", i] / took["packed", i]
    found["net"]["measured"] = both[0] / both[1]
    with net.be.threads(threads) as used:
        return found | {"batch": len(x), "threads": max(used.values()), "seconds": both}


def _given(layer: Conv2d | Linear) -> Array:
    """What a layer got in the last forward pass, a copy; of what it does not read zeros."""
    if isinstance(layer, Conv2d):
        return maps(layer.last_x.copy())
    if not isinstance(layer, PackedLinear):
        return layer.last_x.copy()
    x = layer.be.empty((len(layer.last_x), layer.n_in), layer.last_x.dtype.name)
    x[:, layer.last_columns] = layer.last_x
    return x


def _check_equal(net: Sequential, packed: Sequential, x: Array) -> None:
    """Raise Unequal unless both have the same outputs for x."""
    expected, found = (one.be.get(one.forward(x, train=False)) for one in (net, packed))
    if expected.shape != found.shape:
        raise Unequal(
            f"outputs have the shapes {expected.shape} and {found.shape}; give the network that was packed, and "
            "what pack made of it"
        )
    apart, limit = np.abs(expected - found).max(), CLOSE[net.dtype] * np.abs(expected).max()
    if not apart <= limit:
        raise Unequal(
            f"outputs differ by {apart:.2g}, above {limit:.2g}; pack the network again before it is timed"
        )
