"""What `minimalbp train` prints and draws of a report: --brief, --full, --plot, --target."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BadInput, check_float, short
from ..report.comparison import brief_table, comparison_table
from ..report.conclusion import conclusion
from ..report.curves_figure import FORMATS, check_figure, draw_curves
from .numbers import float_or_text

SWITCHES = ("brief", "full")
OWN = ("plot", "target")  # options with a value
MORE = (
    "--full instead prints all that is measured: the seconds, operations and bytes of each phase of the step"
)


def add_printing(parser: argparse.ArgumentParser) -> None:
    """Add the four options."""
    add = parser.add_argument
    add("--brief", action="store_true", help="print a row for each network and what to conclude")
    add(
        "--full",
        action="store_true",
        help="print all that is measured (default; without any option the default is --brief)",
    )
    add(
        "--target",
        type=float_or_text,
        metavar="PERCENT",
        help="say how many seconds of training each network takes to this dev score, such as 97.5 (default "
        "99 %% of the best dev score of the dense network, or of the first one with --no-compare)",
    )
    add(
        "--plot",
        metavar="FILE",
        help=f"draw loss and dev score over the seconds of training; the file ends in .{', .'.join(FORMATS)}",
    )


@dataclass(frozen=True)
class Printing:
    """What to print and draw, checked. typed: the options by name, None where they make no next command."""

    brief: bool
    plot: Path | None
    typed: dict[str, Any] | None

    def text(self, report: dict[str, Any]) -> str:
        """What to print."""
        if not self.brief:
            return comparison_table(report)
        return f"{brief_table(report)}\n\n{conclusion(report, self.typed)}\n{MORE}."

    def draw(self, report: dict[str, Any]) -> None:
        """Draw the figure, if one is wanted."""
        if self.plot is not None:
            draw_curves(report, self.plot)


def printing(args: argparse.Namespace, brief: bool, full: bool, plot: Any) -> Printing:
    """What these options ask for. Raises BadInput for both tables, and for a figure that cannot be drawn."""
    if brief and full:
        raise BadInput("--brief and --full are two tables; leave one of them out")
    if plot is not None and (not isinstance(plot, str) or not plot or "\0" in plot):
        raise BadInput(f"plot must name a file such as curves.png, not {short(plot)}")
    typed = {name: value for name, value in vars(args).items() if name not in ("command", "run")}
    bare = not typed
    return Printing(
        brief or bare,
        None if plot is None else check_figure(plot),
        None if "resume" in typed else typed | ({"brief": True} if bare else {}),
    )


def read_target(value: Any) -> float | None:
    """The share that a percentage stands for: 0.975 for 97.5 or "97.5%"; None for None. Raises BadInput."""
    if value is None:
        return None
    if isinstance(value, str):
        value = float_or_text(value.strip().removesuffix("%"))
    try:
        return round(check_float("target", value, 1, 100, open_low=True) / 100, 10)
    except BadInput as e:
        raise BadInput(f"{e}; it is a dev score in percent, such as 97.5") from None
