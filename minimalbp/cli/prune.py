"""`minimalbp prune`: take a trained network, prune it (SPP), retrain what is left, and make it small."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..report.prune_table import prune_table
from .numbers import float_or_text, floats_or_text, int_or_text
from .options import add_output, add_settings, finish, read_options, resumed

PLAN = (  # fields of PrunePlan that have a value
    "ratio", "speedup", "method", "groups", "layers", "interval", "updates", "span", "a", "u", "margin", "ranks",
    "backward", "decay", "strength",
)  # fmt: skip
OFF = {"no_decay_masked": "decay_masked", "no_rescale": "rescale"}  # switches that turn a field off
SWITCHES = ("linear", *OFF, "fold_batchnorm", "measure")
OTHER = ("source", "arm", "retrain")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `prune` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "prune", help="prune a trained network (SPP), and make it small",
        description="Prune the columns, filters or channels of a trained network and retrain what is left. Without "
        "RUN or FILE a network is trained first. Gradients are dense, unless --k or --select is given, or the "
        "network of RUN was trained with others.",
        argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    add = parser.add_argument
    add("source", nargs="?", metavar="RUN|FILE.safetensors",
        help="the trained network: a folder of train, simplify or prune, or weights with --model")  # fmt: skip
    add("--arm", metavar="NAME",
        help="which network of RUN (default dense, else the first; of a run of prune: trained)")  # fmt: skip
    add(
        "--ratio",
        type=floats_or_text,
        metavar="R[,R]",
        help="the share of the groups of each layer that leaves, in (0, 1); or one for each of --layers",
    )
    add("--speedup", type=float_or_text, metavar="S",
        help="instead of --ratio: the theoretical speed-up of all convolutions together, above 1")  # fmt: skip
    add("--method",
        help="spp (default), spp-norecovery, spp-linear, columns-l1, columns-l1-oneshot, filters-l1, taylor, "
        "ssl or random")  # fmt: skip
    add("--groups", help="what leaves together: columns (default), filters or channels")
    add(
        "--layers",
        metavar="PATH,PATH",
        help="the layers that are pruned, such as 0,3 (default all convolutions)",
    )
    add("--linear", action="store_true", help="prune the columns of Linear layers too")
    add("--interval", type=int_or_text, metavar="STEPS",
        help="steps from update to update (the paper has 180; default: 80 updates last 5 epochs)")  # fmt: skip
    add("--updates", type=int_or_text, metavar="N",
        help="the most updates; what has not left by then leaves by rank (default 200)")  # fmt: skip
    add("--span", type=int_or_text, metavar="N",
        help="updates over which groups leave, for methods without probabilities (default 80)")  # fmt: skip
    add("--a", type=float_or_text, help="the largest change of a probability in an update (default 0.05)")
    add("--u", type=float_or_text, help="how steeply the change falls with the rank (default 0.25)")
    add("--margin", type=float_or_text, metavar="M",
        help="how much more than R the change of sign asks for (default at most 0.1)")  # fmt: skip
    add("--ranks", help="ranks among the groups that are left (default), or all, as the paper's formula says")
    add("--backward", help="weights in dx: masked (default), or full, as in the authors' code")
    add("--decay", type=float_or_text, metavar="D", help="weight decay while groups leave (default 0.0005)")
    add(
        "--no-decay-masked", action="store_true", help="spare the groups that are masked in a step from decay"
    )
    add(
        "--no-rescale",
        action="store_true",
        help="do not multiply the groups that are left by 1 - p at the end",
    )
    add(
        "--strength", type=float_or_text, metavar="L", help="of the group lasso of the method ssl (default 1)"
    )
    add(
        "--retrain",
        type=int_or_text,
        metavar="EPOCHS",
        help="epochs after the last removal, up to the next evaluation (default 5)",
    )
    add(
        "--fold-batchnorm",
        action="store_true",
        help="batch normalisation goes into the weights of the small network",
    )
    add(
        "--measure",
        action="store_true",
        help="time the small network: speed-ups of each layer, Linear ones too, and of the whole",
    )
    add_settings(parser)
    add_output(
        parser, may_change="--threads and --measure",
        files="run.json, metrics.jsonl, prune.png, trajectories.npz, checkpoints, weights before and after, "
        "dense and packed",
    )  # fmt: skip
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp prune ...` asks. Returns 0 or 130; raises BadInput, Diverged."""
    from ..experiment.build import load_data
    from ..experiment.prune import RETRAIN, plan_of, prune
    from ..experiment.source import Source, read_source
    from ..prune import PrunePlan, Unequal

    plan: PrunePlan | None = None
    if hasattr(args, "resume"):
        out: Path | None = Path(args.resume)
        as_json, measure = hasattr(args, "json"), hasattr(args, "measure")
        report, _, settings = resumed(args, ("plan", "retrain", "fold_batchnorm", "source"), ("threads",))
        plan, more = _resumed(args, report)
        found = Source(settings, report["source"])
    else:
        options, out, as_json, on = read_options(args, SWITCHES, (*PLAN, *OTHER))
        switches = dict(zip(SWITCHES, on))
        typed = {name: options.pop(name) for name in PLAN if name in options}
        asked = typed | {"linear": switches["linear"]}
        asked |= {field: not switches[name] for name, field in OFF.items()}
        PrunePlan(**asked).check_used(typed)  # before anything is read
        path, arm, retrain = (options.pop(name, None) for name in OTHER)
        found = read_source(path, options, arm)
        more = {
            "retrain": RETRAIN if retrain is None else retrain,
            "fold_batchnorm": switches["fold_batchnorm"],
        }
        measure = switches["measure"]

    def train() -> dict[str, Any]:
        data = load_data(found.settings)
        found.check(data)
        try:
            return prune(
                found.settings, plan or plan_of(found.settings, data, **asked), data, source=found.weights, out=out,
                measure=measure, resume=hasattr(args, "resume"), progress=True, **more,
            )  # fmt: skip
        except Unequal as e:
            raise BadInput(f"the small network is not kept, and run.json has the rest: {e}") from e

    return finish(train, out, "prune", as_json, prune_table)


def _resumed(args: argparse.Namespace, report: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The plan of the run in --resume DIR, and its other options. Raises BadInput for others that were typed."""
    from ..prune import PrunePlan

    try:
        plan = PrunePlan.from_json(report["plan"])
    except BadInput as e:
        raise BadInput(f"{args.resume}/run.json holds no plan that this version can resume ({e})") from e
    more = {name: report[name] for name in ("retrain", "fold_batchnorm")}
    for name in ("source", "arm"):
        if hasattr(args, name):
            raise BadInput(
                f"--resume {args.resume} goes on with what it has; leave out {getattr(args, name)}"
            )
    known = plan.as_json() | more
    typed = {name: getattr(args, name) for name in (*known, *OFF) if hasattr(args, name)}
    typed = {OFF.get(name, name): (name not in OFF) and value for name, value in typed.items()}
    if "layers" in typed:
        typed["layers"] = [part.strip() for part in typed["layers"].split(",")]
    for name, value in typed.items():
        if value != known[name]:
            raise BadInput(
                f"the run in {args.resume} has {name} = {known[name]}; only --threads and --measure may change"
            )
    return plan, more
