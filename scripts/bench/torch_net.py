"""A convolutional network of ours as PyTorch has it: the same layers and weights, and a clocked step."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import minimalbp as mbp


def modules(net: mbp.Sequential) -> Any:
    """A torch.nn.Sequential of the same layers, with the same weights."""
    import torch

    class WindowNorm(torch.nn.Module):
        """Local response normalisation over a window of each channel, which PyTorch has not."""

        def __init__(self, size: int, alpha: float, beta: float, k: float):
            super().__init__()
            self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

        def forward(self, x: Any) -> Any:
            mean = torch.nn.functional.avg_pool2d(x * x, self.size, 1, self.size // 2)
            return x / (self.k + self.alpha * mean) ** self.beta

    def of(layer: mbp.Layer) -> Any:
        match layer:
            case mbp.Conv2d():
                return torch.nn.Conv2d(
                    layer.in_channels, layer.out_channels, layer.kernel_size, stride=layer.stride,
                    padding=layer.padding, bias=layer.has_bias,
                )  # fmt: skip
            case mbp.Linear():
                return torch.nn.Linear(layer.n_in, layer.n_out)
            case mbp.BatchNorm2d():
                return torch.nn.BatchNorm2d(layer.n)
            case mbp.MaxPool2d() | mbp.AvgPool2d():
                kind = torch.nn.MaxPool2d if isinstance(layer, mbp.MaxPool2d) else torch.nn.AvgPool2d
                return kind(layer.kernel_size, layer.stride, layer.padding, ceil_mode=layer.ceil_mode)
            case mbp.LocalResponseNorm():
                return WindowNorm(layer.size, layer.alpha, layer.beta, layer.k)
            case mbp.ReLU() | mbp.Flatten():
                return getattr(torch.nn, type(layer).__name__)()
        raise mbp.BadInput(f"{layer!r} has no counterpart here")

    peer = torch.nn.Sequential(*(of(layer) for layer in net.children))
    with torch.no_grad():
        for p, mine in zip(peer.parameters(), net.parameters(), strict=True):
            p.copy_(torch.from_numpy(mine.value))
    return peer


class TorchNet:
    """`seconds` of forward, backward and update for each step with fused Adam, channels last in memory or first."""

    def __init__(self, net: mbp.Sequential, *, last: bool):
        import torch

        self.torch = torch
        self.format = torch.channels_last if last else torch.contiguous_format
        self.net = modules(net).to(memory_format=self.format)
        self.loss = torch.nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3, fused=True)
        self.seconds: list[tuple[float, ...]] = []

    def step(self, x: np.ndarray, labels: np.ndarray) -> float:
        batch = self.torch.from_numpy(x).contiguous(memory_format=self.format)
        target = self.torch.from_numpy(labels).long()
        marks = [time.perf_counter()]
        logits = self.net(batch)
        marks.append(time.perf_counter())
        value = self.loss(logits, target)
        self.optimizer.zero_grad()
        value.backward()
        marks.append(time.perf_counter())
        self.optimizer.step()
        marks.append(time.perf_counter())
        self.seconds.append(tuple(b - a for a, b in pairwise(marks)))
        return float(value.detach())

    def gradients(self) -> list[np.ndarray]:
        return [p.grad.numpy() for p in self.net.parameters()]


def conv_calls(layer: mbp.Conv2d, x: np.ndarray, dy: np.ndarray, *, last: bool) -> tuple[Callable, Callable]:
    """(forward, backward) of the same convolution in PyTorch; backward returns dx, dW, db."""
    import torch

    order = torch.channels_last if last else torch.contiguous_format
    x_, dy_, w = (torch.from_numpy(np.ascontiguousarray(a)).contiguous(memory_format=order)
                  for a in (x, dy, layer.weight.value))  # fmt: skip
    b = torch.from_numpy(layer.bias.value)
    need = [layer.in_channels > 3, True, True]  # the first layer of a network needs no dx
    stride, padding, n = list(layer.stride), list(layer.padding), len(b)

    def forward() -> Any:
        with torch.no_grad():
            return torch.nn.functional.conv2d(x_, w, b, layer.stride, layer.padding)

    def backward() -> Any:
        with torch.no_grad():
            return torch.ops.aten.convolution_backward(
                dy_, x_, w, [n], stride, padding, [1, 1], False, [0, 0], 1, need
            )

    return forward, backward
