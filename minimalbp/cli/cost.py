"""`minimalbp cost`: measure cost against k, beside the best dense code and the ceilings of the machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadInput, unknown
from .numbers import float_or_text, int_or_text

if TYPE_CHECKING:
    from ..cost.plan import CostPlan

# The options of each phase alone, with their defaults
OWN: dict[str, dict[str, Any]] = {
    "backward": {"shape": ["10,784,500", "64,500,500", "512,2048,2048"], "problem": []},
    "step": {"network": "784,500,500,10", "batch": "1,10,64", "rows": "chosen"},
}
# The defaults of --layer conv
CONV: dict[str, Any] = {
    "shape": ["32,32,14,14,64,5"],
    "select": "topk,threshold-batch,positions",
}  # of --layer conv
SPARSE = ["64,1024,32", "64,4096,32"]  # the shapes of --layer sparse
LAYERS = ("linear", "conv", "sparse")
KS = "1%,2%,4%,5%,8%,16%,32%,50%,100%"


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `cost` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "cost", help="measure cost against k, beside the best dense code", description=__doc__
    )
    add = parser.add_argument
    layers, step = OWN["backward"], OWN["step"]
    add(
        "--layer",
        default="linear",
        help="linear (default); conv: convolutions that keep the size of pictures; or sparse: both passes of "
        "sparse layers, beside dense and other sparse code",
    )
    add("--shape", nargs="+", metavar="BATCH,N_IN,N_OUT",
        help=f"layers to measure (default {' '.join(layers['shape'])}); with --layer conv N,C,H,W,M,K: pictures, "
             f"channels, height, width, filters, kernel (default {CONV['shape'][0]}); with --layer sparse "
             f"BATCH,N,FAN_IN (default {' '.join(SPARSE)})")  # fmt: skip
    add("--problem", nargs="+", metavar="FILE.npz",
        help="layers of your own instead: x (batch, n_in), w (n_out, n_in), dy (batch, n_out)")  # fmt: skip
    add("--k", default=KS, metavar="K,K", help="25 or 5%%, several with commas (default 1%% to 100%%)")
    add("--select",
        help="of topk, unified, random, systematic, threshold, signs (default topk,unified); with --layer "
        f"conv also batch, positions, channels and others (default {CONV['select']})")  # fmt: skip
    add("--phase", default="backward",
        help="backward (default), the backward pass of a layer; or step, the whole step of a network")  # fmt: skip
    add("--network", metavar="N,N,N", help=f"of --phase step: its sizes (default {step['network']})")
    add("--batch", metavar="N,N", help=f"of --phase step: sizes of mini-batches (default {step['batch']})")
    add("--rows", help="of --phase step: rows that Adam updates, chosen (default) or all")
    add("--threads", type=int_or_text, help="cores to use (default all)")
    add("--seconds", type=float_or_text, default=0.3, help="of measuring, for each point (default 0.3)")
    add(
        "--out",
        metavar="DIR",
        default=".",
        help="folder of cost.json and cost.png, which --layer sparse has not (default here)",
    )
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
    if report["phase"] != "passes":
        draw_cost(report, out / "cost.png")
    print(json.dumps(report) if args.json else cost_table(report))
    return 0


def planned(args: argparse.Namespace) -> CostPlan:
    """The measurements that the options ask for. Raises BadInput."""
    from ..cost.plan import plan_convs, plan_layers, plan_sparse, plan_steps
    from ..experiment.numbers import check_ints
    from ..select import parse_k

    if args.phase not in OWN:
        raise unknown("phase", args.phase, OWN)
    for phase, options in OWN.items():
        typed = [f"--{name}" for name in options if getattr(args, name) is not None]
        if typed and args.phase != phase:
            raise BadInput(f"{typed[0]} is for --phase {phase} only; leave it out of --phase {args.phase}")
    if args.layer not in LAYERS:
        raise unknown("layer", args.layer, LAYERS)
    if args.layer == "sparse":
        _check_sparse(args)
        shapes = [check_ints("shape", text) for text in args.shape or SPARSE]
        return plan_sparse(shapes, seconds=args.seconds)
    conv = args.layer == "conv"
    if conv and (args.phase == "step" or args.problem is not None):
        other = "--phase step" if args.phase == "step" else "--problem"
        raise BadInput(f"--layer conv measures random convolutions only; leave out {other}")
    select = args.select if args.select is not None else CONV["select"] if conv else "topk,unified"
    own = {name: default if getattr(args, name) is None else getattr(args, name)
           for name, default in OWN[args.phase].items()}  # fmt: skip
    common: dict[str, Any] = {
        "ks": [value for text in args.k.split(",") for value in parse_k(text).values()],
        "selects": [name.strip() for name in select.split(",")], "seconds": args.seconds,
    }  # fmt: skip
    if args.phase == "step":
        sizes, batches = check_ints("network", own["network"]), check_ints("batch", own["batch"])
        return plan_steps(sizes, batches, rows=own["rows"], **common)
    if conv:
        return plan_convs([check_ints("shape", text) for text in args.shape or CONV["shape"]], **common)
    shapes = [check_ints("shape", text) for text in own["shape"]] if not own["problem"] else []
    return plan_layers(shapes, problems=own["problem"], **common)


def _check_sparse(args: argparse.Namespace) -> None:
    """Refuse what --layer sparse does not measure: steps, layers of one's own, choices of units."""
    other = {
        "--phase step": args.phase == "step", "--problem": args.problem is not None,
        "--select": args.select is not None, "--k": args.k != KS,
    }  # fmt: skip
    for option, typed in other.items():
        if typed:
            raise BadInput(f"--layer sparse measures both passes of dense gradients only; leave out {option}")
