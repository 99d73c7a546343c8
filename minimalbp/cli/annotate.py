"""`minimalbp annotate`: tag or parse CoNLL-U with a network that `train` or `simplify` has left in a folder."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `annotate` to the subparsers of `minimalbp`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "annotate",
        help="tag or parse CoNLL-U with a trained network",
        description=__doc__,
    )
    add = parser.add_argument
    add("folder", metavar="DIR", help="of a run: minimalbp train (or simplify) --task tagging --out DIR")
    add("file", metavar="FILE", help="CoNLL-U, .gz or not; a parser reads the tags in it")
    add("--to", metavar="FILE", help="where the result goes (default: to stdout)")
    add(
        "--run",
        dest="name",
        metavar="NAME",
        help="dense, or the one with the selector, such as 'topk 10' (default); of simplify: simplified "
        "(default), dense, 'from scratch', magnitude, random",
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp annotate ...` asks. Returns 0; raises BadInput."""
    from ..data import format_conllu, read_conllu, write_conllu
    from ..errors import BadInput
    from ..experiment.annotate import load_annotator

    for what, name in (("FILE", args.file), ("--to", args.to)):
        if name == "":
            raise BadInput(f"{what} must name a file, not ''")
    if (
        args.to
        and os.path.exists(args.to)
        and os.path.exists(args.file)
        and os.path.samefile(args.to, args.file)
    ):
        raise BadInput(
            f"--to {args.to} is the file that is read, whose tags or trees would be lost; name another"
        )
    annotator = load_annotator(args.folder, args.name)
    sentences = read_conllu(args.file, trees=False)
    found = annotator(sentences)
    if args.to is None:
        # CoNLL-U is UTF-8 with \n, whatever this terminal's encoding and ends of lines are
        sys.stdout.buffer.write(format_conllu(found).encode())
    else:
        write_conllu(args.to, found)
    scores = annotator.scores(sentences, found)
    said = "".join(f", {name} {100 * value:.2f} %" for name, value in (scores or {}).items())
    against = " of what the file had" if scores else ""
    print(f"minimalbp: {annotator.name}: {len(found)} sentences{said}{against}", file=sys.stderr)
    return 0
