"""`minimalbp cost`: the backward pass against k, beside the best dense code: seconds, fit, crossover, ceilings."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, unknown
from .numbers import as_number, as_whole

if TYPE_CHECKING:
    from ..cost.plan import CostPlan

SHAPES = ["10,784,500", "64,500,500", "512,2048,2048"]
PHASES = ("backward", "step")
# Options of one phase alone, with their defaults
BACKWARD: dict[str, Any] = {"shape": SHAPES, "problem": []}
STEP = {"network": "784,500,500,10", "batch": "1,10,64", "rows": "chosen"}
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
    from ..files import replacing
    from ..report.cost_figure import draw_cost
    from ..report.cost_table import cost_table

    threads, plan, out = check_threads(args.threads), planned(args), Path(args.out)
    with replacing(out / "cost.json") as temporary:
        temporary.touch()  # a folder that cannot be written is refused now, not at the end
        report = plan.measure(threads=threads, progress=True)
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw_cost(report, out / "cost.png")
    print(json.dumps(report) if args.json else cost_table(report))
    return 0


def planned(args: argparse.Namespace) -> CostPlan:
    """What is to be measured. Raises BadInput."""
    from ..cost.plan import plan_layers, plan_steps
    from ..experiment.settings import parse_k, whole_list

    if args.phase not in PHASES:
        raise unknown("phase", args.phase, PHASES)
    for phase, options in (("backward", BACKWARD), ("step", STEP)):
        given = [f"--{name}" for name, default in options.items() if getattr(args, name) != default]
        if given and args.phase != phase:
            raise BadInput(f"{given[0]} is for --phase {phase} only; leave it out of --phase {args.phase}")
    common: dict[str, Any] = {
        "ks": [value for text in args.k.split(",") for value in parse_k(text).values()],
        "selects": [name.strip() for name in args.select.split(",")], "seconds": args.seconds,
    }  # fmt: skip
    if args.phase == "step":
        sizes, batches = whole_list("network", args.network), whole_list("batch", args.batch)
        return plan_steps(sizes, batches, rows=args.rows, **common)
    shapes = [whole_list("shape", text) for text in args.shape] if not args.problem else []
    return plan_layers(shapes, problems=args.problem, **common)
