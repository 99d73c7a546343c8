"""What the benchmarks' command lines share: options, what is refused before a clock is read, how reports begin."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from common.command import commit, typed

import minimalbp as mbp
from minimalbp.errors import check_int
from minimalbp.files import check_writable
from minimalbp.measure import version

VARIABLES = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")  # what changes how threads wait


def options(description: str | None, *, rounds: int, block: int, skip: int) -> argparse.ArgumentParser:
    """The command line of a benchmark in blocks that take turns; `check` knows what may stand there."""
    made = argparse.ArgumentParser(description=(description or "").split("\n\n")[0], allow_abbrev=False)
    add = made.add_argument
    add("--threads", type=int, default=2)
    add("--rounds", type=int, default=rounds, help="blocks of each arm")
    add("--block", type=int, default=block, help="steps in a block")
    add("--skip", type=int, default=skip, help="steps at the start of each block that do not count")
    add("--to", type=Path, help="write the JSON there")
    return made


def check(args: argparse.Namespace) -> None:
    """Raise BadInput where the options of `options` cannot be, or PyTorch, the peer, is not installed."""
    check_int("rounds", args.rounds, least=1)
    check_int("block", args.block, least=1)
    check_int("skip", args.skip)
    if args.skip >= args.block:
        raise mbp.BadInput(
            f"skip must be less than block, {args.block}, not {args.skip}: no step would count"
        )
    if args.to:
        check_writable(args.to)
    if not version("torch"):
        raise mbp.BadInput("PyTorch is what this compares with; install torch")
    with mbp.get_backend("cpu").threads(args.threads):
        pass  # refused here where they cannot be


def by_number(what: str, names: Iterable[str], numbers: Iterable[int]) -> list[str]:
    """Those of the names that numbers say, from 1 on. Raises BadInput for a number that is none of them."""
    known = list(names)
    for number in numbers:
        if not 1 <= number <= len(known):
            raise mbp.BadInput(f"{what} must be numbers from 1 to {len(known)}, not {number}")
    return [known[number - 1] for number in numbers]


def start_report(script: str, argv: list[str] | None, args: argparse.Namespace) -> dict[str, Any]:
    """How a report begins: what was typed, and on what it is about to run."""
    return {
        "command": typed(script, argv), "commits": [str(commit())], "threads": args.threads,
        "torch": version("torch"), "machine": mbp.machine(),
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }  # fmt: skip
