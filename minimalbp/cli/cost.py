"""`minimalbp cost`: the backward pass against k, beside the best dense code: seconds, fit, crossover, ceilings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, check_float, unknown
from .numbers import as_number, as_whole

SHAPES = ["10,784,500", "64,500,500", "512,2048,2048"]
PHASES = ("backward", "step")
# Options of one phase alone, with their defaults
BACKWARD: dict[str, Any] = {"shape": SHAPES, "problem": []}
STEP = {"network": "784,500,500,10", "batch": "1,10,64", "rows": "chosen"}

if TYPE_CHECKING:
    from ..cost.problem import Problem
KS = "1%,2%,4%,5%,8%,16%,32%,50%,100%"


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `cost` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "cost",
        help="measure cost against k, beside the best dense code",
        description=__doc__,
    )
    add = parser.add_argument
    add("--shape", nargs="+", default=BACKWARD["shape"], metavar="BATCH,N_IN,N_OUT",
        help=f"layers to measure (default {' '.join(SHAPES)})")  # fmt: skip
    add("--problem", nargs="+", default=BACKWARD["problem"], metavar="FILE.npz",
        help="layers of your own instead: x (batch, n_in), w (n_out, n_in), dy (batch, n_out)")  # fmt: skip
    add("--k", default=KS, metavar="K,K", help="25 or 5%%, several with commas (default 1%% to 100%%)")
    add("--select", default="topk,unified", help="of topk, unified, random (default topk,unified)")
    add(
        "--phase", default="backward", help="backward of one layer (default), or step: a network's whole step"
    )
    add(
        "--network",
        default=STEP["network"],
        metavar="N,N,N",
        help="for --phase step (default 784,500,500,10)",
    )
    add(
        "--batch",
        default=STEP["batch"],
        metavar="N,N",
        help="for --phase step: batch sizes (default 1,10,64)",
    )
    add(
        "--rows", default=STEP["rows"], help="for --phase step: rows that Adam updates: chosen (default), all"
    )
    add("--threads", type=as_whole, help="cores to use (default all)")
    add("--seconds", type=as_number, default=0.3, help="of measuring for each point (default 0.3)")
    add("--out", metavar="DIR", default=".", help="where cost.json and cost.png go (default here)")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp cost ...` asks. Returns 0; raises BadInput."""
    from ..backend import check_threads
    from ..cost.ceilings import ceilings
    from ..files import replacing
    from ..measure.machine import machine
    from ..report.cost_figure import draw_cost
    from ..report.cost_table import cost_table
    from ..train.progress import Progress

    threads, seconds = (
        check_threads(args.threads),
        check_float("seconds", args.seconds, 0, 3600, open_low=True),
    )
    jobs, out = planned(args, seconds), Path(args.out)
    with replacing(out / "cost.json") as temporary:
        temporary.touch()  # a folder that cannot be written is refused now, not at the end
        report: dict[str, Any] = {"machine": machine(), "threads": threads, "phase": args.phase,
                                  "ceilings": ceilings(threads), "results": []}  # fmt: skip
        options: dict[str, Any] = {"threads": threads, "seconds": seconds}
        if args.phase == "backward":
            options["limits"] = report["ceilings"]
        with Progress("cost", total=sum(job.ticks for job in jobs)) as bar:
            for job in jobs:
                report["results"].append(job.measure(**options, tick=bar.advance))
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw_cost(report, out / "cost.png")
    print(json.dumps(report) if args.json else cost_table(report))
    return 0


@dataclass(frozen=True)
class _Job:
    """One entry of "results" to come."""

    measure: Callable[..., dict[str, Any]]
    ticks: int


def planned(args: argparse.Namespace, seconds: float) -> list[_Job]:
    """What is to be measured. Everything is checked here, before the first clock is read: raises BadInput."""
    from ..cost.layer import SELECTORS
    from ..cost.problem import check_shape, load_problem, random_problem
    from ..cost.step import measure_step, step_ticks
    from ..experiment.settings import parse_k, whole_list
    from ..optim import ROWS

    for phase, options in (("backward", BACKWARD), ("step", STEP)):
        given = [f"--{name}" for name, default in options.items() if getattr(args, name) != default]
        if given and args.phase != phase and args.phase in PHASES:
            raise BadInput(f"{given[0]} is for --phase {phase} only; leave it out of --phase {args.phase}")
    selects = [name.strip() for name in args.select.split(",")]
    for name, value, known in (("phase", args.phase, PHASES), ("rows", args.rows, ROWS),
                               *(("select", s, SELECTORS) for s in selects)):  # fmt: skip
        if value not in known:
            raise unknown(name, value, known)
    wanted = [parse_k(text) for text in args.k.split(",")]

    def ks(n_out: int) -> list[int]:
        """The sweep for a layer of that width, ascending; k in per cent is rounded, at least 1."""
        found = {w["k"] if "k" in w else max(1, round(w["ratio"] * n_out)) for w in wanted}
        if max(found) > n_out:
            raise BadInput(f"k = {max(found)} is larger than the layer's {n_out} units; use k in 1..{n_out}")
        return sorted(found)

    if args.phase == "step":
        sizes, batches = whole_list("network", args.network), whole_list("batch", args.batch)
        if len(sizes) < 3:
            raise BadInput(f"network must have a hidden layer, such as 784,500,10, not {args.network}")
        for n_in, n_out in pairwise(sizes):
            check_shape(max(batches), n_in, n_out)
        sweep = ks(max(sizes[1:-1]))
        return [
            _Job(partial(measure_step, sizes, batch, select, sweep, rows=args.rows), step_ticks(sweep, seconds))
            for batch in batches for select in selects
        ]  # fmt: skip
    problems: list[tuple[tuple[int, ...], Callable[[], Problem], str | None]] = []
    for path in args.problem:
        problem = load_problem(path)
        problems.append((problem.shape, partial(load_problem, path), Path(path).name))
    for text in args.shape if not args.problem else ():
        shape = whole_list("shape", text)
        if len(shape) != 3:
            raise BadInput(f"shape must be BATCH,N_IN,N_OUT, such as 64,500,500, not {text}")
        check_shape(*shape)
        problems.append((shape, partial(random_problem, *shape), None))
    return [
        _layer(made, select, ks(shape[2]), name, seconds)
        for shape, made, name in problems
        for select in selects
    ]


def _layer(made: Callable[[], Problem], select: str, ks: list[int], name: str | None, seconds: float) -> _Job:
    """One layer and selector. The arrays are made when their turn comes: large ones would crowd each other out."""
    from ..cost.layer import measure_layer, ticks

    def measure(**options: Any) -> dict[str, Any]:
        return measure_layer(made(), select, ks, **options) | ({"problem": name} if name else {})

    return _Job(measure, ticks(ks, seconds))
