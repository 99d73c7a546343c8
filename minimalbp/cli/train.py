"""`minimalbp train`: train a network dense and with selectors, side by side, with one seed or several."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInput, check_int
from .numbers import int_or_text
from .options import add_output, add_settings, finish, no_run, read_options, resumed
from .printing import OWN, SWITCHES, add_printing, printing, read_target

MAY_CHANGE = ("epochs", "threads")  # when a run is resumed


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `train` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train", help="train a network dense and with selectors, side by side",
        description="Train a network dense and with selectors, side by side. --select, --k and --center take "
        "lists, such as 2%,5%: every combination is an arm beside dense. Without --select and --center the task "
        "says which arms there are.",
        argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    add_settings(parser)
    add_output(
        parser, files="run.json, metrics.jsonl, checkpoints, weights", may_change="--epochs and --threads"
    )
    add = parser.add_argument
    add("--seeds", type=int_or_text, metavar="N",
        help="train each arm with N seeds, from --seed on, one process for each core (default 1)")  # fmt: skip
    add("--no-compare", action="store_true", help="train only the networks with selectors")
    add_printing(parser)
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp train ...` asks. Returns 0 or 130; raises BadInput, Diverged."""
    from ..experiment.combine import combine

    if hasattr(args, "resume"):
        out: Path | None = Path(args.resume)
        as_json = hasattr(args, "json")
        arms, dense, seeds, target = _resumed(args, Path(args.resume))
        brief, full, plot = hasattr(args, "brief"), hasattr(args, "full"), getattr(args, "plot", None)
    else:
        options, out, as_json, (no_compare, brief, full) = read_options(
            args, ("no_compare", *SWITCHES), ("seeds", *OWN)
        )
        plot, target = options.pop("plot", None), read_target(options.pop("target", None))
        seeds, dense = check_int("seeds", options.pop("seeds", 1), least=1), not no_compare
        arms = combine(options)
    shown = printing(args, brief, full, plot)
    from ..experiment.build import load_data
    from ..experiment.compare import compare

    def train() -> dict[str, Any]:
        return compare(
            arms, load_data(arms[0]), dense=dense, seeds=seeds, out=out, resume=hasattr(args, "resume"),
            progress=True, target=target,
        )  # fmt: skip

    return finish(train, out, "train", as_json, shown.text, shown.draw)


def _resumed(args: argparse.Namespace, out: Path) -> tuple[list[Any], bool, int, float | None]:
    """The arms of the run in a folder, whether dense is one of them, the seeds, the target. Raises BadInput."""
    from ..experiment.combine import LISTS, read_arms, read_list
    from ..optim import Schedule

    asked = {name: vars(args).pop(name) for name in LISTS if hasattr(args, name)}
    report, before, settings = resumed(args, ("dense",), MAY_CHANGE)
    if settings.epochs < before.epochs:
        raise BadInput(f"the run in {out} has {before.epochs} epochs; --epochs must not be fewer")
    if settings.epochs > before.epochs and Schedule(before.schedule).ends:
        raise BadInput(
            f"the run in {out} has a {before.schedule} schedule over {before.epochs} epochs, not "
            f"{settings.epochs}; leave out --epochs, or begin a run of {settings.epochs} with a new --out"
        )
    dense = report["dense"]
    if hasattr(args, "no_compare") and dense:
        raise BadInput(f"the run in {out} has a dense network too; leave out --no-compare")
    try:
        arms, seeds = read_arms(report, settings), check_int("seeds", report.get("seeds", 1), least=1)
    except TypeError as e:
        raise no_run(out, "train") from e
    known: dict[str, list[Any]] = {name: [getattr(arm, name) for arm in arms] for name in LISTS}
    typed = {name: read_list(settings, name, values) for name, values in asked.items()}
    for name, value in (("select", "dense"), ("topology", None)) if dense else ():
        known[name].append(value)
        typed[name] = [*typed.get(name, known[name]), value]
    known["density"] = [share for share in known["density"] if share is not None]
    known, typed = known | {"seeds": [seeds]}, typed | {"seeds": [getattr(args, "seeds", seeds)]}
    for name, values in typed.items():
        if set(values) != set(known[name]):
            there = ",".join(map(str, dict.fromkeys(known[name])))
            raise BadInput(f"the run in {out} has {name} = {there}; only --epochs and --threads may change")
    target = read_target(getattr(args, "target", None))
    return arms, dense, seeds, report.get("target_given") if target is None else target
