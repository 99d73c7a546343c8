"""`minimalbp train`: train a network dense and with a selector, side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import BadInput
from .options import add_output, add_settings, finish, read_options, resumed
from .printing import OWN, SWITCHES, add_printing, printing, read_target


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `train` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train", help="train a network dense and with a selector, side by side", description=__doc__,
        argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    add_settings(parser)
    add_output(
        parser, files="run.json, metrics.jsonl, checkpoints, weights", may_change="--epochs and --threads"
    )
    parser.add_argument("--no-compare", action="store_true", help="train only the network with the selector")
    add_printing(parser)
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp train ...` asks. Returns 0 or 130; raises BadInput, Diverged."""
    from ..experiment.settings import Settings
    from ..optim import Schedule

    if hasattr(args, "resume"):
        out: Path | None = Path(args.resume)
        as_json, no_compare = hasattr(args, "json"), hasattr(args, "no_compare")
        report, before, settings = resumed(args, ("dense",), ("epochs", "threads"))
        if settings.epochs < before.epochs:
            raise BadInput(f"the run in {out} has {before.epochs} epochs; --epochs must not be fewer")
        if settings.epochs > before.epochs and Schedule(before.schedule).ends:
            raise BadInput(
                f"the run in {out} has a {before.schedule} schedule over {before.epochs} epochs, not "
                f"{settings.epochs}; leave out --epochs, or begin a run of {settings.epochs} with a new --out"
            )
        if no_compare and report["dense"]:
            raise BadInput(f"the run in {out} has a dense network too; leave out --no-compare")
        dense = report["dense"]
        brief, full = (hasattr(args, name) for name in SWITCHES)
        plot, target = getattr(args, "plot", None), read_target(getattr(args, "target", None))
        target = report.get("target_given") if target is None else target
    else:
        options, out, as_json, (no_compare, brief, full) = read_options(args, ("no_compare", *SWITCHES), OWN)
        plot, target = options.pop("plot", None), read_target(options.pop("target", None))
        settings, dense = Settings(**options), not no_compare
    shown = printing(args, brief, full, plot)
    from ..experiment.build import load_data
    from ..experiment.compare import compare

    def train() -> dict[str, Any]:
        return compare(
            settings, load_data(settings), dense=dense, out=out, resume=hasattr(args, "resume"), progress=True,
            target=target,
        )  # fmt: skip

    return finish(train, out, "train", as_json, shown.text, shown.draw)
