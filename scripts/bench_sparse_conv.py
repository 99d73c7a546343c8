"""Convolutions on a graph between channels against dense ones: both passes, ours and PyTorch's.

Layers of as many filters as channels, 3 x 3, each filter with 4, 8 or 16 channels: Kronecker blocks of 8 x 8 (or
4 x 4) as in a RadiX-Net, and a random regular graph. Both passes are checked against PyTorch's dense ones with
zeros before they are timed. The dense code to beat is the fastest of ours and PyTorch's, with the channels first or
last in memory, pass by pass. One thread and several. Medians and quartiles. Needs PyTorch, and a quiet machine.

    python scripts/bench_sparse_conv.py --to docs/results/sparse_conv.json
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from bench.clocked import timed
from bench.options import by_number, check, options, start_report
from bench.sparse_conv_markdown import sparse_conv_table
from bench.torch_net import conv_calls
from common.command import status

import minimalbp as mbp
from minimalbp.files import write_json
from minimalbp.measure import clocked, in_blocks
from minimalbp.topology import Bipartite, Blocks, regular

LAYERS = {"128 channels, 8 x 8": (128, 8), "64 channels, 16 x 16": (64, 16), "256 channels, 8 x 8": (256, 8)}
FANS = (4, 8, 16)
COPIES = 8  # of the circulant in a layer of blocks, where the fan-in is that large
BATCH = 64
PEERS = {"PyTorch": False, "PyTorch, channels last": True}


def graph(kind: str, channels: int, fan_in: int) -> Bipartite:
    """A layer of blocks, or a random one, with as many filters as channels."""
    if kind == "random":
        return regular(channels, channels, fan_in, np.random.default_rng(0))
    copies = min(COPIES, fan_in)
    return Bipartite.from_blocks(Blocks(copies, copies, channels // copies, tuple(range(fan_in // copies))))


class Passes:
    """A convolution in a network of its own, with what its passes take."""

    def __init__(self, layer: mbp.Conv2d | mbp.SparseConv2d, x: np.ndarray, dy: np.ndarray):
        self.layer, self.x, self.dy = layer, x, dy
        mbp.Sequential(layer)

    def forward(self) -> np.ndarray:
        return self.layer.forward(self.x)

    def backward(self) -> np.ndarray | None:
        return self.layer.backward(self.dy)


def pictures(channels: int, side: int, seed: int) -> np.ndarray:
    """Random pictures as layers hand them on, the channels last in memory."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((BATCH, side, side, channels), np.float32).transpose(0, 3, 1, 2)


def verify(ours: Passes) -> None:
    """Stop unless both passes are PyTorch's with the dense weights."""
    layer, x, dy = ours.layer, ours.x[:9], ours.dy[:9]
    assert isinstance(layer, mbp.SparseConv2d)
    dense, of_layer = mbp.Conv2d(*layer.unpacked().shape[1::-1], 3, padding=1), layer.edges.graph
    mbp.Sequential(dense)
    dense.weight.value[...] = layer.unpacked()
    forward, backward = conv_calls(dense, x, dy, last=False)
    found = [layer.forward(x), layer.backward(dy), layer.weight.grad.values]
    dx, dw, _ = backward()
    others = [forward().numpy(), dx.numpy(), dw.numpy()[of_layer.target, of_layer.source]]
    for name, a, b in zip(("y", "dx", "dW"), found, others, strict=True):
        off = np.linalg.norm(a - b) / np.linalg.norm(b)
        assert off < 1e-5, f"{name}: off by {off:.1e}"


def measure_layer(channels: int, side: int, threads: int, args: argparse.Namespace) -> dict[str, Any]:
    """{arm: {pass: seconds}} of one size."""
    x, dy = pictures(channels, side, 1), pictures(channels, side, 2)
    dense = Passes(mbp.Conv2d(channels, channels, 3, padding=1), x, dy)
    ours = {"dense": dense}
    for fan_in in args.fans:
        for kind in ("block", "random"):
            layer = mbp.SparseConv2d(graph(kind, channels, fan_in), kernel_size=3, padding=1)
            ours[f"{kind} {fan_in}"] = one = Passes(layer, x, dy)
            with mbp.get_backend("cpu").threads(threads):
                verify(one)
                one.forward()
    dense.forward()
    arms = {(name, part): timed(clocked(getattr(one, part)), threads)
            for name, one in ours.items() for part in ("forward", "backward")}  # fmt: skip
    for name, last in PEERS.items():
        for part, call in zip(("forward", "backward"), conv_calls(dense.layer, x, dy, last=last)):
            arms[name, part] = timed(clocked(call), threads, "PyTorch")
    found: dict[str, Any] = {}
    for (name, part), seconds in in_blocks(arms, [()], args.rounds, args.block, args.skip).items():
        low, middle, high = (float(q) for q in np.percentile(seconds[:, 0], [25, 50, 75]))
        found.setdefault(name, {})[part] = {"median": middle, "quartiles": [low, high], "calls": len(seconds)}
    return found


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=8, block=8, skip=2)
    parser.add_argument(
        "--layers", type=int, nargs="+", default=[1, 2, 3], help="which of the layers, by number"
    )
    parser.add_argument("--fans", type=int, nargs="+", default=list(FANS), help="channels of each filter")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, print, write. Raises BadInput."""
    check(args)
    report: dict[str, Any] = {**start_report("bench_sparse_conv", argv, args), "batch": BATCH, "layers": {}}
    for name in by_number("layers", LAYERS, args.layers):
        report["layers"][name] = {
            str(threads): measure_layer(*LAYERS[name], threads, args) for threads in sorted({1, args.threads})
        }
    print(sparse_conv_table(report))
    if args.to:
        write_json(args.to, report)


if __name__ == "__main__":
    sys.exit(main())
