"""Convolutions with some columns as PyTorch can do them: gather what is kept of all windows, then a product."""

from __future__ import annotations

from typing import Any

import numpy as np

import minimalbp as mbp

from .torch_net import modules


def with_columns(net: mbp.Sequential, pruned: mbp.Sequential, *, unfold: bool) -> Any:
    """PyTorch's network of the pruned one, whose convolutions read their kept columns only.

    net has the dense layers, pruned the same ones packed. unfold: PyTorch lays out all windows first; otherwise the
    kept elements are gathered from the padded pictures.
    """
    import torch

    class Columns(torch.nn.Module):
        def __init__(self, layer: mbp.PackedConv2d):
            super().__init__()
            kh, kw = layer.kernel_size
            self.kernel, self.padding, self.stride = layer.kernel_size, layer.padding, layer.stride
            order = np.argsort(layer.columns.value, kind="stable")
            self.columns = torch.from_numpy(layer.columns.value[order].astype(np.int64))
            self.weight = torch.from_numpy(np.ascontiguousarray(layer.weight.value[:, order]))
            self.bias = torch.from_numpy(layer.weight_and_bias()[1].copy())[:, None]
            self.channel, self.tap = self.columns // (kh * kw), self.columns % (kh * kw)
            self.places: dict[tuple[int, int], Any] = {}

        def forward(self, x: Any) -> Any:
            (kh, kw), (top, left), (down, across) = self.kernel, self.padding, self.stride
            high, wide = x.shape[2] + 2 * top, x.shape[3] + 2 * left
            out = (high - kh) // down + 1, (wide - kw) // across + 1
            if unfold:
                seen = torch.nn.functional.unfold(x, self.kernel, padding=self.padding, stride=self.stride)
                seen = seen[:, self.columns]
            else:
                flat = torch.nn.functional.pad(x, (left, left, top, top)).flatten(1)
                seen = flat.index_select(1, self._places(high, wide, out)).view(len(x), len(self.columns), -1)
            return (torch.matmul(self.weight, seen) + self.bias).view(len(x), -1, *out)

        def _places(self, high: int, wide: int, out: tuple[int, int]) -> Any:
            if (high, wide) not in self.places:
                (down, across), kw = self.stride, self.kernel[1]
                corner = (torch.arange(out[0]) * down)[:, None] * wide + torch.arange(out[1]) * across
                begin = (self.channel * high + self.tap // kw) * wide + self.tap % kw
                self.places[high, wide] = (begin[:, None] + corner.flatten()).flatten()
            return self.places[high, wide]

    peer = modules(net)
    for i, layer in enumerate(pruned.children):
        if isinstance(layer, mbp.PackedConv2d):
            peer[i] = Columns(layer)
    return peer
