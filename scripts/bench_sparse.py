"""Sparse layers against dense ones: both passes, the forward pass beside other sparse code, and a training step.

Layers of n inputs and n outputs, each of which reads 32: Kronecker blocks of 16 x 16, and a random regular graph.
Both passes are checked against NumPy's dense products before they are timed. The dense code to beat is the fastest
of ours, NumPy's and PyTorch's, pass by pass. The sparse code to beat in the forward pass is PyTorch's sparse_csr on
the same edges, with the examples as they are or turned around, and the turning counts. Then a step of six such
layers and a dense one of 10 outputs, with Adam, beside the dense network in PyTorch with fused Adam. The first step
is checked against PyTorch's on the edges. One thread and several. Medians and quartiles. Needs PyTorch, and a quiet
machine.

    python scripts/bench_sparse.py --to docs/results/sparse.json
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from bench.options import check, options, start_report
from bench.sparse_markdown import forward_table, passes_table, step_table
from bench.sparse_step import GRAPHS, measure, verify
from common.command import status

import minimalbp as mbp
from minimalbp.cost import plan_sparse
from minimalbp.files import write_json

SIZES = (1024, 4096)
BATCHES = (1, 16, 64, 256)
FAN_IN = 32
BATCH = 64  # of a training step


def main(argv: list[str] | None = None) -> int:
    parser = options(__doc__, rounds=30, block=20, skip=4)
    add = parser.add_argument
    add("--seconds", type=float, default=1.0, help="for each kind of code and shape")
    add("--sizes", type=int, nargs="*", default=list(SIZES), metavar="N", help="none: steps only")
    add("--batch", type=int, nargs="+", default=list(BATCHES), help="of the layers")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv))


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Check, measure, print, write. Raises BadInput."""
    check(args)
    plan = plan_sparse(
        [(batch, n, FAN_IN) for n in args.sizes for batch in args.batch], seconds=args.seconds
    )  # fmt: skip
    report: dict[str, Any] = {**start_report("bench_sparse", argv, args), "passes": {}, "steps": {}}
    for threads in sorted({1, args.threads}):
        report["passes"][str(threads)] = plan.measure(threads=threads, progress=True)["results"]
        with mbp.get_backend("cpu").threads(threads):
            for kind in GRAPHS:
                verify(kind, BATCH)
        report["steps"][str(threads)] = measure(BATCH, threads, args.rounds, args.block, args.skip)
    tables = [passes_table, forward_table] if args.sizes else []
    print("\n\n".join(table(report) for table in [*tables, step_table]))
    if args.to:
        write_json(args.to, report)


if __name__ == "__main__":
    sys.exit(main())
