"""`minimalbp topology graphchallenge`: the GraphChallenge made again, its inference checked and timed."""

from __future__ import annotations

import argparse
import json

from ..errors import BadInput
from .numbers import int_or_text

NAME = "graphchallenge"
OPTIONS = ("neurons", "layers", "files", "data", "threads", "compare")  # those of this kind alone
OTHERS = ("out", "kind", "value", "plot", "paths")  # those of all other kinds


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of graphchallenge."""
    add = parser.add_argument_group("the inference of the GraphChallenge (KIND graphchallenge)").add_argument
    add("--neurons", type=int_or_text, help="in a layer: 1024 (default), 4096, 16384 or 65536")
    add("--layers", type=int_or_text, help="at most 1920 (default 120); the challenge has 120, 480 and 1920")
    add(
        "--files",
        metavar="DIR",
        help="the challenge's own files, unpacked: sparse-images-1024.tsv, n1024-l1.tsv and so on, "
        "neuron1024-l120-categories.tsv (default: images and layers are made again)",
    )
    add("--data", help="of which images are made: mnist (default), or a folder with its IDX files")
    add("--threads", type=int_or_text, help="cores to use (default all)")
    add(
        "--compare",
        action=argparse.BooleanOptionalAction,
        help="run scipy's CSR and PyTorch's sparse_csr too (default: where that takes less than a minute or so)",
    )


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp topology graphchallenge ...` asks. Returns 1 where the categories are wrong, else 0."""
    from ..experiment import graphchallenge
    from ..report.graphchallenge_table import graphchallenge_table

    for name in OTHERS:
        if getattr(args, name) not in (None, False):
            raise BadInput(
                f"--{name} is not for {NAME}, which has {', '.join(f'--{own}' for own in OPTIONS)}"
            )
    typed = {name: value for name in OPTIONS if (value := getattr(args, name)) is not None}
    report = graphchallenge(**typed, progress=True)
    print(json.dumps(report) if args.json else graphchallenge_table(report))
    return 1 if report["ok"] is False else 0
