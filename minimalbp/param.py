"""A parameter, and the gradient of some of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .backend import Array, Backend


@dataclass(slots=True)
class RowGrad:
    """The gradient of an array whose entries are zero outside some rows.

    Parameters
    ----------
    rows : None or array of int32, shape (r,)
        The rows that have a gradient, ascending and without repeats. None: all of them. A vector has a row for
        each `Param.width` entries.
    values : array of float, shape (r, ...)
        The gradient of these rows. If `rows` is None, it has the shape of the whole array.

    Examples
    --------
    >>> import numpy as np
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([2, 4, 3], select=mbp.UnifiedTopK(1), backend="reference")
    >>> y = net.forward(net.prepare([[1, 2]]))
    >>> net.backward(np.ones((1, 3), "float32"), need_dx=False)
    >>> hidden, output = net.linears()
    >>> hidden.weight.grad.values.shape, len(hidden.weight.grad.rows)
    ((1, 2), 1)
    >>> output.weight.grad.rows is None
    True
    """

    rows: Array | None
    values: Array


@dataclass(slots=True, eq=False)
class Param:
    """An array that is learnt.

    A weight is (n_out, n_in), as in PyTorch: one contiguous row for each output unit.

    Parameters
    ----------
    name : str
        Its path in the network, such as "0.weight".
    value : array of float
        The array itself. Change it in place.
    backend : Backend
        The backend whose memory holds it.
    grad : RowGrad, optional
        The gradient that the last backward pass left.
    width : int, default 1
        Of a vector, how many entries are a row of its gradient. The weights of a SparseLinear are a vector.

    Examples
    --------
    >>> import minimalbp as mbp
    >>> net = mbp.mlp([3, 5, 2], backend="reference")
    >>> [(p.name, p.value.shape) for p in net.parameters()]
    [('0.weight', (5, 3)), ('0.bias', (5,)), ('2.weight', (2, 5)), ('2.bias', (2,))]
    """

    name: str
    value: Array
    backend: Backend
    grad: RowGrad | None = None
    width: int = 1

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return _copied, (self.name, self.value, self.backend, self.width)


def _copied(name: str, value: Array, backend: Backend, width: int) -> Param:
    """A copy of a parameter in memory as kernels want it, without its gradient."""
    mine = backend.empty(value.shape, value.dtype.name)
    mine[...] = value
    return Param(name, mine, backend, width=width)
