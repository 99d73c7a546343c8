"""Convolutions, and whole steps of two networks: ours, dense and sparse, against PyTorch in the same run.

Five layers on random pictures. The gradient has no zeros, as after batch normalisation, where top-k has most to
do. A backward pass contains the selection. Before the clock starts the dense passes are checked against PyTorch's,
and each sparse one against the reference backend. PyTorch runs with the channels first and last in memory,
and the faster one counts. The arms take turns in short blocks, and threads sleep before another library's turn.
Then whole training steps of LeNet (28 x 28, batch 32) and ConvNet (3 x 32 x 32, batch 64) with Adam. Medians and
quartiles. Needs PyTorch.

    python scripts/bench_conv.py --to docs/results/conv.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from bench.clocked import Clocked, seconds_of, timed
from bench.markdown import conv_step_table, conv_table
from bench.options import check, options, start_report
from bench.torch_net import TorchNet, conv_calls
from common.command import status

import minimalbp as mbp
from minimalbp.files import write_json
from minimalbp.measure import clocked, in_blocks

LAYERS = {  # pictures, channels, height and width, filters, kernel
    "32 to 64, 5 x 5, 14 x 14": (32, 32, 14, 64, 5),
    "ConvNet 1: 3 to 32, 5 x 5, 32 x 32": (64, 3, 32, 32, 5),
    "ConvNet 2: 32 to 32, 5 x 5, 16 x 16": (64, 32, 16, 32, 5),
    "ConvNet 3: 32 to 64, 5 x 5, 8 x 8": (64, 32, 8, 64, 5),
    "64 to 64, 3 x 3, 32 x 32": (32, 64, 32, 64, 3),
}
RATIOS = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
SELECT: dict[str, mbp.Dense | mbp.TopK | mbp.Threshold | mbp.Positions | mbp.Channels] = {
    "dense": mbp.Dense(),
    **{f"sample {100 * ratio:g}%": mbp.TopK(ratio=ratio) for ratio in RATIOS},
    "batch 5%": mbp.TopK(ratio=0.05, over="batch"),
    "threshold-batch 5%": mbp.Threshold(ratio=0.05, over="batch"),
    "positions 5%": mbp.Positions(ratio=0.05),
    "channels 5%": mbp.Channels(ratio=0.05),
}
PEERS = {"PyTorch": False, "PyTorch, channels last": True}
NETWORKS: dict[str, tuple[Callable[..., mbp.Sequential], tuple[int, ...], int, bool]] = {
    "LeNet": (mbp.lenet, (1, 28, 28), 32, False),
    "LeNet with batch normalisation": (mbp.lenet, (1, 28, 28), 32, True),
    "ConvNet": (mbp.convnet, (3, 32, 32), 64, False),
    "ConvNet with batch normalisation": (mbp.convnet, (3, 32, 32), 64, True),
}
STEPS = {"dense": "dense", "sample 5%": "sample 5%", "threshold-batch 5%": "threshold-batch 5%"}
PARTS = ("select", "dw", "dx", "other")


class Layer:
    """A convolution in a network of its own, its input and its gradient."""

    def __init__(self, sizes: tuple[int, ...], select: Any, backend: str = "cpu"):
        pictures, channels, side, filters, kernel = sizes
        self.conv = mbp.Conv2d(channels, filters, kernel, padding=kernel // 2, select=select)
        self.net = mbp.Sequential(self.conv, backend=backend)
        rng = np.random.default_rng(0)
        self.x, self.dy = (_maps(rng, (pictures, side, side, n)) for n in (channels, filters))
        self.first = channels <= 3  # of a network, where nobody needs dx

    def forward(self) -> np.ndarray:
        return self.conv.forward(self.x)

    def backward(self) -> np.ndarray | None:
        return self.conv.backward(self.dy, need_dx=not self.first)

    def gradients(self) -> list[np.ndarray]:
        """dW with zeros where no filter was chosen, and db."""
        dw, grad = np.zeros_like(self.conv.weight.value), self.conv.weight.grad
        dw[slice(None) if grad.rows is None else grad.rows] = grad.values
        return [dw, self.conv.bias.grad.values]


class Given(mbp.Dense):
    """A choice that another layer has made: draws depend on the last bit of a sum."""

    def __init__(self, select: Any, choice: Any):
        object.__setattr__(self, "choice", choice)
        object.__setattr__(self, "whole", select.whole)

    def __call__(self, *_: Any) -> Any:
        return self.choice  # type: ignore[attr-defined]


def _maps(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random pictures as layers hand them on, the channels last in memory."""
    return rng.standard_normal(shape, np.float32).transpose(0, 3, 1, 2)


def verify(sizes: tuple[int, ...]) -> None:
    """Stop unless our dense passes are PyTorch's, and each sparse one is that of the reference backend."""
    few = (2, *sizes[1:])
    for name, select in SELECT.items():
        ours = Layer(few, select)
        y = ours.forward()
        found = [y, ours.backward(), *ours.gradients()]
        if name == "dense":
            forward, backward = conv_calls(ours.conv, ours.x, ours.dy, last=False)
            dx, dw, db = backward()
            others = [forward().numpy(), None if dx is None else dx.numpy(), dw.numpy(), db.numpy()]
        else:
            judge = Layer(few, Given(select, ours.conv.last_choice), "reference")
            others = [judge.forward(), judge.backward(), *judge.gradients()]
        for a, b in zip(found, others, strict=True):
            if a is not None:
                off = np.linalg.norm(a - b) / np.linalg.norm(b)
                assert off < 1e-5, f"{name}: off by {off:.1e}"


def measure_layer(sizes: tuple[int, ...], args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """{"forward", "backward", "parts"}: seconds of each arm."""
    ours = {name: Layer(sizes, select) for name, select in SELECT.items()}
    dense = ours["dense"]
    peers = {name: conv_calls(dense.conv, dense.x, dense.dy, last=last) for name, last in PEERS.items()}
    for one in ours.values():
        one.forward()
    forward = {"dense": timed(clocked(dense.forward), args.threads)}
    backward = {name: timed(clocked(one.backward), args.threads) for name, one in ours.items()}
    for name, (call, back) in peers.items():
        forward[name] = timed(clocked(call), args.threads, "PyTorch")
        backward[name] = timed(clocked(back), args.threads, "PyTorch")
    parts = {name: timed(_metered(one), args.threads) for name, one in ours.items()}
    blocks = ([()], args.rounds, args.block, args.skip)
    return {
        "forward": {name: _spread(s[:, 0]) for name, s in in_blocks(forward, *blocks).items()},
        "backward": {name: _spread(s[:, 0]) for name, s in in_blocks(backward, *blocks).items()},
        "parts": {name: dict(zip(PARTS, map(float, np.median(s, axis=0)), strict=True))
                  for name, s in in_blocks(parts, *blocks).items()},
    }  # fmt: skip


def _metered(layer: Layer) -> Callable[..., tuple[float, ...]]:
    """A backward pass that returns the seconds of its parts."""
    meter, loss, sgd = mbp.Meter(), mbp.SoftmaxCrossEntropy(), mbp.SGD(layer.net.parameters())

    def measured() -> tuple[float, ...]:
        before = meter.seconds.copy()
        with meter.attached(layer.net, loss, sgd):
            meter.start()
            meter.mark("forward")
            layer.backward()
            meter.mark("backward")
        return tuple(meter.seconds[part] - before[part] for part in PARTS)

    return measured


def _spread(seconds: np.ndarray) -> dict[str, Any]:
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return {"median": float(middle), "quartiles": [float(low), float(high)], "calls": len(seconds)}


def measure_network(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Seconds of a whole step of each arm, and of its parts."""
    make, shape, batch, batchnorm = NETWORKS[name]

    def built(select: str) -> mbp.Sequential:
        return make(shape, 10, select=SELECT[select], batchnorm=batchnorm)

    ours = {arm: Clocked(built(select), "all") for arm, select in STEPS.items()}
    peers = {peer: TorchNet(built("dense"), last=last) for peer, last in PEERS.items()}
    rng = np.random.default_rng(0)
    made = [(rng.standard_normal((batch, *shape), np.float32), rng.integers(0, 10, batch).astype(np.int32))
            for _ in range(8)]  # fmt: skip
    with mbp.get_backend("cpu").threads(args.threads):
        for peer in peers.values():
            twin = Clocked(built("dense"), "all")
            np.testing.assert_allclose(twin.step(*made[0]), peer.step(*made[0]), rtol=1e-4)
            for g, other in zip(twin.gradients(), peer.gradients(), strict=True):
                assert np.linalg.norm(g - other) <= 1e-3 * np.linalg.norm(other) + 1e-6, "gradients differ"
    arms = {arm: timed(seconds_of(one), args.threads) for arm, one in ours.items()}
    arms |= {peer: timed(seconds_of(one), args.threads, "PyTorch") for peer, one in peers.items()}
    result = {}
    for arm, seconds in in_blocks(arms, made, args.rounds, args.block, args.skip).items():
        split = dict(zip(("forward", "backward", "update"), map(float, np.median(seconds, axis=0))))
        result[arm] = {"step": _spread(seconds.sum(axis=1)), **split}
    return result


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=8, block=8, skip=2)
    parser.add_argument("--layers", type=int, nargs="+", default=list(range(1, len(LAYERS) + 1)),
                        help="which of the layers, by number; 0: none")  # fmt: skip
    parser.add_argument("--no-steps", action="store_true", help="leave out the steps of whole networks")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, print, write. Raises BadInput."""
    check(args)
    names = list(LAYERS)
    for number in args.layers:
        if not 0 <= number <= len(names):
            raise mbp.BadInput(f"layers must be numbers from 1 to {len(names)}, or 0, not {number}")
    report: dict[str, Any] = {**start_report("bench_conv", argv, args), "layers": {}, "networks": {}}
    for name in [names[number - 1] for number in args.layers if number]:
        with mbp.get_backend("cpu").threads(args.threads):
            verify(LAYERS[name])
        report["layers"][name] = {"sizes": LAYERS[name], **measure_layer(LAYERS[name], args)}
    for name in () if args.no_steps else NETWORKS:
        report["networks"][name] = {"batch": NETWORKS[name][2], "arms": measure_network(name, args)}
    print(conv_table(report))
    print(conv_step_table(report))
    if args.to:
        write_json(args.to, report)


if __name__ == "__main__":
    sys.exit(main())
