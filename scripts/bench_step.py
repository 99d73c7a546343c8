"""One training step of 784-500-500-10 with Adam: ours, dense and sparse, against PyTorch in the same run.

Every arm does the whole step (forward, loss, backward, update) on the same batches with as many threads. Before the
clock starts, our dense step is checked against PyTorch's (loss, gradients, updated weights), and each sparse step
against the reference backend. The arms take turns in short blocks, so that a slow moment of the machine hits all;
the first steps of a block are not counted, and threads fall asleep before another library's turn. Medians and
quartiles over all counted steps. Needs PyTorch.

    python scripts/bench_step.py --to docs/results/step.json
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
from bench.clocked import Clocked, seconds_of, timed
from bench.options import check, options, start_report
from common.command import status

import minimalbp as mbp
from minimalbp.cost import TorchStep
from minimalbp.errors import check_int
from minimalbp.files import write_json
from minimalbp.measure import in_blocks

SIZES = [784, 500, 500, 10]
BATCHES = 64  # different mini-batches, in turn
ARMS = {
    "dense, rows=all": (mbp.Dense(), "all"),
    "top-k, rows=all": (mbp.TopK(25), "all"),
    "top-k, rows=chosen": (mbp.TopK(25), "chosen"),
    "unified top-k, rows=all": (mbp.UnifiedTopK(25), "all"),
    "unified top-k, rows=chosen": (mbp.UnifiedTopK(25), "chosen"),
}


class Ours(Clocked):
    """The papers' network with its clock."""

    def __init__(self, select: object, rows: str, backend: str = "cpu"):
        super().__init__(mbp.mlp(SIZES, select=select, backend=backend), rows)


class Torch:
    """The same in PyTorch: fused Adam, or the default one."""

    def __init__(self, fused: bool | None, like: Ours):
        self.peer = TorchStep(SIZES, like.weights(), fused=fused)
        self.weights, self.gradients = self.peer.weights, self.peer.gradients
        self.seconds: list[tuple[float, ...]] = []

    def step(self, x: np.ndarray, labels: np.ndarray) -> float:
        value, seconds = self.peer.step(x, labels)
        self.seconds.append(seconds)
        return value


def batches(batch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Inputs as dense as MNIST's: about a fifth of the pixels are not zero."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(BATCHES):
        x = np.maximum(rng.random((batch, SIZES[0]), dtype=np.float32) - 0.8, 0) * 5
        made.append((x, rng.integers(0, SIZES[-1], batch).astype(np.int32)))
    return made


def verify(batch: int) -> None:
    """Stop unless our dense step is PyTorch's and each sparse step is that of the reference backend."""
    x, labels = batches(batch)[0]
    for select, rows in ARMS.values():
        ours = Ours(select, rows)
        judge = Torch(True, ours) if isinstance(select, mbp.Dense) else Ours(select, rows, "reference")
        start = [w.copy() for w in ours.weights()]
        np.testing.assert_allclose(ours.step(x, labels), judge.step(x, labels), rtol=1e-5)
        for g, other in zip(ours.gradients(), judge.gradients()):
            assert np.linalg.norm(g - other) < 1e-5 * np.linalg.norm(other), f"{select}: gradients differ"
        for w, other, before, g in zip(ours.weights(), judge.weights(), start, ours.gradients()):
            assert not np.array_equal(w, before), f"{select}: a parameter did not move"
            # PyTorch's epsilon acts a little differently (see Adam), so compare where |g| is far above it.
            off = (np.abs(w - other) > 1e-5) & (np.abs(g) > 1e-4)
            assert not off.any(), f"{select} {rows}: {off.mean():.1%} of the weights differ"


def measure(batch: int, threads: int, rounds: int, block: int, skip: int) -> dict:
    """Median and quartiles of seconds per step and per part, for each arm."""
    ours = {name: Ours(*of) for name, of in ARMS.items()}
    first = ours["dense, rows=all"]
    arms = {name: timed(seconds_of(one), threads) for name, one in ours.items()}
    for name, fused in (("PyTorch, fused Adam", True), ("PyTorch, default Adam", None)):
        arms[name] = timed(seconds_of(Torch(fused, first)), threads, "PyTorch")
    kept = in_blocks(arms, batches(batch), rounds, block, skip)
    result = {}
    for name, parts in kept.items():
        whole = parts.sum(axis=1)
        low, middle, high = np.percentile(whole, [25, 50, 75])
        forward, backward, update = np.median(parts, axis=0)
        result[name] = {
            "step": float(middle), "quartiles": [float(low), float(high)],
            "forward": float(forward), "backward": float(backward), "update": float(update), "steps": len(whole),
        }  # fmt: skip
    return result


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=30, block=40, skip=8)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 10, 64])
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, print, write. Raises BadInput."""
    check(args)
    for batch in args.batch:
        check_int("batch", batch, least=1)
    report: dict[str, Any] = {
        **start_report("bench_step", argv, args),
        "sizes": SIZES,
        "k": 25,
        "batches": {},
    }
    for batch in args.batch:
        with mbp.get_backend("cpu").threads(args.threads):
            verify(batch)
        result = measure(batch, args.threads, args.rounds, args.block, args.skip)
        report["batches"][str(batch)] = result
        print(f"batch {batch}: microseconds, medians of {next(iter(result.values()))['steps']} steps")
        for name, r in result.items():
            ratio = result["PyTorch, fused Adam"]["step"] / r["step"]
            parts = "  ".join(
                f"{key} {1e6 * r[key]:5.0f}" for key in ("forward", "backward", "update", "step")
            )
            print(f"  {name:28s} {parts}   {ratio:5.2f}x PyTorch fused")
    if args.to:
        write_json(args.to, report)


if __name__ == "__main__":
    sys.exit(main())
