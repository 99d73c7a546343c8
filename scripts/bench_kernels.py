"""Every kernel of the linear layer and of selection: checked against the reference, then timed beside it.

Versions: the reference (NumPy, its BLAS on all threads), ours on one thread and on all, and where there is one the
library call that a person would use instead (np.argpartition, torch.topk). Medians, versions in turns.

    python scripts/bench_kernels.py --shape 64,500,500 --k 25
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from common.command import status

import minimalbp as mbp
from minimalbp.cost import check_shape, resolve_ks
from minimalbp.errors import check_float
from minimalbp.experiment import check_ints
from minimalbp.measure import Timed, in_turns
from minimalbp.report import align

Versions = dict[str, Callable[[], object]]


def kernels(batch: int, n_in: int, n_out: int, k: int) -> dict[str, tuple[Callable, list[np.ndarray]]]:
    """{name: (call of a backend, the arrays it writes)} of one layer."""
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal(s, np.float32) for s in ((batch, n_in), (batch, n_out)))
    w, b = rng.standard_normal((n_out, n_in), np.float32), rng.standard_normal(n_out, np.float32)
    reference = mbp.get_backend("reference")
    chosen, score = np.empty((batch, k), np.int32), np.empty((1, n_out), np.float32)
    reference.select.top_k(chosen, dy)
    reference.select.score(score[0], dy, 0)
    best = np.empty((1, k), np.int32)
    reference.select.top_k(best, score)
    rows = best[0].copy()
    picked, of_rows = np.empty((batch, k), np.float32), np.ascontiguousarray(dy[:, rows])
    reference.linear.pick_chosen(picked, dy, chosen)
    touched, start = np.empty(n_out, np.int32), np.empty(n_out + 1, np.int32)
    example, count = np.empty(chosen.size, np.int32), np.empty(1, np.int32)
    value = np.empty(chosen.size, np.float32)
    lists = np.arange(0, chosen.size + 1, k, dtype=np.int32), chosen.ravel(), picked.ravel()
    reference.select.invert(touched, start, example, value, count, *lists)
    r = int(count[0])
    start = start[: r + 1].copy()
    y, dx, dw = np.empty_like(dy), np.empty_like(x), np.empty_like(w)
    out_rows, out_start, out_count = (
        np.empty_like(touched),
        np.empty(n_out + 1, np.int32),
        np.empty_like(count),
    )
    drawn, centered = (
        [np.empty(batch + 1, np.int32), np.empty_like(lists[1]), np.empty_like(lists[2])],
        x.copy(),
    )
    u = rng.random(batch)
    out_example, out_value = np.empty_like(example), np.empty_like(value)
    out_chosen, out_score, out_picked = (
        np.empty_like(chosen),
        np.empty(n_out, np.float32),
        np.empty_like(picked),
    )
    return {
        "forward": (lambda be: be.linear.forward(y, x, w, b), [y]),
        "top_k": (lambda be: be.select.top_k(out_chosen, dy), [out_chosen]),
        "systematic": (lambda be: be.select.systematic(*drawn, dy, u, k), drawn),
        "systematic-batch": (lambda be: be.select.systematic(*drawn, dy, u[:1], k), drawn),
        "threshold": (lambda be: be.select.threshold(*drawn, dy, u, k), drawn),
        "signs": (lambda be: be.select.signs(*drawn, dy, k), drawn),
        "center": (lambda be: be.linear.center(centered, np.zeros(n_in, np.float32), x, 0.01), [centered]),
        "score": (lambda be: be.select.score(out_score, dy, 0), [out_score]),
        "invert": (
            lambda be: be.select.invert(out_rows, out_start, out_example, out_value, out_count, *lists),
            [out_rows[:r], out_start[: r + 1], out_example, out_value],
        ),
        "pick_chosen": (lambda be: be.linear.pick_chosen(out_picked, dy, chosen), [out_picked]),
        "pick_rows": (lambda be: be.linear.pick_rows(out_picked, dy, rows), [out_picked]),
        "dw_all": (lambda be: be.linear.dw_all(dw, dy, x), [dw]),
        "dw_all of k rows": (lambda be: be.linear.dw_all(dw[:k], of_rows, x), [dw[:k]]),
        "dw_chosen": (lambda be: be.linear.dw_chosen(dw[:r], value, x, start, example), [dw[:r]]),
        "dx_all": (lambda be: be.linear.dx_all(dx, dy, w), [dx]),
        "dx_rows": (lambda be: be.linear.dx_rows(dx, of_rows, w, rows), [dx]),
        "dx_chosen": (lambda be: be.linear.dx_chosen(dx, lists[2], w, *lists[:2]), [dx]),
    }


def libraries(batch: int, n_out: int, k: int) -> dict[str, Versions]:
    """What else selects: {kernel: {library: call}}."""
    dy = np.random.default_rng(0).standard_normal((batch, n_out), np.float32)
    found: dict[str, Versions] = {
        "top_k": {"np.argpartition": lambda: np.argpartition(np.abs(dy), n_out - k, 1)}
    }
    try:
        import torch
    except ImportError:
        return found
    tensor = torch.from_numpy(dy)
    found["top_k"]["torch.topk"] = lambda: torch.topk(tensor.abs(), k, 1, sorted=False)
    return found


def verify(call: Callable, written: list[np.ndarray], name: str) -> None:
    """Stop unless the cpu kernel, on one thread and on all, writes what the reference writes."""
    call(mbp.get_backend("reference"))
    right = [a.copy() for a in written]
    cpu = mbp.get_backend("cpu")
    for threads in (1, None):
        with cpu.threads(threads):
            for a in written:
                a[...] = -1
            call(cpu)
        for a, b in zip(written, right):
            assert np.linalg.norm(a - b) <= 1e-5 * np.linalg.norm(b), f"{name} is wrong"


def timed(call: Callable[[], object]) -> Callable[[], tuple[float]]:
    """The call, with its seconds."""

    def measured() -> tuple[float]:
        began = time.perf_counter()
        call()
        return (time.perf_counter() - began,)

    return measured


def layer(text: str, k: int | None) -> tuple[int, int, int, int]:
    """batch, n_in, n_out and k of a shape as typed. Raises BadInput."""
    shape = check_shape(check_ints("shape", text))
    (k,) = resolve_ks([0.05 if k is None else k], shape[2])
    return *shape, k


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--shape", nargs="+", default=["10,784,500", "64,500,500", "512,2048,2048"])
    parser.add_argument("--k", type=int, help="default: 5 %% of each layer")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each version")
    args = parser.parse_args(argv)
    return status(lambda: run(args))


def run(args: argparse.Namespace) -> None:
    """Check, measure, print. Raises BadInput."""
    check_float("seconds", args.seconds, 0, 3600, open_low=True)
    layers = {shape: layer(shape, args.k) for shape in args.shape}
    reference, cpu = mbp.get_backend("reference"), mbp.get_backend("cpu")
    for shape, (batch, n_in, n_out, k) in layers.items():
        others = libraries(batch, n_out, k)
        names = ["reference", "cpu, 1 thread", "cpu", "np.argpartition", "torch.topk"]
        table = [[f"{shape}, k = {k}, microseconds", *names]]
        for name, (call, written) in kernels(batch, n_in, n_out, k).items():
            verify(call, written, name)
            arms = {
                "reference": Timed(timed(partial(call, reference)), reference.threads, "np"),
                "cpu, 1 thread": Timed(timed(partial(call, cpu)), partial(cpu.threads, 1)),
                "cpu": Timed(timed(partial(call, cpu)), cpu.threads),
            }
            for other, f in others.get(name, {}).items():
                arms[other] = Timed(timed(f), reference.threads, other.split(".")[0])
            found = {n: 1e6 * np.median(s) for n, s in in_turns(arms, args.seconds).items()}
            table.append([name, *(f"{found[n]:,.1f}" if n in found else "" for n in names)])
        print(align(table), "\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
