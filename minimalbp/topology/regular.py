"""Random layers that are regular on both sides."""

from __future__ import annotations

import numpy as np

from ..errors import BadInput, check_int
from .bipartite import MOST_DENSE, Bipartite, check_edges, check_fan
from .blocks import Array

TRIES = 100  # random exchanges before all of them are looked through


def regular(n_in: int, n_out: int, fan_in: int, rng: np.random.Generator) -> Bipartite:
    """A random layer that is regular on both sides: a union of random permutations without repeated edges.

    Each output has `fan_in` inputs. The fan-outs are all the same where n_in divides the number of edges, and
    otherwise differ by one at most. Not all such layers are exactly as likely: repeated edges are exchanged for
    others.

    Parameters
    ----------
    n_in, n_out : int
        Nodes on both sides.
    fan_in : int
        Inputs of each output, at most n_in.
    rng : numpy.random.Generator
        It draws.

    Returns
    -------
    Bipartite

    Raises
    ------
    BadInput
        For a fan-in that cannot be.

    Examples
    --------
    >>> layer = regular(8, 6, 4, np.random.default_rng(0))
    >>> {int(n) for n in layer.fan_in}, {int(n) for n in layer.fan_out}
    ({4}, {3})
    """
    n_in, n_out = check_int("n_in", n_in, least=1), check_int("n_out", n_out, least=1)
    check_edges(n_out * check_fan("fan-in", fan_in, n_in, "inputs"))
    if 2 * fan_in <= n_in:
        table = np.sort(_distinct(n_in, n_out, fan_in, rng), axis=1)
    else:  # where most edges are there, those that are not are easier to draw
        if n_in * n_out > MOST_DENSE:
            raise BadInput(
                f"a regular layer of {n_in} -> {n_out} at this fan-in is too large; use at most {n_in // 2}"
            )
        mask = np.ones((n_out, n_in), bool)
        if fan_in < n_in:
            np.put_along_axis(mask, _distinct(n_in, n_out, n_in - fan_in, rng), False, axis=1)
        table = np.nonzero(mask)[1]
    return Bipartite(n_in, n_out, fan_in * np.arange(n_out + 1), table.reshape(-1))


def _distinct(n_in: int, n_out: int, fan_in: int, rng: np.random.Generator) -> Array:
    """A table (n_out, fan_in) of inputs, all equally often, none twice in a row. fan_in is at most n_in / 2."""
    while True:
        rounds = -(-n_out * fan_in // n_in)
        stubs = np.concatenate([rng.permutation(n_in) for _ in range(rounds)])[: n_out * fan_in]
        # column by column, so that a column of a square layer is one permutation
        table = np.ascontiguousarray(stubs.reshape(fan_in, n_out).T)
        if all(_exchange(table, row, rng) for row in _repeating(table)):
            return table


def _repeating(table: Array) -> Array:
    """The rows in which an input stands twice."""
    ordered = np.sort(table, axis=1)
    return np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(axis=1))


def _exchange(table: Array, row: int, rng: np.random.Generator) -> bool:
    """Exchange the repeated inputs of a row for inputs of other rows. False where none can be exchanged.

    An exchange leaves fewer repeated inputs than before, and all fans as they are.
    """
    seen: set[int] = set()
    for column, one in enumerate(table[row].tolist()):
        if one in seen:
            for _ in range(TRIES):
                other, at = int(rng.integers(len(table))), int(rng.integers(table.shape[1]))
                if table[other, at] not in table[row] and one not in table[other]:
                    break
            else:
                fits = ~np.isin(table, table[row]) & ~(table == one).any(axis=1)[:, None]
                if not fits.any():
                    return False
                other, at = map(int, rng.choice(np.argwhere(fits)))
            table[row, column], table[other, at] = table[other, at], one
        seen.add(int(table[row, column]))
    return True
