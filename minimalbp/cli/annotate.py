"""`minimalbp annotate`: tag or parse CoNLL-U with a network that `train` or `simplify` left in a folder."""

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
    add(
        "folder",
        metavar="DIR",
        help="the --out folder of a tagger or parser, trained by minimalbp train or simplify",
    )
    add("file", metavar="FILE", help="CoNLL-U, .gz or not; a parser reads its tags")
    add("--to", metavar="FILE", help="file for the result (default stdout)")
    add(
        "--run",
        dest="name",
        metavar="NAME",
        help="network of the run: dense or, by default, the first with a selector, such as 'topk 10', with several "
        "seeds 'topk 10 seed 0'; of simplify simplified (default), dense, 'from scratch', magnitude or random",
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
            f"--to {args.to} is the file to annotate, whose own tags or trees would be lost; name another"
        )
    annotator = load_annotator(args.folder, args.name)
    sentences = read_conllu(args.file, trees=False)
    found = annotator(sentences)
    if args.to is None:
        # CoNLL-U is UTF-8 with \n, whatever the encoding and line ends of this terminal
        sys.stdout.buffer.write(format_conllu(found).encode())
    else:
        write_conllu(args.to, found)
    scores = annotator.scores(sentences, found)
    said = "".join(f", {name} {100 * value:.2f} %" for name, value in (scores or {}).items())
    against = " against the file's own" if scores else ""
    print(f"minimalbp: {annotator.name}: {len(found)} sentences{said}{against}", file=sys.stderr)
    return 0
