"""Pruned networks against dense ones: the forward pass of each convolution and of the net, ours and PyTorch's.

LeNet (28 x 28) and ConvNet (3 x 32 x 32) as they are made. Of each convolution three quarters of the columns, drawn
at random, are removed; in another arm as many filters as give the same 4x in theory. Packed networks are proved
equal in float64 before they are timed. PyTorch runs the dense network, the small dense one that is left of the
filters, and the kept columns by two ways of its own; channels first and last in memory, and the fastest counts. One
thread and several, one picture and 64. Medians. Needs PyTorch.

    python scripts/bench_prune.py --to docs/results/prune.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from bench.clocked import timed
from bench.options import by_number, check, options, start_report
from bench.prune_markdown import prune_table
from bench.torch_columns import with_columns
from bench.torch_net import modules
from common.command import status

import minimalbp as mbp
from minimalbp.files import write_json
from minimalbp.measure import clocked, in_blocks
from minimalbp.prune import PrunePlan, Pruner, measure, pack, prove

NETWORKS: dict[str, tuple[Callable[..., mbp.Sequential], tuple[int, ...], bool]] = {
    "LeNet": (mbp.lenet, (1, 28, 28), False),
    "ConvNet": (mbp.convnet, (3, 32, 32), False),
    "ConvNet, batch normalisation folded": (mbp.convnet, (3, 32, 32), True),
}
KINDS = {"columns": {"ratio": 0.75, "method": "random"}, "filters": {"speedup": 4.0, "method": "filters-l1"}}
BATCHES = (1, 64)


def made(name: str) -> mbp.Sequential:
    """The dense network, after a pass in training, so that batch normalisation has statistics."""
    make, shape, batchnorm = NETWORKS[name]
    net = make(shape, 10, batchnorm=batchnorm)
    net.forward(net.prepare(pictures(name, 64)))
    return net


def pictures(name: str, batch: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((batch, *NETWORKS[name][1]), np.float32)


def pruned(name: str, kind: str) -> tuple[mbp.Sequential, mbp.Sequential]:
    """The network with zeros, and packed. Raises Unequal where the two differ."""
    net = made(name)
    pruner = Pruner(PrunePlan(**KINDS[kind], interval=1, updates=1, span=1))  # type: ignore[arg-type]
    pruner.begin(net, mbp.Adam(net.parameters()), 1)
    pruner.before_part(0, mbp.History())
    pruner.before_step()
    packed = pack(net, fold_batchnorm=NETWORKS[name][2])
    prove(net, packed, pictures(name, 4))
    return net, packed


def case(name: str, kind: str, batch: int, threads: int, args: argparse.Namespace) -> dict[str, Any]:
    """One network, pruned in one way, on so many threads and pictures."""
    net, packed = pruned(name, kind)
    x = pictures(name, batch)
    ours = measure(net, packed, x, threads=threads, seconds=args.seconds)
    return {"kind": kind, "threads": threads, "peers": peers(name, net, packed, x, threads, args), **ours}


def peers(
    name: str,
    net: mbp.Sequential,
    packed: mbp.Sequential,
    x: np.ndarray,
    threads: int,
    args: argparse.Namespace,
) -> dict[str, float]:
    """Median seconds of our packed network, and of PyTorch's dense and pruned ones, in turns."""
    import torch

    dense = pack(made(name), fold_batchnorm=NETWORKS[name][2])
    if any(isinstance(layer, mbp.PackedConv2d) for layer in packed.children):
        both = {"PyTorch, columns gathered": False, "PyTorch, columns of unfold": True}
        of = {arm: partial(with_columns, dense, packed, unfold=unfold) for arm, unfold in both.items()}
    else:
        of = {"PyTorch, small": partial(modules, packed)}
    of = {"PyTorch, dense": partial(modules, dense)} | of
    frozen = mbp.Frozen(packed)
    prepared = packed.prepare(x)
    calls: dict[str, Callable[[], Any]] = {
        "minimalbp, layers": partial(packed.forward, prepared, train=False),
        "minimalbp, Frozen": partial(frozen.forward, prepared),
    }
    wanted = packed(x)
    for arm, make in of.items():
        for order, words in ((torch.contiguous_format, "first"), (torch.channels_last, "last")):
            peer, given = make().eval(), torch.from_numpy(x).contiguous(memory_format=order)
            peer = peer.to(memory_format=order)
            calls[f"{arm}, channels {words}"] = partial(_without_gradients, peer, given)
            if arm != "PyTorch, dense":
                found = _without_gradients(peer, given).numpy()
                assert np.linalg.norm(found - wanted) <= 1e-4 * np.linalg.norm(wanted), f"{arm} differs"
    arms = {arm: timed(clocked(call), threads, "PyTorch" if arm.startswith("PyTorch") else "")
            for arm, call in calls.items()}  # fmt: skip
    took = in_blocks(arms, [()], args.rounds, args.block, args.skip)
    return {arm: float(np.median(seconds)) for arm, seconds in took.items()}


def _without_gradients(peer: Any, x: Any) -> Any:
    import torch

    with torch.inference_mode():
        return peer(x)


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=8, block=12, skip=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each network and convolution of ours")
    parser.add_argument("--networks", type=int, nargs="+", default=[1, 2, 3], help="which of them, by number")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Prune, prove, measure, print, write. Raises BadInput."""
    check(args)
    report: dict[str, Any] = {**start_report("bench_prune", argv, args), "networks": {}}
    for name in by_number("networks", NETWORKS, args.networks):
        report["networks"][name] = [
            case(name, kind, batch, threads, args)
            for kind in KINDS for threads in sorted({1, args.threads}) for batch in BATCHES
        ]  # fmt: skip
    print(prune_table(report))
    if args.to:
        write_json(args.to, report)


if __name__ == "__main__":
    sys.exit(main())
