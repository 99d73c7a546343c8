"""One training step of the papers' tagger, a batch of one sentence: ours, dense and sparse, against PyTorch.

Embedding (one word of 50 numbers and seven features of 20) -> LSTM of 500 -> Linear to 45 tags; Adam. Every arm
does the whole step (forward, loss, backward, update) on the same sentences with as many threads. Before the clock
starts, our dense step is checked against PyTorch's (loss, gradients) and each sparse step against the reference
backend. The arms take turns in short blocks, so that a slow moment of the machine hits all; the first steps of a
block are not counted, and threads fall asleep before another library's turn. The backward pass of the LSTM alone,
and its parts, are timed likewise. Medians and quartiles. Needs PyTorch.

    python scripts/bench_lstm.py --to docs/results/lstm.json
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
from bench.clocked import seconds_of, timed
from bench.options import check, options, start_report
from bench.tagger import HIDDEN, N_IN, TABLES, TAGS, Ours, Torch
from common.command import status

import minimalbp as mbp
from minimalbp.files import write_json
from minimalbp.measure import in_blocks

SENTENCES = 64  # different ones, in turn
ARMS: dict[str, tuple[mbp.Dense | mbp.TopK, str]] = {
    "dense, rows=all": (mbp.Dense(), "all"),
    "dense, rows=chosen": (mbp.Dense(), "chosen"),
    "top-k 10, rows=all": (mbp.TopK(10), "all"),
    "top-k 10, rows=chosen": (mbp.TopK(10), "chosen"),
    "top-k 5, rows=chosen": (mbp.TopK(5), "chosen"),
}
BACKWARD = {"dense": mbp.Dense(), "top-k 10": mbp.TopK(10), "top-k 5": mbp.TopK(5)}
PARTS = ("dx", "dw", "select", "other")  # of the backward pass, as a Meter knows them
PEERS = {"PyTorch, fused Adam": False, "PyTorch, fused Adam and SparseAdam": True}


def sentences(low: int, high: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ids (words, 8) and tags of sentences of low to high words; words are as rare as Zipf's law has it."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(SENTENCES):
        n = int(rng.integers(low, high + 1))
        columns = [np.minimum(rng.zipf(1.3, n), entries) - 1 for entries, _ in TABLES]
        made.append((np.stack(columns, axis=1).astype(np.int32), rng.integers(0, TAGS, n).astype(np.int32)))
    return made


def verify(made: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Stop unless our dense step is PyTorch's and each sparse step is that of the reference backend."""
    for name, (select, rows) in ARMS.items():
        ours = Ours(select, rows)
        judge = Torch(False, ours) if isinstance(select, mbp.Dense) else Ours(select, rows, "reference")
        x, labels = made[0]
        before = [p.value.copy() for p in ours.net.parameters()]
        np.testing.assert_allclose(ours.step(x, labels), judge.step(x, labels), rtol=1e-5)
        for p, g, other, was in zip(ours.net.parameters(), ours.gradients(), judge.gradients(), before):
            off = np.linalg.norm(g - other) / np.linalg.norm(other)
            assert off < 2e-5, f"{name}: the gradient of {p.name} is off by {off:.1e}"
            assert not np.array_equal(p.value, was), f"{name}: {p.name} did not move"


def summary(seconds: np.ndarray) -> dict:
    low, middle, high = np.percentile(seconds, [25, 50, 75])
    return {"median": float(middle), "quartiles": [float(low), float(high)], "calls": len(seconds)}


def measure_step(made: list, threads: int, rounds: int, block: int, skip: int) -> dict:
    """Seconds of a step and of its parts, for each arm."""
    ours = {name: Ours(*of) for name, of in ARMS.items()}
    first = ours["dense, rows=all"]
    arms = {name: timed(seconds_of(one), threads) for name, one in ours.items()}
    arms |= {
        name: timed(seconds_of(Torch(sparse, first)), threads, "PyTorch") for name, sparse in PEERS.items()
    }
    result = {}
    for name, seconds in in_blocks(arms, made, rounds, block, skip).items():
        parts = np.median(seconds, axis=0)
        split = dict(zip(("forward", "backward", "update"), map(float, parts)))
        result[name] = {"step": summary(seconds.sum(axis=1)), **split}
    return result


def measure_backward(made: list, threads: int, rounds: int, block: int, skip: int) -> dict:
    """Seconds of the LSTM's backward pass alone."""
    rng = np.random.default_rng(1)
    ours = {name: Ours(select, "all") for name, select in BACKWARD.items()}
    arms = {name: timed(_backward(one, rng), threads) for name, one in ours.items()}
    arms["PyTorch"] = timed(_torch_backward(Torch(False, ours["dense"]), rng), threads, "PyTorch")
    kept = in_blocks(arms, made, rounds, block, skip)
    return {name: summary(seconds[:, 0]) for name, seconds in kept.items()}


def measure_parts(made: list, threads: int, rounds: int, block: int, skip: int) -> dict:
    """Where that time goes, median seconds of a call: the loop through time and dx ("dx"), dW and dU with the
    choice transposed for them ("dw"), choosing among numbers drawn beforehand ("select"), and "other": the bias,
    the drawing, Python.

    The loop is the cell, the choice, and dh. Random-k's is top-k's without the choosing, and with k = 1 hardly more
    than the cell.
    """
    rng = np.random.default_rng(1)

    def call(ours: Ours) -> Callable:
        meter = mbp.Meter()

        def measured(x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
            before, dy = meter.seconds.copy(), rng.standard_normal((len(x), HIDDEN), np.float32)
            with meter.attached(ours.net, ours.loss, ours.optimizer):
                meter.start()
                ours.net.forward(x)
                meter.mark("forward")
                ours.lstm.backward(dy)
                meter.mark("backward")
            return tuple(meter.seconds[part] - before[part] for part in PARTS)

        return measured

    selectors: dict[str, mbp.Dense | mbp.TopK | mbp.RandomK] = {
        **BACKWARD, "random 10": mbp.RandomK(10), "random 1": mbp.RandomK(1),
    }  # fmt: skip
    arms = {name: timed(call(Ours(select, "all")), threads) for name, select in selectors.items()}
    kept = in_blocks(arms, made, rounds, block, skip)
    return {name: dict(zip(PARTS, map(float, np.median(seconds, axis=0)))) for name, seconds in kept.items()}


def _backward(ours: Ours, rng: np.random.Generator) -> Callable:
    def call(x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        ours.net.forward(x)
        dy = rng.standard_normal((len(x), HIDDEN), np.float32)
        began = time.perf_counter()
        ours.lstm.backward(dy)
        return (time.perf_counter() - began,)

    return call


def _torch_backward(peer: Torch, rng: np.random.Generator) -> Callable:
    torch = peer.torch
    wanted = [peer.lstm.weight_ih_l0, peer.lstm.weight_hh_l0, peer.lstm.bias_ih_l0]

    def call(x: np.ndarray, labels: np.ndarray) -> tuple[float, ...]:
        inputs = torch.from_numpy(rng.standard_normal((len(x), 1, N_IN), np.float32)).requires_grad_()
        h, _ = peer.lstm(inputs)
        dy = torch.from_numpy(rng.standard_normal((len(x), 1, HIDDEN), np.float32))
        began = time.perf_counter()
        torch.autograd.grad(h, [inputs, *wanted], dy)
        return (time.perf_counter() - began,)

    return call


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=20, block=30, skip=6)
    parser.add_argument("--words", type=int, nargs=2, default=[16, 25], help="shortest and longest sentence")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, print, write. Raises BadInput."""
    check(args)
    if not 1 <= args.words[0] <= args.words[1]:
        raise mbp.BadInput(
            f"words must be the shortest and the longest sentence, such as 16 25, not {args.words}"
        )
    report = start_report("bench_lstm", argv, args)
    made = sentences(*args.words)
    with mbp.get_backend("cpu").threads(args.threads):
        verify(made)
    settings = (made, args.threads, args.rounds, args.block, args.skip)
    backward, step = measure_backward(*settings), measure_step(*settings)
    print("backward of the LSTM, microseconds")
    for name, r in backward.items():
        own, other = (backward[judge]["median"] / r["median"] for judge in ("dense", "PyTorch"))
        print(f"  {name:36s} {1e6 * r['median']:7.0f}   {own:5.1f}x our dense {other:5.1f}x PyTorch")
    parts = measure_parts(*settings)
    print("its parts, microseconds")
    for name, part in parts.items():
        print(f"  {name:36s}", *(f"{key} {1e6 * seconds:6.0f} " for key, seconds in part.items()))
    print("training step, microseconds")
    best = min(step[name]["step"]["median"] for name in PEERS)
    for name, r in step.items():
        split = "  ".join(f"{key} {1e6 * r[key]:6.0f}" for key in ("forward", "backward", "update"))
        whole = r["step"]["median"]
        print(f"  {name:36s} {split}  step {1e6 * whole:6.0f}   {best / whole:5.2f}x PyTorch")
    if args.to:
        sizes = {"tables": TABLES, "n_in": N_IN, "hidden": HIDDEN, "tags": TAGS, "words": args.words}
        write_json(args.to, report | sizes | {"backward": backward, "parts": parts, "step": step})


if __name__ == "__main__":
    sys.exit(main())
