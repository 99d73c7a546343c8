"""`minimalbp simplify`: train a network that shrinks (meSimp), beside the dense one and controls."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInput
from ..report.tables import simplification_table
from .defaults import by_model, defaults
from .numbers import float_or_text, int_or_text
from .options import add_output, add_settings, finish, read_options, resumed

PLAN = ("prune", "cycle", "window", "min_width", "restart", "faithful")  # the fields of Plan
OWN = "simplify_defaults"  # the attribute of a task with the defaults of this command


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `simplify` to the subparsers of `minimalbp`. Defaults are those of minimalbp.experiment.simplify."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "simplify", help="shrink a network while it trains (meSimp)", description=__doc__,
        argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    add = parser.add_argument
    add("--prune", type=float_or_text, metavar="P",
        help="a unit is removed when it was active in less than this share of the examples "
             f"(default {defaults('prune', OWN)}{by_model('prune', OWN)})")  # fmt: skip
    add(
        "--cycle",
        type=int_or_text,
        metavar="EPOCHS",
        help="length of a cycle; units are removed in the first cycle, then in every other one "
        "(default about a quarter of --epochs)",
    )
    add("--window", type=int_or_text, metavar="N",
        help="evaluations on the dev set over which activeness is counted (default 1)")  # fmt: skip
    add("--min-width", type=int_or_text, metavar="N",
        help="units that stay in each layer (default 10, or all of a smaller layer)")  # fmt: skip
    add(
        "--restart",
        action="store_true",
        help="zero the optimiser's moments after each evaluation in the last epoch of a cycle, "
        "as the released code does",
    )
    add("--faithful", action="store_true", help="do what the authors' released code does (docs/simplify.md)")
    add("--no-controls", action="store_true",
        help="leave out the networks of the same size: from scratch, by magnitude and random")  # fmt: skip
    add_settings(parser, OWN)
    add_output(
        parser, may_change="--threads",
        files="run.json, metrics.jsonl, simplify.png, activeness.npz, checkpoints, weights",
    )  # fmt: skip
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp simplify ...` asks. Returns 0 or 130; raises BadInput, Diverged."""
    from ..experiment.simplify import plan_of, simplify, simplify_settings
    from ..simplify import Plan

    if hasattr(args, "resume"):
        out: Path | None = Path(args.resume)
        as_json = hasattr(args, "json")
        report, _, settings = resumed(args, ("plan", "controls"), ("threads",))
        try:
            plan, controls = Plan.from_json(report["plan"]), report["controls"]
        except BadInput as e:
            raise BadInput(f"{out}/run.json holds no plan that this version can resume ({e})") from e
        for name in PLAN:
            if hasattr(args, name) and getattr(args, name) != getattr(plan, name):
                raise BadInput(
                    f"the run in {out} has {name} = {getattr(plan, name)}; only --threads may change"
                )
        if hasattr(args, "no_controls") and controls:
            raise BadInput(f"the run in {out} has controls; leave out --no-controls")
    else:
        options, out, as_json, (no_controls,) = read_options(args, ("no_controls",), PLAN)
        mine = {name: options.pop(name) for name in PLAN if name in options}
        settings = simplify_settings(**options)
        plan, controls = plan_of(settings, **mine), not no_controls
    from ..experiment.build import load_data

    def train() -> dict[str, Any]:
        return simplify(
            settings, plan, load_data(settings), controls=controls, out=out, resume=hasattr(args, "resume"),
            progress=True,
        )  # fmt: skip

    return finish(train, out, "simplify", as_json, simplification_table)
