"""What centring and the ways to choose cost: seconds of one layer's choice, backward and forward pass, in turns.

    python scripts/bench_centring.py --to docs/results/centring_seconds.json

For a machine that does nothing else. Every layer is verified before it is timed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from bench.options import check_writable
from common.command import commit, status, typed
from common.reproduce import write

import minimalbp as mbp
from minimalbp.errors import check_float
from minimalbp.measure import Timed, in_turns
from minimalbp.report import align
from minimalbp.select import masked

SHAPES = ((1, 500, 500), (10, 500, 500), (64, 500, 500))
K = 25
SELECT = {
    "topk": mbp.TopK(K), "unified": mbp.UnifiedTopK(K), "systematic": mbp.Systematic(K),
    "systematic-batch": mbp.Systematic(K, over="batch"), "threshold": mbp.Threshold(K),
    "threshold-batch": mbp.Threshold(K, over="batch"), "signs": mbp.Signs(K),
}  # fmt: skip
CENTER = ("off", "dw", "forward")
PARTS = ("select", "backward", "forward")


class Arm:
    """A layer in a network, and inputs and gradients as between two layers of ReLU: half of them are zero."""

    def __init__(self, shape: tuple[int, int, int], select: Any, center: str):
        batch, n_in, n_out = shape
        rng = np.random.default_rng(0)
        self.layer = mbp.Linear(n_in, n_out, select=select, center=center)
        self.net = mbp.Sequential(self.layer)
        self.x = np.maximum(rng.standard_normal((batch, n_in), np.float32), 0)
        dy = rng.standard_normal((batch, n_out), np.float32)
        self.dy = np.where(rng.random((batch, n_out)) < 0.5, dy, 0).astype(np.float32)

    def __call__(self) -> tuple[float, ...]:
        clock, layer = time.perf_counter, self.layer
        first = clock()
        layer.forward(self.x)
        second = clock()
        layer.backward(self.dy)
        third = clock()
        layer.select(self.dy, layer.be, layer.buf, layer.rng)
        return clock() - third, third - second, second - first

    def verify(self) -> None:
        """Raise RuntimeError unless dW is that of the chosen gradients and of what stands for x."""
        layer = self.layer
        layer.forward(self.x)
        mean = np.zeros(layer.n_in) if layer.mean is None else layer.mean.value.copy()
        x = layer.last_x if layer.center == "forward" else self.x - mean
        if layer.center == "dw":  # the first pass takes the mean of its own batch
            x = self.x - self.x.mean(axis=0)
        layer.backward(self.dy)
        right = masked(layer.last_choice, layer.last_picked, self.dy.shape).T @ x
        grad = layer.weight.grad
        found = np.zeros_like(right)
        found[slice(None) if grad.rows is None else grad.rows] = grad.values
        if not np.linalg.norm(found - right) <= 1e-4 * np.linalg.norm(right):
            raise RuntimeError(
                f"{layer.select}, {layer.center}: dW is wrong on this machine; please report it"
            )


def measure(seconds: float, threads: int) -> list[dict[str, Any]]:
    """One entry for each shape, selector and way to centre: median microseconds of each part."""
    runs = []
    for shape in SHAPES:
        arms = {
            (name, center): Arm(shape, select, center) for name, select in SELECT.items() for center in CENTER
        }
        with mbp.get_backend("cpu").threads(threads):
            for arm in arms.values():
                arm.verify()
        found = in_turns(
            {key: Timed(arm, lambda arm=arm: arm.net.be.threads(threads)) for key, arm in arms.items()},
            seconds,
        )
        runs += [
            {"shape": list(shape), "rule": name, "center": center, "calls": len(times)}
            | {part: 1e6 * float(t) for part, t in zip(PARTS, np.median(times, axis=0))}
            for (name, center), times in found.items()
        ]
    return runs


def run(args: argparse.Namespace) -> None:
    """Check, measure, print, and write if asked to."""
    check_float("seconds", args.seconds, 0, 3600, open_low=True)
    if args.to:
        check_writable(args.to)
    made_by = commit()
    runs = measure(args.seconds, args.threads)
    report = {
        "command": typed("bench_centring", args.argv), "k": K, "threads": args.threads, "machine": mbp.machine(),
        "commits": [made_by], "runs": runs,
    }  # fmt: skip
    table = [["shape", "rule", "center", *PARTS]]
    for r in runs:
        table.append(
            ["x".join(map(str, r["shape"])), r["rule"], r["center"], *(f"{r[part]:.1f}" for part in PARTS)]
        )
    print(align(table))
    if args.to:
        write(args.to, report)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each arm")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--to", type=Path, help="write the JSON there")
    args = parser.parse_args(argv)
    args.argv = argv
    return status(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
