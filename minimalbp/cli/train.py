"""`minimalbp train`: one network dense and with a selector, side by side."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from minimalbp.cli.numbers import as_number, as_whole
from minimalbp.cli.table import comparison_table
from minimalbp.errors import BadInput

MORE = ("out", "json", "no_compare")  # what a configuration file may hold beside the settings


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `train` to the subparsers of `minimalbp`. Names and defaults are those of minimalbp.settings."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "train", help="train a network dense and with a selector, side by side", description=__doc__,
        allow_abbrev=False, argument_default=argparse.SUPPRESS,
    )  # fmt: skip
    add = parser.add_argument
    add("--task", help="classify (default), or, on a treebank, tagging or parsing")
    add(
        "--data",
        help="digits (default), mnist, fashion-mnist, or a path: folder, .npz, .csv; "
        "on text ud-english-ewt (default), or CoNLL-U: a file, or a folder of three",
    )
    add("--hidden", metavar="N,N", help="widths of the hidden layers (default 500,500; on text 500)")
    add(
        "--k",
        metavar="K",
        help="units that get a gradient: 25, or 5%% of the layer (default 5%%; tagging 10 a gate, parsing 20)",
    )
    add("--select", help="topk (default), unified, random, random-scaled, dense")
    add("--optimizer", help="adam (default), adagrad, sgd")
    add("--rows", help="rows that the optimiser updates: all (default, the papers), chosen")
    add(
        "--lr",
        type=as_number,
        help="learning rate (default: adam 0.001, adagrad 0.1, on text 0.01, sgd 0.1)",
    )
    add("--epochs", type=as_whole, help="default 20; tagging 5, parsing 10")
    add(
        "--batch",
        type=as_whole,
        help="examples in a mini-batch (default 10; tagging: 1 sentence; parsing: 10000 transitions)",
    )
    add("--dropout", type=as_number, help="probability after each hidden layer (default 0)")
    add(
        "--clip", type=as_number, help="limit of each entry of a gradient (the authors' code: 5; default off)"
    )
    add("--init", help="glorot_uniform (default), glorot_normal, he, meprop_wide")
    add("--evals", type=as_whole, help="looks at the dev set in each epoch (default 8; tagging 4, parsing 2)")
    add("--tags", help="of a treebank: xpos, column 5 (default), or upos, column 4")
    add("--bidirectional", action="store_true", help="a tagger that reads each sentence both ways")
    add("--seed", type=as_whole, help="of weights, order of examples, dropout, random-k (default 0)")
    add("--backend", help="cpu (default), reference")
    add("--threads", type=as_whole, help="cores to use (default all)")
    add("--config", metavar="FILE.toml", help="the same names in a file; options here override it")
    add("--out", metavar="DIR", help="a new folder for run.json, metrics.jsonl, checkpoints, weights")
    add("--resume", metavar="DIR", help="go on with the run in DIR; only --epochs and --threads may change")
    add("--no-compare", action="store_true", help="train only the network with the selector")
    add("--json", action="store_true", help="print one JSON object and nothing else")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what `minimalbp train ...` asks. Returns 0 or 130; raises BadInput, Diverged."""
    from minimalbp.settings import Settings, read_toml

    for name in ("out", "resume", "config"):
        if getattr(args, name, None) == "":
            raise BadInput(f"--{name} must name a {'file' if name == 'config' else 'folder'}, not ''")
    given = {f.name: getattr(args, f.name) for f in fields(Settings) if hasattr(args, f.name)}
    if hasattr(args, "resume"):
        out: Path | None = Path(args.resume)
        as_json, dense = hasattr(args, "json"), not hasattr(args, "no_compare")
        settings, dense = _resumed(Path(args.resume), args, given, dense)
    else:
        both = (read_toml(args.config, MORE) if hasattr(args, "config") else {}) | {
            name: value for name, value in vars(args).items() if name in given or name in MORE
        }
        where, as_json, no_compare = (both.pop(name, None) for name in MORE)
        for name, value, kind in zip(MORE, (where, as_json, no_compare), (str, bool, bool)):
            if value is not None and not isinstance(value, kind):
                raise BadInput(f"{name} must be {'text' if kind is str else 'true or false'}, not {value!r}")
        if where and "\0" in where:
            raise BadInput(f"out must name a folder, not {where!r}")
        out, dense = Path(where) if where else None, not no_compare
        settings = Settings(**both)
    from minimalbp.assembly import load_data
    from minimalbp.comparison import compare, interrupted

    try:
        report = compare(
            settings, load_data(settings), dense=dense, out=out,
            resume=hasattr(args, "resume"), progress=True,
        )  # fmt: skip
    except KeyboardInterrupt:
        print(f"minimalbp: {interrupted(out)}", file=sys.stderr)
        return 130
    for note in sorted({n for r in report["runs"] for n in r["notes"]}):
        print(f"minimalbp: note: {note}", file=sys.stderr)
    print(json.dumps(report) if as_json else comparison_table(report))
    return 0


def _resumed(folder: Path, args: argparse.Namespace, given: dict[str, Any], dense: bool) -> tuple[Any, bool]:
    """The settings of the run in `folder`, with more epochs if asked for, and whether it has a dense run."""
    from minimalbp.backend import cores
    from minimalbp.files import read_json
    from minimalbp.settings import Settings

    if hasattr(args, "out") or hasattr(args, "config"):
        raise BadInput("--resume DIR goes on with the run in DIR: leave out --out and --config")
    if not (folder / "run.json").is_file():
        raise BadInput(
            f"{folder} holds no run to resume: there is no run.json; start one with --out {folder}"
        )
    report = read_json(folder / "run.json")
    try:
        threads = min(report["config"]["threads"], cores())  # another machine may have fewer
        before = Settings(**report["config"] | {"threads": given.get("threads", threads)})
        had_dense, _ = report["dense"], report["data"]["sha256"]
    except (KeyError, TypeError) as e:
        raise BadInput(
            f"{folder / 'run.json'} is not that of a training run; start one with --out DIR"
        ) from e
    now = before.changed(**given)
    for name in given:
        if name != "epochs" and getattr(now, name) != getattr(before, name):
            raise BadInput(
                f"the run in {folder} has {name} = {getattr(before, name)}; only --epochs and --threads may change"
            )
    if now.epochs < before.epochs:
        raise BadInput(f"the run in {folder} has {before.epochs} epochs; --epochs may only be more")
    if not dense and had_dense:
        raise BadInput(f"the run in {folder} has a dense network too; leave out --no-compare")
    return now, had_dense
