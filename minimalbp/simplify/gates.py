"""An LSTM that loses the entries of its gates, each gate by itself: which of them stay.

Arrays over entries are (directions, 4, units), gates in the order i, f, g, o. A unit without g would be zero for
ever: it leaves with all of its entries.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..backend import Array
from ..errors import BadInput
from ..layers import LSTM, Chain
from ..layers.lstm import GATE_G
from ..network import Sequential
from ..optim import Optimizer
from .compact import compact, hidden_layers

Rows = Sequence[Sequence[int]]  # of each direction: the entries of i, f, g and o


def active_entries(hits: Array, there: Array, threshold: int, least: int) -> tuple[Array, bool]:
    """The entries that stay, bool, and whether some do only because each gate keeps `least` of them.

    Those are chosen at least `threshold` times. Of g equally many stay in both directions, as many as are active in
    the fuller one; more only where other gates would lose what is the least with their units.
    """
    often = there & (hits >= threshold)
    n = there.shape[2]
    m = max(int(often[:, GATE_G].sum(axis=1).max()), min(least, n))
    seldom = [np.flatnonzero(~mine[GATE_G]) for mine in often]
    orders = [_leaving(h[GATE_G], t, [least] * 4, which)[0] for h, t, which in zip(hits, there, seldom)]
    leave = min(n - m, *map(len, orders))
    there = _without(there, [order[:leave] for order in orders])
    often &= there
    active = often.sum(axis=2)
    sizes = np.minimum(np.maximum(active, least), there.sum(axis=2))
    bound = sizes > active
    sizes[:, GATE_G] = n - leave
    bound[:, GATE_G] = n - leave > active[:, GATE_G].max()  # not where the other direction asks for more
    return _largest(hits, there, sizes), bool(bound.any())


def of_sizes(score: Array, there: Array, sizes: Rows) -> Array:
    """The entries of the largest score, bool, so many of each gate.

    Fewer only where the units that stay have no more: the units of the smallest scores in g leave, but those first
    without which each gate still has enough.
    """
    gone = []
    for mine, before, wanted in zip(score, there, sizes):
        n = before.shape[1]
        free, bound = _leaving(mine[GATE_G], before, wanted, np.arange(n))
        gone.append((free + bound)[: n - wanted[GATE_G]])
    there = _without(there, gone)
    return _largest(score, there, np.minimum(np.array(sizes), there.sum(axis=2)))


def first_rows(net: Sequential, rows: Sequence[Rows]) -> None:
    """Bring every hidden LSTM of a new network to these sizes, whichever the entries."""
    for hidden, sizes in zip(hidden_layers(net), rows):
        assert isinstance(hidden.layer, LSTM)
        there = hidden.layer.there()
        compact(net, None, [(hidden, of_sizes(np.zeros(there.shape), there, sizes))])


def lose_an_entry(net: Sequential, optimizer: Optimizer) -> None:
    """Take one entry out of a gate of every hidden LSTM, so that the kernels of uneven gates run."""
    for hidden in hidden_layers(net):
        if isinstance(hidden.layer, LSTM) and hidden.layer.units > 1:
            there = hidden.layer.there()
            there[:, 0, -1] = False
            compact(net, optimizer, [(hidden, there)])


def drop_zero_rows(net: Sequential) -> None:
    """Take the entries out of the hidden LSTMs whose weights are all zero: the outputs stay as they are."""
    for hidden in hidden_layers(net):
        layer = hidden.layer
        if isinstance(layer, LSTM):
            there = layer.there()
            for d, mine in zip(layer.directions, there.reshape(layer.groups, -1)):
                w, u, b = (net.be.get(p.value) for p in (d.w, d.u, d.b))
                mine[d.place] = w.any(axis=1) | u.any(axis=1) | (b != 0)
            there[:, GATE_G] = True
            compact(net, None, [(hidden, there)])


def check_per_gate(net: Chain) -> None:
    """Raises BadInput where no hidden layer has gates."""
    if not any(isinstance(hidden.layer, LSTM) for hidden in hidden_layers(net)):
        raise BadInput("per_gate is for networks with an LSTM (the task tagging); leave it out")


def _leaving(score: Array, there: Array, least: Sequence[int], which: Array) -> tuple[list[int], list[int]]:
    """Of the units `which` of a direction those that can leave, in this order, with `least` left of each gate, and
    the others. The smallest score first, of equals the higher unit.
    """
    left, free, bound = there.sum(axis=1), [], []
    for unit in which[np.argsort(-score[which], kind="stable")][::-1].tolist():
        spare = left - there[:, unit] >= least
        if (spare | ~there[:, unit]).all():
            left = left - there[:, unit]
            free.append(unit)
        else:
            bound.append(unit)
    return free, bound


def _without(there: Array, gone: Sequence[Sequence[int]]) -> Array:
    there = there.copy()
    for mine, units in zip(there, gone):
        mine[:, list(units)] = False
    return there


def _largest(score: Array, there: Array, sizes: Array) -> Array:
    """Of the entries there are, the largest of each gate; of equals the lower unit."""
    order = np.argsort(-np.where(there, score, -np.inf), axis=2, kind="stable")
    out = np.zeros(there.shape, bool)
    np.put_along_axis(out, order, np.arange(there.shape[2]) < sizes[..., None], axis=2)
    return out
