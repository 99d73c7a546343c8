"""How much faster a packed network is: by its multiplications, and by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array
from ..errors import BadInput, check_float
from ..layers import Conv2d, Linear, PackedConv2d, PackedLinear
from ..layers.maps import maps
from ..measure.timing import Timed, in_turns
from ..network import Sequential
from ..network.frozen import Frozen
from .proof import Unequal

CLOSE = {"float32": 1e-4, "float64": 1e-10}  # of outputs on one backend, whose sums have other orders
Pairs = list[tuple[Conv2d | Linear, Conv2d | Linear]]


def theoretical(net: Sequential, packed: Sequential, shape: Sequence[int]) -> dict[str, Any]:
    """How many times fewer multiplications the packed network does in a forward pass.

    A convolution with the shares c of its columns and r of its filters pruned does 1 - s of its work, where
    s = c + r - c r.

    Parameters
    ----------
    net, packed : Sequential
        The network that was packed, and what `pack` made of it.
    shape : sequence of int
        Of one example, such as (3, 32, 32).

    Returns
    -------
    dict
        "layers": for each convolution its name, [kept, of] its columns and filters, and "theoretical", dense
        multiplications by those left. "net": the same for all convolutions together under "theoretical", as the
        paper counts, and under "all_layers" with linear layers too.

    Raises
    ------
    BadInput
        When the two networks do not have the same convolutions and linear layers.

    References
    ----------
    Wang, Zhang, Wang and Hu (2018), arXiv 1709.06994, section 3.3: the speed-up of a network.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.lenet((8, 8), 3, filters=(4, 6), units=(), backend="reference")
    >>> net.children[3].weight.value[:, :3] = 0  # three of four channels of the second convolution
    >>> facts = theoretical(net, mbp.prune.pack(net), (8, 8))
    >>> facts["layers"][1]
    {'name': '3', 'columns': [25, 100], 'filters': [6, 6], 'theoretical': 4.0}
    >>> facts["net"]["theoretical"]
    4.0
    """
    pairs = _pairs(net, packed)
    for one in (net, packed) if any(isinstance(a, Conv2d) for a, _ in pairs) else ():
        one(np.zeros((1, *shape), net.dtype))  # convolutions then know their positions
    work = [(_work(a), _work(b), isinstance(a, Conv2d)) for a, b in pairs]
    layers = [
        {
            "name": ".".join(map(str, a.path)),
            "columns": [_columns(b), _columns(a)],
            "filters": [b.units, a.units],
            "theoretical": _ratio(_work(a), _work(b)),
        }
        for a, b in pairs
        if isinstance(a, Conv2d)
    ]
    found = {}
    for key, count in (("theoretical", [w for w in work if w[2]]), ("all_layers", work)):
        found[key] = _ratio(sum(w[0] for w in count), sum(w[1] for w in count))
    return {"layers": layers, "net": found}


def measure(
    net: Sequential, packed: Sequential, x: Any, *, threads: int | None = None, seconds: float = 1.0
) -> dict[str, Any]:
    """Measure how many times as fast the forward pass of the packed network is, and of each of its convolutions.

    All take turns, on the inputs that they have in the network. Of each network the faster counts of itself and
    Frozen. Outputs are compared before.

    Parameters
    ----------
    net, packed : Sequential
        The network that was packed, and what `pack` made of it, on the same backend.
    x : array
        One batch.
    threads : int, optional
        Cores; by default all that this process may use.
    seconds : float, default 1.0
        About how long each network and each convolution is timed.

    Returns
    -------
    dict
        As `theoretical` returns it, with "measured" for each convolution and for "net": the ratio of medians. Also
        "batch", "threads", and "seconds" of both networks, [dense, packed].

    Raises
    ------
    BadInput
        As `theoretical` does.
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
    x = net.prepare(x)
    found = theoretical(net, packed, x.shape[1:])
    _check_equal(net, packed, x)
    arms: dict[Any, Callable[[], Any]] = {}
    for which, one in (("dense", net), ("packed", packed)):
        arms[which, "net"] = partial(one.forward, x, train=False)
        arms[which, "frozen"] = partial(Frozen(one).forward, x)
    convolutions = [pair for pair in _pairs(net, packed) if isinstance(pair[0], Conv2d)]
    for i, pair in enumerate(convolutions):
        for which, layer in zip(("dense", "packed"), pair):
            given = maps(layer.last_x.copy())  # what the layer got in `_check_equal`
            arms[which, i] = partial(layer.forward, given, train=False)
    timed = {name: Timed(_clocked(call), lambda: net.be.threads(threads)) for name, call in arms.items()}
    took = {name: float(np.median(times)) for name, times in in_turns(timed, seconds).items()}
    both = [min(took[which, "net"], took[which, "frozen"]) for which in ("dense", "packed")]
    for i, row in enumerate(found["layers"]):
        row["measured"] = took["dense", i] / took["packed", i]
    found["net"]["measured"] = both[0] / both[1]
    with net.be.threads(threads) as used:
        return found | {"batch": len(x), "threads": max(used.values()), "seconds": both}


def _clocked(call: Callable[[], Any]) -> Callable[[], tuple[float, ...]]:
    def clocked() -> tuple[float, ...]:
        began = time.perf_counter()
        call()
        return (time.perf_counter() - began,)

    return clocked


def _check_equal(net: Sequential, packed: Sequential, x: Array) -> None:
    """Raise Unequal unless both have the same outputs for x."""
    expected, found = (one.be.get(one.forward(x, train=False)) for one in (net, packed))
    apart, limit = np.abs(expected - found).max(), CLOSE[net.dtype] * np.abs(expected).max()
    if not apart <= limit:
        raise Unequal(
            f"outputs differ by {apart:.2g}, above {limit:.2g}; pack the network again before it is timed"
        )


def _pairs(net: Sequential, packed: Sequential) -> Pairs:
    """The convolutions and linear layers of both networks, side by side."""
    mine, theirs = (
        [layer for layer in one.layers() if isinstance(layer, (Conv2d, Linear))] for one in (net, packed)
    )
    kinds = [[isinstance(layer, Conv2d) for layer in found] for found in (mine, theirs)]
    if kinds[0] != kinds[1]:
        raise BadInput(
            f"the packed network has {len(theirs)} convolutions and linear layers where the other has "
            f"{len(mine)}, or in another order; give the network that was packed, and what pack made of it"
        )
    return list(zip(mine, theirs))


def _columns(layer: Conv2d | Linear) -> int:
    """The inputs of each unit."""
    if isinstance(layer, (PackedConv2d, PackedLinear)):
        return len(layer.columns.value)
    return int(layer.weight.value[0].size)


def _work(layer: Conv2d | Linear) -> int:
    """The multiplications for one example."""
    positions = layer.positions if isinstance(layer, Conv2d) else 1
    return positions * layer.units * _columns(layer)


def _ratio(dense: int, left: int) -> float:
    return dense / max(left, 1) if dense else 1.0
