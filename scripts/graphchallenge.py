"""The GraphChallenge's inference at all sizes that a machine of 24 GB can do, checked and timed.

Each size is `minimalbp topology graphchallenge` in a process of its own, which makes the images again. A size is
written when it is done, and kept by the next call; --fresh measures all again. 1,024 x 120 takes half a minute,
16,384 x 120 five minutes, 65,536 x 120 some twenty, nearly all of it for the images. Other programs make it slower.

    python scripts/graphchallenge.py
    python scripts/graphchallenge.py --sizes 1024x120 4096x120 --fresh
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bench.challenge_markdown import challenge_table
from bench.options import start_report
from common.command import commit, on_stderr, status
from common.reproduce import write

import minimalbp as mbp
from minimalbp.errors import check_int
from minimalbp.files import check_writable, read_json

SIZES = ("1024x120", "1024x480", "1024x1920", "4096x120", "4096x480", "4096x1920", "16384x120", "65536x120")
LIVE = 40  # layers of which the images that live are kept: later none dies


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add = parser.add_argument
    add("--sizes", nargs="+", default=list(SIZES), metavar="NxL", help=f"default {' '.join(SIZES)}")
    add("--threads", type=int, default=2)
    add("--data", help="as for minimalbp topology graphchallenge")
    add("--to", type=Path, default=Path("docs/results/graphchallenge.json"))
    add("--fresh", action="store_true", help="measure sizes again that are in the file")
    add("--smoke", action="store_true", help="one small network on a few made-up pictures")
    args = parser.parse_args(argv)
    return status(lambda: run(args, argv), f"finished sizes are kept in {args.to}")


def run(args: argparse.Namespace, argv: list[str] | None) -> None:
    """Measure what is missing, write it, print all. Raises BadInput."""
    with tempfile.TemporaryDirectory() as folder:
        if args.smoke:
            args.sizes, args.data = ["1024x4"], str(made_up(Path(folder)))
            args.to = args.to if "--to" in (argv or sys.argv) else Path(folder, "graphchallenge.json")
        wanted = [size(text) for text in args.sizes]
        check_int("threads", args.threads, least=1)
        check_writable(args.to)
        report = {**start_report("graphchallenge", argv, args), "runs": []}
        before = read_json(args.to)["runs"] if args.to.exists() else []
        kept = {key(row): row for row in before}
        for neurons, layers in wanted:
            name = neurons, layers, args.threads
            if args.fresh or name not in kept:
                on_stderr(f"{neurons} x {layers}")
                kept[name] = measured(neurons, layers, args)
                report["runs"] = [kept[name] for name in sorted(kept)]
                report["commits"] = sorted({row["commit"] for row in report["runs"]})
                write(args.to, report)
        print(challenge_table({"runs": [kept[name] for name in sorted(kept)]}))


def size(text: str) -> tuple[int, int]:
    """(neurons, layers) of "1024x120". Raises BadInput."""
    parts = text.split("x")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise mbp.BadInput(f"a size must be neurons x layers such as 1024x120, not {text!r}")
    return int(parts[0]), int(parts[1])


def key(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["neurons"], row["layers"], row["threads"]


def measured(neurons: int, layers: int, args: argparse.Namespace) -> dict[str, Any]:
    """The report of the command. Raises BadInput where it refuses or its categories are wrong."""
    words = ["--neurons", neurons, "--layers", layers, "--threads", args.threads, "--json"]
    words += ["--data", args.data] if args.data else []
    command = [sys.executable, "-m", "minimalbp", "topology", "graphchallenge", *map(str, words)]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if found.returncode:
        raise mbp.BadInput(
            f"{neurons} x {layers} ended with exit status {found.returncode}: {found.stdout[:200]}"
        )
    row = json.loads(found.stdout)
    return {**row, "live": row["live"][:LIVE], "commit": str(commit())}


def made_up(folder: Path) -> Path:
    """A folder of IDX files with a few bright pictures."""
    pictures = np.random.default_rng(0).integers(0, 256, (40, 28, 28)).astype(np.uint8)
    for name, array in (
        ("train-images-idx3", pictures),
        ("train-labels-idx1", np.arange(40, dtype=np.uint8) % 10),
    ):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
        (folder / f"{name}-ubyte").write_bytes(head + array.tobytes())
    return folder


if __name__ == "__main__":
    sys.exit(main())
