"""The dense code to compare with: NumPy and, where it is installed, PyTorch, on the same cores and arrays."""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from ..measure.machine import version

# PyTorch's convolutions by the order of the arrays in memory: the faster one counts
ORDERS = {"PyTorch": "contiguous_format", "PyTorch, channels last": "channels_last"}
Products = tuple[Callable[[], object], Callable[[], object]]


@contextmanager
def peer_threads(n: int, peer: str = "") -> Iterator[None]:
    """A context in which a peer has so many threads.

    The other library gets one thread: a second, idle one would spin and slow the one being timed.

    Parameters
    ----------
    n : int
        Threads.
    peer : {"NumPy", "PyTorch", ""}, default ""
        The library that is timed. "" gives n threads to both.
    """
    from threadpoolctl import threadpool_limits

    torch = _torch()
    before = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(1 if peer == "NumPy" else n)
    with threadpool_limits(1 if peer == "PyTorch" else n, user_api="blas"):
        if torch and peer == "PyTorch":  # again: the two may share one BLAS
            torch.set_num_threads(n)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def product(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> dict[str, Callable[[], object]]:
    """{peer: out = a b}, to be called inside `peer_threads`. The arrays may be transposed views."""
    calls: dict[str, Callable[[], object]] = {"NumPy": lambda: np.dot(a, b, out=out)}
    torch = _torch()
    if torch:
        target, left, right = (torch.from_numpy(array) for array in (out, a, b))
        calls["PyTorch"] = lambda: torch.mm(left, right, out=target)
    return calls


def dense_backward(
    dw: np.ndarray, dx: np.ndarray, dy: np.ndarray, x: np.ndarray, w: np.ndarray
) -> dict[str, Products]:
    """{peer: (dW = dyᵀ x, dx = dy W)}, each written to the caller's arrays."""
    of_dw, of_dx = product(dw, dy.T, x), product(dx, dy, w)
    return {peer: (of_dw[peer], of_dx[peer]) for peer in of_dw}


def conv_backward(dy: np.ndarray, x: np.ndarray, w: np.ndarray) -> dict[str, Products]:
    """{peer: (dW and dx, nothing)} of a convolution that keeps the size of its pictures; empty without PyTorch."""
    torch, pad = _torch(), w.shape[2] // 2
    if not torch:
        return {}

    def call(order: str) -> Callable[[], object]:
        arrays = (torch.from_numpy(a).contiguous(memory_format=getattr(torch, order)) for a in (dy, x, w))
        args = *arrays, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, [True, True, False]
        return lambda: torch.ops.aten.convolution_backward(*args)

    return {name: (call(order), lambda: None) for name, order in ORDERS.items()}


def sparse_forward(matrix: Any, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """{peer: y = x Wᵀ} for a W in scipy's CSR. PyTorch has two: with x as it is, and with x turned around."""
    found: dict[str, Callable[[], object]] = {"scipy CSR": lambda: (matrix @ x.T).T}
    torch = _torch()
    if torch:
        w, first = _torch_csr(matrix), torch.from_numpy(x)
        linear = torch.nn.functional.linear
        found["PyTorch sparse_csr"] = lambda: linear(first, w)
        found["PyTorch sparse_csr, batch last"] = lambda: (w @ first.T.contiguous()).T.contiguous()
    return found


def clipped_products(
    matrix: Any, b: np.ndarray, ceiling: float
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """{peer: y -> min(max(W y + b, 0), ceiling)} for a W in scipy's CSR and examples in the columns of y.

    Both shift and cut the product in its own memory. scipy's has one thread.
    """

    def of_scipy(y: np.ndarray) -> np.ndarray:
        z: np.ndarray = matrix @ y
        z += column
        return np.clip(z, 0, ceiling, out=z)

    column = b[:, None]
    found: dict[str, Callable[[np.ndarray], np.ndarray]] = {"scipy CSR": of_scipy}
    torch = _torch()
    if torch:
        w, shift = _torch_csr(matrix), torch.from_numpy(column)

        def of_torch(y: np.ndarray) -> np.ndarray:
            z: np.ndarray = (w @ torch.from_numpy(y)).add_(shift).clamp_(0, ceiling).numpy()
            return z

        found["PyTorch sparse_csr"] = of_torch
    return found


def _torch_csr(matrix: Any) -> Any:
    """The same matrix as PyTorch's sparse_csr."""
    torch = _torch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its sparse tensors are young
        arrays = (torch.as_tensor(a) for a in (matrix.indptr, matrix.indices, matrix.data))
        return torch.sparse_csr_tensor(*arrays, matrix.shape)


class TorchStep:
    """The training step of linear layers with ReLU between them in PyTorch, with Adam.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden layers, outputs.
    weights : list of array
        Weight (n_out, n_in) and bias (n_out,) of each layer in turn, copied.
    fused : bool or None
        PyTorch's switch for one kernel that updates all parameters. None is its default, which most people run.
    lr : float, default 1e-3
        Adam's learning rate.
    """

    def __init__(
        self, sizes: Sequence[int], weights: list[np.ndarray], *, fused: bool | None, lr: float = 1e-3
    ):
        self.torch = torch = _torch()
        layers: list[Any] = []
        for n_in, n_out in pairwise(sizes):
            layers += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for p, w in zip(self.net.parameters(), weights):
                p.copy_(torch.from_numpy(w))
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=lr, fused=fused)

    def step(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, tuple[float, ...]]:
        """The loss, and the seconds of forward, backward (with the loss) and update."""
        batch, target = self.torch.from_numpy(x), self.torch.from_numpy(labels).long()
        clock = time.perf_counter
        marks = [clock()]  # taking over the arrays is not part of a step in PyTorch
        logits = self.net(batch)
        marks.append(clock())
        value = self.loss(logits, target)
        self.optimizer.zero_grad()  # PyTorch's own default, which is also its fastest
        value.backward()
        marks.append(clock())
        self.optimizer.step()
        marks.append(clock())
        return float(value.detach()), tuple(b - a for a, b in pairwise(marks))

    def weights(self) -> list[np.ndarray]:
        """Views of the parameters."""
        return [p.detach().numpy() for p in self.net.parameters()]

    def gradients(self) -> list[np.ndarray]:
        """Views of their gradients."""
        return [p.grad.numpy() for p in self.net.parameters()]


def _torch() -> Any:
    """PyTorch, or None where it is not installed."""
    return importlib.import_module("torch") if version("torch") else None
